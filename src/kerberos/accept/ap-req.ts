/**
 * Verifies an AP-REQ (RFC 4120 section 3.2.3): opens the ticket, opens the authenticator, checks all that must hold.
 *
 * @module
 */

import type { Clock } from '../../platform/index.ts'
import { checkKey, decrypt } from '../crypto/index.ts'
import { ApOption, KeyUsage, KrbErrorCode } from '../iana/index.ts'
import {
  decodeApReq,
  decodeAuthenticator,
  decodeTicket,
  type Authenticator,
  type Ticket,
} from '../messages/index.ts'
import type { AnyPac } from '../messages/pac.ts'
import { checkAddress } from './addresses.ts'
import { checkTokenContext, type TokenContext } from './gss-checksum.ts'
import { Refusal } from './refusal.ts'
import type { ReplayCache } from './replay-cache.ts'
import type { OpenedTicket, ServiceKeys } from './service-keys.ts'
import { checkAuthenticator, checkTicketTimes, type Moment } from './ticket-checks.ts'
import { ticketPac } from './ticket-pac.ts'
import { checkTransited } from './transited.ts'
import type { AcceptChannel } from './types.ts'

/** By what an AP-REQ is verified. */
export interface ApReqRules {
  readonly keys: ServiceKeys
  readonly replayCache: ReplayCache
  readonly maxClockSkewMs: number
  readonly requirePac: boolean
  readonly trustedRealms: readonly string[]
  readonly clock: Clock
}

/** A verified AP-REQ. */
export interface VerifiedApReq {
  /** DER of the Ticket. */
  readonly ticketDer: Uint8Array
  /** What stands outside its cipher. */
  readonly ticket: Ticket
  /** What is in it, and the key that opened it. */
  readonly opened: OpenedTicket
  readonly authenticator: Authenticator
  readonly context: TokenContext
  readonly pac: AnyPac | undefined
  /** Whether the client wants an AP-REP. */
  readonly mutual: boolean
}

/** How an AP-REQ came. */
export interface ApReqArrival {
  /** Without GSS-API framing. */
  readonly bare: boolean
  readonly channel: AcceptChannel
  /** Told as soon as the ticket is read, so that a refusal can name the service. */
  onTicket(ticket: Ticket): void
}

/**
 * Verifies an AP-REQ.
 *
 * @param octets - DER.
 * @param arrival - How it came.
 * @param rules - By what it is verified.
 * @returns What it says.
 * @throws Refusal or another KerberosError where it is not to be believed.
 */
export function verifyApReq(
  octets: Uint8Array,
  arrival: ApReqArrival,
  rules: ApReqRules,
): VerifiedApReq {
  const { apOptions, ticket: ticketDer, authenticator: sealed } = decodeApReq(octets)
  const ticket = decodeTicket(ticketDer)
  arrival.onTicket(ticket)
  if ((apOptions & ApOption.USE_SESSION_KEY) !== 0) throw userToUser()
  const moment = { nowMs: rules.clock.nowMs(), maxClockSkewMs: rules.maxClockSkewMs }
  const opened = rules.keys.open(ticket)
  checkTicketTimes(opened.part, moment)
  const authenticator = openAuthenticator(sealed, opened)
  checkAuthenticator(authenticator, opened.part, moment)
  checkAddress(opened.part.caddr, arrival.channel.clientAddress)
  checkTransited(opened.part, ticket.realm, rules.trustedRealms)
  const context = checkTokenContext(authenticator, arrival.bare, arrival.channel)
  const pac = ticketPac(opened.part, opened.key)
  if (pac === undefined && rules.requirePac) throw withoutPac()
  // Last: only what is right in every other way takes room in the cache.
  checkReplay(sealed.cipher, authenticator, { rules, moment })
  const mutual = (apOptions & ApOption.MUTUAL_REQUIRED) !== 0
  return { ticketDer, ticket, opened, authenticator, context, pac, mutual }
}

function userToUser(): Refusal {
  return new Refusal(
    'ERR_KRB_NOT_ACCEPTED',
    'a ticket under a session key (user-to-user), which this service does not take',
    { krb: KrbErrorCode.KRB_AP_ERR_NOKEY },
  )
}

function withoutPac(): Refusal {
  return new Refusal('ERR_KRB_NOT_ACCEPTED', 'the ticket has no PAC', {
    krb: KrbErrorCode.KRB_ERR_GENERIC,
    mend: 'Take “do not require authorization data” (NO_AUTH_DATA_REQUIRED) off the service’s account.',
  })
}

function openAuthenticator(
  { etype, cipher }: { readonly etype: number; readonly cipher: Uint8Array },
  { part }: OpenedTicket,
): Authenticator {
  checkKey(part.key)
  if (etype !== part.key.etype) {
    throw new Refusal('ERR_KRB_INTEGRITY', 'ticket and token are of different encryption types', {
      krb: KrbErrorCode.KRB_AP_ERR_BAD_INTEGRITY,
    })
  }
  const authenticator = decodeAuthenticator(
    decrypt(part.key, KeyUsage.AP_REQ_AUTHENTICATOR, cipher),
  )
  if (authenticator.subkey !== undefined) checkKey(authenticator.subkey)
  return authenticator
}

function checkReplay(
  cipher: Uint8Array,
  { ctimeMs, cusec }: Authenticator,
  { rules, moment }: { readonly rules: ApReqRules; readonly moment: Moment },
): void {
  const timeMs = ctimeMs + cusec / 1000
  const verdict = rules.replayCache.remember(cipher, timeMs, moment.maxClockSkewMs)
  if (verdict === 'fresh') return
  if (verdict === 'earlier') throw madeBefore()
  const what =
    verdict === 'replay'
      ? 'a token that was accepted before'
      : 'the replay cache is full: no token can be told from a replay now'
  throw new Refusal('ERR_KRB_REPLAY', what, { krb: KrbErrorCode.KRB_AP_ERR_REPEAT })
}

/** Nothing hostile in most cases: the client's clock is behind, and this service has just begun. */
function madeBefore(): Refusal {
  const what =
    'by its own time the token was made before this service began, which cannot know whether it was accepted then'
  return new Refusal('ERR_KRB_SKEW', what, {
    krb: KrbErrorCode.KRB_AP_ERR_SKEW,
    mend: 'Try again; where that does not help, compare the clocks of the client and this host.',
  })
}
