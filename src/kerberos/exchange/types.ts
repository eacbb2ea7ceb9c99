/**
 * What goes into an exchange with a KDC and what comes out of it.
 *
 * An exchange is a generator: it yields the request it wants sent and is resumed with the reply's octets. So tests
 * need no network, and no exchange knows how a KDC is reached.
 *
 * @module
 */

import type { Clock, Random } from '../../platform/index.ts'
import type { ServiceTicket } from '../files/index.ts'

export type { ServiceTicket }

/** One request to a KDC. */
export interface KdcRequest {
  /** Whose KDC. */
  readonly realm: string
  /** DER of the AS-REQ or TGS-REQ. */
  readonly octets: Uint8Array
}

/** An exchange: yields requests, is resumed with replies, returns its result. */
export type Exchange<T> = Generator<KdcRequest, T, Uint8Array>

/**
 * Whether requests go under armour (FAST, RFC 6113). `whenOffered`: where there is a ticket to armour with and the KDC does it.
 * `required`: nothing that the KDC did not armour is believed.
 */
export type FastMode = 'off' | 'whenOffered' | 'required'

/** How S4U2Self tells the user: PA-FOR-USER and PA-S4U-X509-USER, or the latter alone. */
export type S4uUserPadata = 'both' | 'x509Only'

/** How much work a KDC may make of a password (RFC 3962 section 8): its word is not protected. */
export interface StringToKeyLimits {
  /** Fewest iterations: fewer would let who listens guess the password fast. */
  readonly minIterations: number
  /** Most iterations: they are done in one piece. */
  readonly maxIterations: number
  /** Longest salt, octets of UTF-8. */
  readonly maxSaltOctets: number
}

/** Clocks of realms, kept by whoever runs exchanges. */
export interface RealmClocks {
  /** The clock to make requests to a realm's KDC with. */
  of(realm: string): Clock
  /**
   * Takes over the time of a KDC that refused ours (KRB_AP_ERR_SKEW).
   *
   * @returns False when that is not allowed or changes nothing: then a repeat is in vain.
   */
  correct(realm: string, kdcTimeMs: number): boolean
  /** Hears the time in a reply that was decrypted and checked: nobody else can have written it. */
  confirm(realm: string, kdcTimeMs: number): void
}

/** The outside world of an exchange, and what it tolerates. */
export interface ExchangePorts {
  /** Our own time. */
  readonly clock: Clock
  /** The realms' time; without it a refusal for the time's sake is final. */
  readonly clocks?: RealmClocks | undefined
  /** Nonces, confounders. */
  readonly random: Random
  /** By how much the KDC's clock may differ, milliseconds. */
  readonly maxClockSkewMs: number
  /** Encryption types in order of preference. */
  readonly etypes: readonly number[]
  /** How long a ticket is asked for, milliseconds. */
  readonly ticketLifetimeMs: number
  /** Whether requests go under armour. Default `whenOffered`. */
  readonly fast?: FastMode | undefined
  /** Whether the KDC may answer an AS-REQ with another name than was asked for (RFC 6806). Default true. */
  readonly canonicalize?: boolean | undefined
  /** How S4U2Self tells the user. Default `both`. */
  readonly s4uUserPadata?: S4uUserPadata | undefined
  /** What becomes of tickets that a KDC puts under a DES or RC4 key of their service. Default `refuse`. */
  readonly brokenTicketKeys?: 'refuse' | 'accept' | undefined
  /** Bounds on what a KDC says of how a password becomes a key. */
  readonly stringToKey?: StringToKeyLimits | undefined
  /** Most realms that a chain of referrals may lead through after the first. Default 10. */
  readonly maxReferrals?: number | undefined
  /** The realms between two, in order, as [capaths] of krb5.conf names them; absent or empty: none is known. */
  readonly capaths?: ((from: string, to: string) => readonly string[]) | undefined
}

/** Whom to act for. */
export interface S4uUser {
  /** sAMAccountName, or a user principal name where `enterprise` is set. */
  readonly name: string
  /** The user's realm. */
  readonly realm: string
  /** True when `name` is a user principal name. Default false. */
  readonly enterprise?: boolean | undefined
  /** `S-1-5-…` as the directory gave it: the ticket must name this very account. */
  readonly sid?: string | undefined
}

/** Whom a client is to act for; of its own realm unless another is named. */
export interface ImpersonatedUser extends Omit<S4uUser, 'realm'> {
  /** The user's realm. Default the client's own. */
  readonly realm?: string | undefined
}

/** The connector's ticket to itself in the name of a user: what an S4U2Proxy is based on. Opened and checked. */
export interface Evidence extends ServiceTicket {
  /** False when the KDC forbids delegation with it. */
  readonly forwardable: boolean
  /** The user's SID out of the PAC; undefined where the KDC, such as MIT krb5, has no directory behind it. */
  readonly sid: string | undefined
  /** SIDs of the user's groups out of the PAC; none where there is no SID. */
  readonly groupSids: readonly string[]
  /** sAMAccountName out of the PAC (EffectiveName); the ticket's own name where the PAC has none. */
  readonly accountName: string
}
