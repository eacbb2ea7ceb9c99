/**
 * The settings of the pipeline, with their defaults.
 *
 * @module
 */

import { withDefaults } from '../platform/index.ts'

/** How much and how long the pipeline keeps, waits and repeats. */
export interface SsoLimits {
  /** ID tokens longer than this are refused, characters. Default 16 384. */
  readonly idTokenLength: number
  /** Verified proofs kept. Default 10 000. */
  readonly proofCount: number
  /** Sign-ins with Kerberos kept. Default 10 000. */
  readonly acceptedCount: number
  /** Of one user at most; the oldest of the same user gives way. Default 100. */
  readonly acceptedPerUser: number
  /** Octets of their tickets kept. Default 67 108 864. */
  readonly acceptedOctets: number
  /** Difference of clocks that exp, iat and auth_time may show, seconds. Default 30. */
  readonly clockToleranceSeconds: number
  /**
   * While sign-ins are kept, their issuers' keys are fetched this often, minutes: what a withdrawn key has signed ends then.
   * Default 10.
   */
  readonly keysCheckMinutes: number
  /** Accounts kept. Default 10 000. */
  readonly identityCount: number
  /** How long an account is used before the directory is asked again, milliseconds. Default 300 000. */
  readonly identityMs: number
  /** Wait before the directory, a KDC or an issuer's keys are asked for again after they could not be reached, milliseconds. Default 10 000. */
  readonly transportRetryMs: number
  /**
   * How long a refusal by a rule (no delegation, not forwardable, KDC policy, a disabled account) is taken for the answer,
   * milliseconds; 0: never. Default 60 000.
   */
  readonly policyRefusalMs: number
  /** The same where the directory or a KDC knows no such account or service. Default 30 000. */
  readonly unknownPrincipalMs: number
  /** The same where no directory server or KDC answers. Default 2000. */
  readonly transportFailureMs: number
  /** The same for every other refusal. Default 2000. */
  readonly refusalMs: number
  /** Refusals remembered. Default 10 000. */
  readonly refusalCount: number
  /** Service tickets kept, and evidence tickets as many. Default 20 000. */
  readonly ticketCount: number
  /** Octets of service tickets kept, and of evidence tickets as many. Default 67 108 864. */
  readonly ticketOctets: number
  /** Tickets listed in one answer to `sallyport cache show`; 0: numbers alone. Default 100. */
  readonly cacheShowEntries: number
  /** Longest use of a ticket, milliseconds. Default 3 600 000. */
  readonly ticketMs: number
  /** A ticket is not used in the last so many milliseconds before its end. Default 120 000. */
  readonly ticketMarginMs: number
  /**
   * A ticket that is used in this last part of its use is renewed, and the request waits for nothing; percent, 0: never.
   * Default 20.
   */
  readonly refreshAheadPercent: number
  /** By how much sooner, at random, so that not all are renewed at once; percent of the use. Default 10. */
  readonly refreshJitterPercent: number
  /** Exchanges with KDCs for users at a time. Default 32. */
  readonly kdcExchanges: number
  /** Exchanges that may wait for their turn. Default 20 000. */
  readonly kdcQueue: number
  /** Longest wait for a turn, milliseconds. Default 30 000. */
  readonly kdcQueueMs: number
  /** Look-ups in the directory at a time. Default 32. */
  readonly directoryLookups: number
  /** Look-ups that may wait for their turn. Default 20 000. */
  readonly directoryQueue: number
  /** Longest wait for a turn, milliseconds. Default 30 000. */
  readonly directoryQueueMs: number
  /** Authorization fields above this are told of in the log, and a backend's 400, 413 or 431 to one may be about it. Default 8000. */
  readonly largeTokenOctets: number
  /** How long nothing more is said of the same user and app, milliseconds. Default 3 600 000. */
  readonly largeTokenWarningMs: number
  /** Apps whose sizes of Authorization fields are kept. Default 1000. */
  readonly largeTokenApps: number
  /** Users and apps that are remembered to have been warned of. Default 10 000. */
  readonly largeTokenWarnings: number
  /** After a 401 a ticket older than this is fetched anew before the one retry, milliseconds. Default 30 000. */
  readonly ticketRefetchAgeMs: number
  /** Bodies of known length up to this are collected before they are sent, and can be sent again, octets. Default 65 536. */
  readonly replayBodyOctets: number
  /** A body that is held until the backend says 100 is sent after this without a word, milliseconds. Default 100. */
  readonly expectContinueMs: number
  /** Of a page that asks for a ticket so much is read to keep its connection, octets. Default 65 536. */
  readonly challengePageOctets: number
  /** How often calls that have outlived their sign-in or their account are looked for, milliseconds. Default 15 000. */
  readonly expirySweepMs: number
}

/** What a setting may be. */
export interface LimitRange {
  readonly least: number
  readonly most: number
  readonly default: number
}

const DAY_MS = 86_400_000
const GIB = 1_073_741_824

/** Every setting: connector.yaml's section `sso` is checked against this very table. */
export const SSO_LIMITS: Readonly<Record<keyof SsoLimits, LimitRange>> = {
  idTokenLength: { least: 1, most: 1_048_576, default: 16_384 },
  proofCount: { least: 1, most: 1_000_000, default: 10_000 },
  acceptedCount: { least: 1, most: 1_000_000, default: 10_000 },
  acceptedPerUser: { least: 1, most: 1_000_000, default: 100 },
  acceptedOctets: { least: 65_536, most: 64 * GIB, default: 64 * 1024 * 1024 },
  clockToleranceSeconds: { least: 0, most: 300, default: 30 },
  keysCheckMinutes: { least: 1, most: 1440, default: 10 },
  identityCount: { least: 1, most: 1_000_000, default: 10_000 },
  identityMs: { least: 1, most: DAY_MS, default: 300_000 },
  transportRetryMs: { least: 1, most: DAY_MS, default: 10_000 },
  policyRefusalMs: { least: 0, most: DAY_MS, default: 60_000 },
  unknownPrincipalMs: { least: 0, most: DAY_MS, default: 30_000 },
  transportFailureMs: { least: 0, most: DAY_MS, default: 2000 },
  refusalMs: { least: 0, most: DAY_MS, default: 2000 },
  refusalCount: { least: 1, most: 1_000_000, default: 10_000 },
  ticketCount: { least: 1, most: 1_000_000, default: 20_000 },
  ticketOctets: { least: 1, most: 64 * GIB, default: 64 * 1024 * 1024 },
  cacheShowEntries: { least: 0, most: 250, default: 100 },
  ticketMs: { least: 1, most: DAY_MS, default: 3_600_000 },
  ticketMarginMs: { least: 0, most: DAY_MS, default: 120_000 },
  refreshAheadPercent: { least: 0, most: 90, default: 20 },
  refreshJitterPercent: { least: 0, most: 90, default: 10 },
  kdcExchanges: { least: 1, most: 10_000, default: 32 },
  kdcQueue: { least: 0, most: 1_000_000, default: 20_000 },
  kdcQueueMs: { least: 1, most: DAY_MS, default: 30_000 },
  directoryLookups: { least: 1, most: 10_000, default: 32 },
  directoryQueue: { least: 0, most: 1_000_000, default: 20_000 },
  directoryQueueMs: { least: 1, most: DAY_MS, default: 30_000 },
  largeTokenOctets: { least: 1, most: 1_048_576, default: 8000 },
  largeTokenWarningMs: { least: 1, most: DAY_MS, default: 3_600_000 },
  largeTokenApps: { least: 1, most: 1_000_000, default: 1000 },
  largeTokenWarnings: { least: 1, most: 1_000_000, default: 10_000 },
  ticketRefetchAgeMs: { least: 0, most: DAY_MS, default: 30_000 },
  replayBodyOctets: { least: 0, most: GIB, default: 65_536 },
  expectContinueMs: { least: 1, most: 60_000, default: 100 },
  challengePageOctets: { least: 0, most: GIB, default: 65_536 },
  expirySweepMs: { least: 1, most: DAY_MS, default: 15_000 },
}

const NAMES = Object.keys(SSO_LIMITS) as readonly (keyof SsoLimits)[]
const DEFAULTS = Object.fromEntries(NAMES.map((name) => [name, SSO_LIMITS[name].default]))

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param limits - What the caller chose.
 * @returns Every setting, checked.
 * @throws RangeError when a setting is not a whole number, or below its least; the most binds configuration files alone.
 */
export function resolveSsoLimits(limits: Partial<SsoLimits> = {}): SsoLimits {
  const resolved = withDefaults(DEFAULTS as unknown as SsoLimits, limits)
  for (const name of NAMES) {
    const { least } = SSO_LIMITS[name]
    const value = resolved[name]
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(`sso limit ${name} must be a whole number of at least ${least}`)
    }
  }
  return resolved
}
