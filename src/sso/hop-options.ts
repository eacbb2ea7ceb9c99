/**
 * What a request asks of each hop (RFC 9110 section 7.6.1), as the gateway passes it on in a request's head.
 *
 * @module
 */

/** What is asked. */
export interface HopOptions {
  /** Protocol to switch to, lower case. */
  readonly upgrade: string | undefined
  /** The client takes trailer fields. */
  readonly takesTrailers: boolean
  /** Names of the trailer fields that the body may end with. */
  readonly trailer: string | undefined
  /** The client sends its body only once it is told to. */
  readonly expectsContinue: boolean
}

const NOTHING: HopOptions = {
  upgrade: undefined,
  takesTrailers: false,
  trailer: undefined,
  expectsContinue: false,
}

function hopOption(name: string, value: string): Partial<HopOptions> | undefined {
  // Names are told apart by their length first: nearly every request has none of these.
  switch (name.length) {
    case 2:
      return name.toLowerCase() === 'te' ? { takesTrailers: value === 'trailers' } : undefined
    case 6:
      return name.toLowerCase() === 'expect' ? { expectsContinue: true } : undefined
    case 7:
      return longOption(name.toLowerCase(), value)
    default:
      return undefined
  }
}

function longOption(name: string, value: string): Partial<HopOptions> | undefined {
  if (name === 'upgrade') return { upgrade: value.toLowerCase() }
  return name === 'trailer' ? { trailer: value } : undefined
}

/**
 * Reads them.
 *
 * @param headers - Flat, from the tunnel.
 * @returns What is asked; undefined for nothing, as in nearly every request.
 */
export function hopOptionsOf(headers: readonly string[]): HopOptions | undefined {
  let found: HopOptions | undefined
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const option = hopOption(headers[at] ?? '', headers[at + 1] ?? '')
    if (option !== undefined) found = { ...(found ?? NOTHING), ...option }
  }
  return found
}
