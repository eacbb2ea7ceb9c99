/**
 * Names of the optional features that a HELLO may tell. PROTOCOL.md section 5.1.
 *
 * @module
 */

/**
 * From a connector: this tunnel only asks what the gateway would tell it; it takes no requests and is no connector that is up. From a
 * gateway: it knows such tunnels.
 */
export const PROBE = 'probe'

/** Names for HELLO. A frame or field that belongs to one is only sent to a peer that announced it. */
export const CAPABILITY = {
  /** Takes INTERIM frames: heads with status 100, 102 to 199. */
  INTERIM: 'interim',
  /** Takes TRAILERS frames. */
  TRAILERS: 'trailers',
  /** Switches protocols: takes OPEN with an `Upgrade` field, and answers it with 101 where the backend does. */
  UPGRADE: 'upgrade',
  /** Takes RESET frames that say which sign-in would do. */
  STEP_UP: 'step-up',
} as const

/**
 * From a connector: it takes `accept`, and answers with `accepted`: its policy lets users sign in with Kerberos at the gateway.
 */
export const NEGOTIATE = 'negotiate'

/** From a connector: it takes `inspect`, and answers with `inspected`: it says what its caches hold. */
export const INSPECT = 'inspect'

/** From a connector: it takes `flush` with an id, and answers with `flushed`: it says how much went. */
export const FLUSHED = 'flushed'

/** All of them: what an end announces that passes on everything HTTP/1.1 can do. */
export const HTTP_CAPABILITIES: readonly string[] = Object.values(CAPABILITY)

/** Which of the optional frames, and parts of frames, an end takes. */
export interface OptionalFrames {
  readonly interim: boolean
  readonly trailers: boolean
  readonly stepUp: boolean
}

/**
 * Reads which optional frames an end takes.
 *
 * @param capabilities - From its HELLO.
 * @returns What it takes.
 */
export function optionalFrames(capabilities: readonly string[]): OptionalFrames {
  return {
    interim: capabilities.includes(CAPABILITY.INTERIM),
    trailers: capabilities.includes(CAPABILITY.TRAILERS),
    stepUp: capabilities.includes(CAPABILITY.STEP_UP),
  }
}
