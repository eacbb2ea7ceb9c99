/**
 * What every KDC reply must stand up to (RFC 4120 sections 3.1.5 and 3.3.4): it answers this very request.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import { checkKey, decrypt, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { PaType, TicketFlag } from '../iana/index.ts'
import {
  decodeEncKdcRepPart,
  decodeTicket,
  findPaData,
  formatPrincipal,
  sameName,
  sameNameIgnoringCase,
  type EncKdcRepPart,
  type KdcRep,
  type PrincipalName,
} from '../messages/index.ts'
import { checkNotBroken, checkTicketKey } from './broken-etypes.ts'
import { grantedRealm } from './realm-names.ts'
import type { ExchangePorts, ServiceTicket } from './types.ts'

/** What a reply must say. */
export interface ExpectedReply {
  /** Name of the exchange, for messages. */
  readonly exchange: string
  /** The request's nonce. */
  readonly nonce: number
  /** The service that was asked for. */
  readonly sname: PrincipalName
  /** Its realm. */
  readonly srealm: string
  /** Whom the ticket must name; undefined where the KDC may answer with another name, which the caller checks. */
  readonly cname: PrincipalName | undefined
  /** The client's realm. */
  readonly crealm: string
  /** Whom a referral must name, where that is another: in S4U us, not the user (MS-SFU 3.2.5.1.1). */
  readonly referred?: { readonly cname: PrincipalName; readonly crealm: string } | undefined
  /** False where nothing but the service itself will do, no referral. Default true. */
  readonly mayRefer?: boolean | undefined
  /** Until when the ticket was asked for, milliseconds since the epoch. */
  readonly tillMs: number
  /** Until when it may be renewable; undefined: that is not looked at. */
  readonly renewTillMs?: number | undefined
}

/** A reply that was decrypted and checked. */
export interface CheckedReply {
  /** The unprotected part. */
  readonly reply: KdcRep
  /** The decrypted part. */
  readonly part: EncKdcRepPart
  /** The ticket with what goes with it. */
  readonly ticket: ServiceTicket
  /** The realm the KDC refers us to; then the ticket is a ticket-granting ticket for it. */
  readonly referral: string | undefined
}

/**
 * The error for a reply that does not answer our request.
 *
 * @param exchange - Name of the exchange.
 * @param what - Which field, and how it differs; no secret.
 * @returns The error.
 */
export function mismatch(exchange: string, what: string): KerberosError {
  return new KerberosError(
    'ERR_KRB_REPLY_MISMATCH',
    `${exchange}: the reply does not fit: ${what}`,
    {
      mend: 'Someone on the way to the KDC changes messages, or the KDC is faulty.',
    },
  )
}

/**
 * Decrypts the reply's protected part.
 *
 * @param reply - The reply.
 * @param key - The reply key.
 * @param usage - 3, 8 or 9.
 * @returns The part.
 * @throws KerberosError ERR_KRB_INTEGRITY for another key or changed octets, ERR_KRB_REPLY_MISMATCH for another type.
 */
export function openReply(reply: KdcRep, key: EncryptionKey, usage: number): EncKdcRepPart {
  if (reply.encPart.etype !== key.etype) {
    throw mismatch('KDC-REP', `encrypted with etype ${reply.encPart.etype}, not ${key.etype}`)
  }
  return decodeEncKdcRepPart(decrypt(key, usage, reply.encPart.cipher), reply.msgType)
}

/**
 * Checks names, nonce, times, flags and key of a reply.
 *
 * @param opened - The reply and its decrypted part.
 * @param expected - What was asked.
 * @param ports - Time, tolerance and allowed encryption types.
 * @returns The ticket.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH, ERR_KRB_SKEW, ERR_KRB_ETYPE or ERR_KRB_DECODE.
 */
export function checkReply(
  opened: { readonly reply: KdcRep; readonly part: EncKdcRepPart },
  expected: ExpectedReply,
  ports: ExchangePorts,
): CheckedReply {
  const { reply, part } = opened
  if (part.nonce !== expected.nonce) throw mismatch(expected.exchange, 'another nonce')
  const referral = referralIn(part, expected)
  checkClient(reply, referral === undefined ? expected : { ...expected, ...expected.referred })
  checkService(opened, expected, referral)
  checkEtypes(opened, expected, ports)
  checkTimes(part, expected, ports)
  if ((part.flags & TicketFlag.INVALID) !== 0)
    throw mismatch(expected.exchange, 'an invalid ticket')
  return { reply, part, ticket: ticketOf(reply, part, expected), referral }
}

function checkClient(reply: KdcRep, expected: ExpectedReply): void {
  // Active Directory ignores case in names, and answers with the case of its own entry.
  const { cname = reply.cname, crealm } = expected
  if (sameNameIgnoringCase(reply.cname, cname) && reply.crealm === crealm) return
  const wanted = formatPrincipal(cname, crealm)
  const got = formatPrincipal(reply.cname, reply.crealm)
  throw mismatch(expected.exchange, `a ticket for ${got}, not for ${wanted}`)
}

function checkService(
  { reply, part }: { readonly reply: KdcRep; readonly part: EncKdcRepPart },
  expected: ExpectedReply,
  referral: string | undefined,
): void {
  const got = formatPrincipal(part.sname, part.srealm)
  const wanted = formatPrincipal(expected.sname, expected.srealm)
  const fits = referral !== undefined || sameNameIgnoringCase(part.sname, expected.sname)
  if (!fits || part.srealm !== expected.srealm)
    throw mismatch(expected.exchange, `a ticket to ${got}, not to ${wanted}`)
  const outer = decodeTicket(reply.ticket)
  if (!sameName(outer.sname, part.sname) || outer.realm !== part.srealm) {
    throw mismatch(expected.exchange, 'the ticket names another service than the encrypted part')
  }
}

/** The session key is of a type that we asked for, and the ticket under a key that holds. */
function checkEtypes(
  { reply, part }: { readonly reply: KdcRep; readonly part: EncKdcRepPart },
  { exchange }: ExpectedReply,
  ports: ExchangePorts,
): void {
  const account = formatPrincipal(part.sname, part.srealm)
  const { encPart } = decodeTicket(reply.ticket)
  checkTicketKey(
    { exchange, what: `the ticket for ${account}`, account, etype: encPart.etype },
    ports,
  )
  const { etype } = part.key
  checkNotBroken({ exchange, what: `the session with ${account}`, account, etype })
  if (!ports.etypes.includes(etype)) {
    throw mismatch(exchange, `a session key of etype ${etype}, not asked for`)
  }
  checkKey(part.key)
}

/** RFC 6806 section 8: instead of the service, the ticket-granting service of another realm. */
function referralIn({ sname }: EncKdcRepPart, expected: ExpectedReply): string | undefined {
  if (expected.mayRefer === false) return undefined
  const realm = grantedRealm(sname)
  const isOther = realm !== expected.srealm && !sameName(sname, expected.sname)
  return isOther ? realm : undefined
}

function checkTimes(part: EncKdcRepPart, expected: ExpectedReply, ports: ExchangePorts): void {
  const now = ports.clock.nowMs()
  const start = part.startTimeMs ?? part.authTimeMs
  const tooEarly = start - now
  if (tooEarly > ports.maxClockSkewMs) {
    throw new KerberosError(
      'ERR_KRB_SKEW',
      `${expected.exchange}: the ticket is valid only in ${Math.ceil(tooEarly / 1000)} s: our clock is behind the KDC’s`,
      { mend: 'Set the clock, for instance with chrony against the domain.' },
    )
  }
  if (part.endTimeMs <= start) throw mismatch(expected.exchange, 'the ticket ends before it starts')
  if (part.endTimeMs + ports.maxClockSkewMs <= now) {
    throw mismatch(expected.exchange, 'the ticket has ended already')
  }
  checkNoLonger(part, expected)
}

/** RFC 4120 sections 3.1.3 and 3.3.3: never later than the request's till and rtime. A KDC that grants more did not see this request. */
function checkNoLonger(part: EncKdcRepPart, expected: ExpectedReply): void {
  const { exchange, tillMs, renewTillMs = Infinity } = expected
  if (part.endTimeMs > tillMs) throw mismatch(exchange, 'the ticket ends later than was asked for')
  if ((part.renewTillMs ?? 0) > renewTillMs) {
    throw mismatch(exchange, 'the ticket is renewable for longer than was asked for')
  }
}

function ticketOf(reply: KdcRep, part: EncKdcRepPart, { exchange }: ExpectedReply): ServiceTicket {
  return {
    client: reply.cname,
    clientRealm: reply.crealm,
    server: part.sname,
    serverRealm: part.srealm,
    ticket: new Uint8Array(reply.ticket),
    sessionKey: { etype: part.key.etype, value: new Uint8Array(part.key.value) },
    flags: part.flags,
    authTimeMs: part.authTimeMs,
    startTimeMs: part.startTimeMs ?? part.authTimeMs,
    endTimeMs: part.endTimeMs,
    ...(part.renewTillMs === undefined ? {} : { renewTillMs: part.renewTillMs }),
    ...fastAvailability(part, exchange === 'AS'),
  }
}

/**
 * RFC 6806 section 11: a KDC that was asked what it offers says so where nobody can change it; else nothing is known. In later
 * tickets the flag is only handed on.
 */
function fastAvailability(
  { flags, encryptedPaData }: EncKdcRepPart,
  wasAsked: boolean,
): Pick<ServiceTicket, 'fastAvailable'> {
  if (findPaData(encryptedPaData, PaType.PA_FX_FAST) !== undefined) return { fastAvailable: true }
  return wasAsked && (flags & TicketFlag.ENC_PA_REP) !== 0 ? { fastAvailable: false } : {}
}

/**
 * Whether two keys are the same, in constant time.
 *
 * @param a - One key.
 * @param b - The other.
 * @returns True when type and octets are equal.
 */
export function sameKey(a: EncryptionKey, b: EncryptionKey): boolean {
  return (
    a.etype === b.etype && a.value.length === b.value.length && timingSafeEqual(a.value, b.value)
  )
}
