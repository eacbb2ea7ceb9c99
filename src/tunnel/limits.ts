/**
 * Every limit of a tunnel, with its default. PROTOCOL.md section 9 says which of them the peer can see.
 *
 * @module
 */

import { withDefaults } from '../platform/index.ts'

/** Limits of one tunnel. */
export interface TunnelLimits {
  /** Largest DATA payload, octets. Fixed by the protocol at 65 536; may only be smaller, for sending. */
  readonly maxDataOctets: number
  /** Largest request or response head, octets as encoded. */
  readonly maxHeadOctets: number
  /** Most header fields in a head. */
  readonly maxHeadFields: number
  /** Most interim heads (103 and the like) on one stream; further ones are passed over. */
  readonly maxInterimHeads: number
  /** Largest control message, octets of JSON. */
  readonly maxControlOctets: number
  /** Most streams open at once on one tunnel. */
  readonly maxStreams: number
  /** What a peer may send on a stream before credit is returned, octets. */
  readonly streamWindowOctets: number
  /** Most octets that wait for credit on one stream; a writer that ignores `false` beyond it has its stream reset. */
  readonly maxQueuedOctets: number
  /** Writers are paused while more than this is not yet written to the network, octets. */
  readonly highWaterOctets: number
  /** A tunnel whose backlog passes this is closed: the peer does not read, octets. */
  readonly maxBacklogOctets: number
  /** Time for the peer's HELLO, from the start of the session, milliseconds. */
  readonly handshakeTimeoutMs: number
  /** A PING goes out when nothing was heard for this long, milliseconds. */
  readonly pingIntervalMs: number
  /** The tunnel is lost when nothing is heard for this long after a PING, milliseconds. */
  readonly pingTimeoutMs: number
}

/** The largest DATA payload that the protocol allows, octets. */
export const PROTOCOL_MAX_DATA_OCTETS = 65_536

/** What holds when nothing is said. */
export const DEFAULT_LIMITS: TunnelLimits = {
  maxDataOctets: PROTOCOL_MAX_DATA_OCTETS,
  maxHeadOctets: 65_536,
  maxHeadFields: 256,
  maxInterimHeads: 16,
  maxControlOctets: 1_048_576,
  maxStreams: 4096,
  streamWindowOctets: 524_288,
  maxQueuedOctets: 16_777_216,
  highWaterOctets: 4_194_304,
  maxBacklogOctets: 268_435_456,
  handshakeTimeoutMs: 10_000,
  pingIntervalMs: 15_000,
  pingTimeoutMs: 10_000,
}

/**
 * Fills in defaults and refuses nonsense, once, where options enter the room.
 *
 * @param limits - What the caller chose.
 * @returns Every limit, checked.
 * @throws RangeError for a limit that is not a positive integer or passes what the wire can carry.
 */
export function resolveLimits(limits: Partial<TunnelLimits> = {}): TunnelLimits {
  const resolved = withDefaults(DEFAULT_LIMITS, limits)
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isInteger(value) || value <= 0) {
      throw new RangeError(`tunnel limit ${name} must be a positive integer, got ${value}`)
    }
  }
  const most: Partial<TunnelLimits> = {
    maxDataOctets: PROTOCOL_MAX_DATA_OCTETS,
    maxHeadOctets: 0xffffff,
    maxHeadFields: 0xffff,
    maxControlOctets: 0xffffff,
    maxStreams: 0xffffffff,
    streamWindowOctets: 0x7fffffff,
  }
  for (const name of Object.keys(most) as (keyof TunnelLimits)[]) {
    const bound = most[name] ?? Infinity
    if (resolved[name] > bound) throw new RangeError(`tunnel limit ${name} is above ${bound}`)
  }
  return resolved
}
