/**
 * The settings of the pipeline, with their defaults.
 *
 * @module
 */

/** How much and how long the pipeline keeps, waits and repeats. */
export interface SsoLimits {
  /** ID tokens longer than this are refused, characters. Default 16 384. */
  readonly idTokenLength: number
  /** Verified proofs kept. Default 10 000. */
  readonly proofCount: number
  /** Difference of clocks that exp, iat and auth_time may show, seconds. Default 30. */
  readonly clockToleranceSeconds: number
  /** Accounts kept. Default 10 000. */
  readonly identityCount: number
  /** How long an account is used before the directory is asked again, milliseconds. Default 300 000. */
  readonly identityMs: number
  /** Wait before the directory or KDC is asked again after it could not be reached, milliseconds. Default 10 000. */
  readonly transportRetryMs: number
  /** How long a refusal of the directory or a KDC is taken for its answer, milliseconds; 0: never. Default 2000. */
  readonly refusalMs: number
  /** Refusals remembered. Default 10 000. */
  readonly refusalCount: number
  /** Service tickets kept, and evidence tickets as many. Default 20 000. */
  readonly ticketCount: number
  /** Octets of service tickets kept, and of evidence tickets as many. Default 67 108 864. */
  readonly ticketOctets: number
  /** Longest use of a ticket, milliseconds. Default 3 600 000. */
  readonly ticketMs: number
  /** A ticket is not used in the last so many milliseconds before its end. Default 120 000. */
  readonly ticketMarginMs: number
  /** After a 401 a ticket older than this is fetched anew before the one retry, milliseconds. Default 30 000. */
  readonly ticketRefetchAgeMs: number
  /** Bodies of known length up to this are collected before they are sent, and can be sent again, octets. Default 65 536. */
  readonly replayBodyOctets: number
  /** How often calls whose proof has expired are looked for, milliseconds. Default 15 000. */
  readonly expirySweepMs: number
}

const DEFAULTS: SsoLimits = {
  idTokenLength: 16_384,
  proofCount: 10_000,
  clockToleranceSeconds: 30,
  identityCount: 10_000,
  identityMs: 300_000,
  transportRetryMs: 10_000,
  refusalMs: 2000,
  refusalCount: 10_000,
  ticketCount: 20_000,
  ticketOctets: 64 * 1024 * 1024,
  ticketMs: 3_600_000,
  ticketMarginMs: 120_000,
  ticketRefetchAgeMs: 30_000,
  replayBodyOctets: 65_536,
  expirySweepMs: 15_000,
}

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param limits - What the caller chose.
 * @returns Every setting, checked.
 * @throws RangeError when a setting is not a whole number, or not above 0 (the tolerance and margins may be 0).
 */
export function resolveSsoLimits(limits: Partial<SsoLimits> = {}): SsoLimits {
  const resolved = { ...DEFAULTS, ...limits }
  const mayBeZero = [
    'clockToleranceSeconds',
    'ticketMarginMs',
    'ticketRefetchAgeMs',
    'refusalMs',
    'replayBodyOctets',
  ]
  for (const [name, value] of Object.entries(resolved)) {
    const least = mayBeZero.includes(name) ? 0 : 1
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`sso limit ${name} must be a whole number of at least ${least}`)
    }
  }
  return resolved
}
