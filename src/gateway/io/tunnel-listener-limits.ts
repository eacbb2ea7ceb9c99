/**
 * Every limit of the tunnel listener, with its default.
 *
 * @module
 */

import { withDefaults } from '../../platform/index.ts'

/** Limits of the tunnel listener. */
export interface TunnelListenerLimits {
  /** Most connections at once, tunnels included. */
  readonly maxConnections: number
  /** Most connections at once that are not tunnels yet: handshakes, registrations, strangers. */
  readonly maxPending: number
  /** Time for the TLS handshake, milliseconds. */
  readonly handshakeTimeoutMs: number
  /** Time for a request's head, milliseconds. */
  readonly headTimeoutMs: number
  /** Time for a whole request, milliseconds. */
  readonly requestTimeoutMs: number
  /** How often the two times above are looked at, milliseconds. */
  readonly timeoutCheckMs: number
  /** Largest request head, octets. */
  readonly maxHeadOctets: number
  /** Largest registration, octets of JSON. */
  readonly maxBodyOctets: number
  /** How often the listener's certificate is looked at for renewal, milliseconds. */
  readonly certificateCheckMs: number
  /** How long tunnels may take to end when the listener closes, milliseconds. */
  readonly closeTimeoutMs: number
}

/** What holds when nothing is said. */
const DEFAULT_TUNNEL_LISTENER_LIMITS: TunnelListenerLimits = {
  maxConnections: 10_000,
  maxPending: 1000,
  handshakeTimeoutMs: 10_000,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  timeoutCheckMs: 2000,
  maxHeadOctets: 8192,
  maxBodyOctets: 16_384,
  certificateCheckMs: 3_600_000,
  closeTimeoutMs: 5000,
}

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param limits - What the caller chose.
 * @returns Every limit, checked.
 * @throws RangeError for a limit that is not a positive integer.
 */
export function resolveTunnelListenerLimits(
  limits: Partial<TunnelListenerLimits> = {},
): TunnelListenerLimits {
  const resolved = withDefaults(DEFAULT_TUNNEL_LISTENER_LIMITS, limits)
  for (const [name, value] of Object.entries(resolved)) {
    if (!Number.isInteger(value) || value <= 0) {
      throw new RangeError(`${name} must be a positive integer, got ${value}`)
    }
  }
  return resolved
}
