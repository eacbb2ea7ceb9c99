/**
 * Settings of a KerberosClient: defaults and checks in one place.
 *
 * @module
 */

import {
  needArray,
  needObject,
  needText,
  type Clock,
  type Logger,
  type Random,
} from '../platform/index.ts'
import { SUPPORTED_ETYPES } from './crypto/index.ts'
import {
  STRING_TO_KEY_LIMITS,
  type ClientIdentity,
  type FastMode,
  type KeyOwner,
  type S4uUserPadata,
  type ServiceTicket,
  type StringToKeyLimits,
} from './exchange/index.ts'

/** Reaches a KDC of a realm. */
export interface KdcTransport {
  /**
   * Sends one request and waits for its reply.
   *
   * @param realm - Whose KDC.
   * @param request - DER of the request.
   * @param signal - Gives up.
   * @returns DER of the reply, whatever it says.
   * @throws KerberosError ERR_KRB_KDC_UNREACHABLE or ERR_KRB_ABORTED.
   */
  exchange(realm: string, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
  /**
   * The KDCs besides the one that gave a reply, for an outcome that they may not share: they learn of a new password one
   * after the other, and some cannot write. Absent: nobody else is asked.
   *
   * @param reply - The very octets that `exchange` returned.
   * @returns A transport that passes that KDC over; undefined where it is not known. With no other KDC it answers
   *   ERR_KRB_KDC_UNREACHABLE.
   */
  besides?(reply: Uint8Array): KdcTransport | undefined
  /**
   * Told of a reply that was not true, where another KDC gave a true one.
   *
   * @param reply - The very octets that `exchange` returned.
   * @param why - What was wrong with it.
   */
  distrust?(reply: Uint8Array, why: string): void
}

/** Gives a ticket to armour AS exchanges with (FAST): a KerberosClient of the machine is one. */
export interface ArmorSource {
  /**
   * A ticket-granting ticket that is still valid.
   *
   * @param signal - Gives up.
   * @throws KerberosError as getting one does.
   */
  armorTicket(signal?: AbortSignal): Promise<ServiceTicket>
}

/** How a KerberosClient is made. */
export interface KerberosClientOptions {
  /** Who we are. */
  readonly identity: ClientIdentity
  /** Reaches the KDCs. */
  readonly transport: KdcTransport
  /** Time. */
  readonly clock: Clock
  /** Nonces and confounders. */
  readonly random: Random
  /** Told when a ticket-granting ticket was got, or could not be renewed. */
  readonly logger?: Logger | undefined
  /** Encryption types in order of preference. Default 20, 19, 18, 17. */
  readonly etypes?: readonly number[] | undefined
  /**
   * Whether requests go under armour (FAST, RFC 6113). `whenOffered` (default): AS exchanges where there is a ticket for it and
   * the KDC takes it, all others where the KDC has said under encryption that it does. `required`: nothing that comes
   * without armour is believed, but for the first AS exchange of a client without `armor`, which has no ticket yet.
   */
  readonly fast?: FastMode | undefined
  /** Whose ticket armours our AS exchanges, of the same realm. Default: our own, once we have one. */
  readonly armor?: ArmorSource | undefined
  /** Whether the KDC may know us by another name, and send an enterprise name to another realm (RFC 6806). Default true. */
  readonly canonicalize?: boolean | undefined
  /**
   * How S4U2Self tells the user: `both` (default) PA-FOR-USER, whose checksum is MD5's, and PA-S4U-X509-USER; `x509Only` the
   * latter alone, which Samba does not know. Where OpenSSL is in FIPS mode it is `x509Only` anyway.
   */
  readonly s4uUserPadata?: S4uUserPadata | undefined
  /**
   * What becomes of a ticket that the KDC puts under a DES or RC4 key of its service: `refuse` (default), with an error that
   * names the account whose keys must be renewed, or `accept`. Session keys of these types, and our own, are never used.
   */
  readonly brokenTicketKeys?: 'refuse' | 'accept' | undefined
  /** Fewest iterations that a KDC may make a key of our password with. Default 4096. */
  readonly minStringToKeyIterations?: number | undefined
  /** Most iterations that a KDC may have us make a key of our password with, in one piece. Default 100 000. */
  readonly maxStringToKeyIterations?: number | undefined
  /** Longest salt that a KDC may name, octets. Default 1024. */
  readonly maxSaltOctets?: number | undefined
  /** Refuse to act for a user whose SID is not given. Default false. */
  readonly requireSid?: boolean | undefined
  /** By how much the KDC's clock may differ. Default 300 000. */
  readonly maxClockSkewMs?: number | undefined
  /** Largest difference of clocks that is made up for when a KDC refuses our time. Default 12 hours; 0: none. */
  readonly maxClockCorrectionMs?: number | undefined
  /** From which difference of clocks on the log has a warning. Default 60 000. */
  readonly clockSkewWarningMs?: number | undefined
  /** How long a ticket-granting ticket is asked for. Default 10 hours. */
  readonly ticketLifetimeMs?: number | undefined
  /** How long before its end the ticket-granting ticket is replaced, at most half its life. Default 10 minutes. */
  readonly renewAheadMs?: number | undefined
  /** How long after a failed replacement the next is tried. Default 30 000. */
  readonly renewRetryMs?: number | undefined
  /** Most realms that a chain of referrals may lead through after the first. Default 10. */
  readonly maxReferrals?: number | undefined
  /** The realms between two, in order, as [capaths] of krb5.conf names them. Default none: the KDCs show the way. */
  readonly capaths?: ((from: string, to: string) => readonly string[]) | undefined
  /** The realm of a service by its host, as [domain_realm] of krb5.conf names it. Default our own, whose KDC refers us on. */
  readonly realmOfHost?: ((host: string) => string | undefined) | undefined
  /** How many of our own service tickets are kept. Default 64. */
  readonly maxOwnTickets?: number | undefined
}

/** Numbers with defaults filled in. */
export interface ClientSettings {
  readonly etypes: readonly number[]
  readonly requireSid: boolean
  readonly fast: FastMode
  readonly canonicalize: boolean
  readonly s4uUserPadata: S4uUserPadata
  readonly brokenTicketKeys: 'refuse' | 'accept'
  readonly stringToKey: StringToKeyLimits
  readonly maxClockSkewMs: number
  readonly maxClockCorrectionMs: number
  readonly clockSkewWarningMs: number
  readonly ticketLifetimeMs: number
  readonly renewAheadMs: number
  readonly renewRetryMs: number
  readonly maxReferrals: number
  readonly maxOwnTickets: number
}

const HOUR_MS = 3_600_000

type LimitName = 'minStringToKeyIterations' | 'maxStringToKeyIterations' | 'maxSaltOctets'
type NumberName =
  | LimitName
  | Exclude<
      keyof ClientSettings,
      | 'etypes'
      | 'requireSid'
      | 'fast'
      | 'canonicalize'
      | 's4uUserPadata'
      | 'brokenTicketKeys'
      | 'stringToKey'
    >

const DEFAULTS: Readonly<Record<NumberName, number>> = {
  maxClockSkewMs: 300_000,
  maxClockCorrectionMs: 12 * HOUR_MS,
  clockSkewWarningMs: 60_000,
  ticketLifetimeMs: 10 * HOUR_MS,
  renewAheadMs: HOUR_MS / 6,
  renewRetryMs: 30_000,
  maxReferrals: 10,
  maxOwnTickets: 64,
  minStringToKeyIterations: STRING_TO_KEY_LIMITS.minIterations,
  maxStringToKeyIterations: STRING_TO_KEY_LIMITS.maxIterations,
  maxSaltOctets: STRING_TO_KEY_LIMITS.maxSaltOctets,
}
const NAMES = Object.keys(DEFAULTS) as readonly NumberName[]
const MAY_BE_ZERO: readonly NumberName[] = ['maxClockCorrectionMs', 'maxReferrals']

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param options - What the caller chose.
 * @returns Every setting, checked.
 * @throws RangeError for a number that is not positive, or an encryption type we do not speak,
 *   or another word than a setting has; TypeError for what is missing or no port.
 */
export function resolveClientSettings(options: KerberosClientOptions): ClientSettings {
  checkPorts(options)
  const { etypes = SUPPORTED_ETYPES, requireSid = false } = options
  if (etypes.length === 0 || etypes.some((etype) => !SUPPORTED_ETYPES.includes(etype))) {
    throw new RangeError(`etypes must be some of ${SUPPORTED_ETYPES.join(', ')}`)
  }
  const numbers = { ...DEFAULTS, ...givenNumbers(options) }
  for (const name of NAMES) {
    const least = MAY_BE_ZERO.includes(name) ? 0 : Number.MIN_VALUE
    if (!Number.isFinite(numbers[name]) || numbers[name] < least) {
      throw new RangeError(`${name} must be ${least === 0 ? '0 or more' : 'above 0'}`)
    }
  }
  const { minStringToKeyIterations, maxStringToKeyIterations, maxSaltOctets, ...others } = numbers
  const [minIterations, maxIterations] = [minStringToKeyIterations, maxStringToKeyIterations]
  if (minIterations > maxIterations) {
    throw new RangeError('minStringToKeyIterations must not be above maxStringToKeyIterations')
  }
  const stringToKey = { minIterations, maxIterations, maxSaltOctets }
  return { etypes, requireSid, ...choicesOf(options), stringToKey, ...others }
}

/** Programs without types are told what is missing, and not where our code first missed it. */
function checkPorts(options: KerberosClientOptions): void {
  needObject('options', options, 'an object: { identity, transport, clock, random }')
  const { identity, transport, clock, random } = options
  needObject('identity', identity, 'an object: { principal, realm, keys }')
  needOwner('identity', identity)
  if (!Array.isArray(identity.keys)) {
    const keys = 'a keytab’s entries, { password } or what another identity has'
    needObject('identity.keys', identity.keys, keys)
  }
  needObject('transport', transport, 'a KdcTransport, for instance of openKdcAccess()', [
    'exchange',
  ])
  needObject('clock', clock, 'a Clock, for instance systemClock', ['nowMs', 'setTimer'])
  needObject('random', random, 'a Random, for instance systemRandom', ['bytes'])
  needArray('etypes', options.etypes ?? [], 'an array of numbers')
}

/**
 * Insists on a name and its realm.
 *
 * @param name - Of the argument.
 * @param owner - Whose keys they are.
 * @throws TypeError.
 */
export function needOwner(name: string, owner: KeyOwner): void {
  needObject(name, owner, 'an object: { principal, realm }')
  const { principal, realm } = owner
  needObject(
    `${name}.principal`,
    principal,
    'a PrincipalName: what parsePrincipal() has as principal',
  )
  needArray(`${name}.principal.nameString`, principal.nameString, 'an array of strings')
  needText(`${name}.realm`, realm)
}

const FAST_MODES: readonly FastMode[] = ['off', 'whenOffered', 'required']
const S4U_PADATA: readonly S4uUserPadata[] = ['both', 'x509Only']

/** Settings that are words; configuration files have no types. */
function choicesOf(
  options: KerberosClientOptions,
): Pick<ClientSettings, 'fast' | 'canonicalize' | 's4uUserPadata' | 'brokenTicketKeys'> {
  const { fast = 'whenOffered', canonicalize = true, s4uUserPadata = 'both' } = options
  const { brokenTicketKeys = 'refuse' } = options
  if (!FAST_MODES.includes(fast)) throw new RangeError(`fast must be ${FAST_MODES.join(', ')}`)
  if (!S4U_PADATA.includes(s4uUserPadata)) {
    throw new RangeError(`s4uUserPadata must be ${S4U_PADATA.join(' or ')}`)
  }
  if (!['refuse', 'accept'].includes(brokenTicketKeys)) {
    throw new RangeError('brokenTicketKeys must be refuse or accept')
  }
  return { fast, canonicalize, s4uUserPadata, brokenTicketKeys }
}

function givenNumbers(options: KerberosClientOptions): Partial<Record<NumberName, number>> {
  const given = NAMES.map((name) => [name, options[name]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}
