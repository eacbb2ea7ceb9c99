/**
 * Evidence for S4U2Proxy: the ticket of an S4U2Self, or the one that a user presented. Opened with our own key, and checked.
 *
 * A KDC-REP's cname stands outside its encrypted part, and PA-FOR-USER is not covered by the authenticator: who sits on
 * the wire could have the KDC issue a ticket of another user and rewrite the names around it. Inside the ticket the
 * KDC's word is under our long-term key, and the PAC is signed with it.
 *
 * @module
 */

import { sameName as sameText, type Clock } from '../../platform/index.ts'
import { checkKey } from '../crypto/index.ts'
import { TicketFlag } from '../iana/index.ts'
import {
  decodeTicket,
  formatPrincipal,
  sameName,
  type EncKdcRepPart,
  type EncTicketPart,
} from '../messages/index.ts'
import type { AnyPac } from '../messages/pac.ts'
import { openTicket, signedPac } from './opened-ticket.ts'
import type { OwnKeys } from './own-secrets.ts'
import { mismatch, sameKey, type CheckedReply } from './reply-checks.ts'
import type { Evidence, S4uUser } from './types.ts'

const EXCHANGE = 'S4U2Self'

/**
 * Opens and checks the ticket of an S4U2Self reply.
 *
 * @param checked - The reply, whose outer names fit already.
 * @param user - Whom was asked for.
 * @param keys - Our long-term keys.
 * @returns The evidence.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH when names, realm, key, flags, times or SID differ or the PAC is missing;
 *   ERR_KRB_INTEGRITY when the ticket or the PAC's signature is not under our key; ERR_KRB_NO_KEY; ERR_KRB_DECODE.
 */
export function openEvidence(checked: CheckedReply, user: S4uUser, keys: OwnKeys): Evidence {
  const opened = openTicket(decodeTicket(checked.reply.ticket), keys, EXCHANGE)
  const { ticket } = opened
  checkAgainstReply(ticket, checked)
  const pac = signedPac(opened, EXCHANGE)
  checkPac(pac, ticket, user)
  return { ...checked.ticket, ...accountIn(pac, ticket) }
}

/** What makes a ticket evidence. */
function accountIn(
  { logonInfo }: AnyPac,
  ticket: EncTicketPart,
): Pick<Evidence, 'forwardable' | 'sid' | 'groupSids' | 'accountName'> {
  return {
    forwardable: (ticket.flags & TicketFlag.FORWARDABLE) !== 0,
    sid: logonInfo?.userSid,
    groupSids: logonInfo?.groupSids ?? [],
    accountName: logonInfo?.effectiveName ?? ticket.cname.nameString.join('/'),
  }
}

/** What a user's own ticket is measured by. */
export interface EvidencePorts {
  /** Time. */
  readonly clock: Clock
  /** By how much clocks may differ, milliseconds. Default 300 000. */
  readonly maxClockSkewMs?: number | undefined
  /** `S-1-5-…` as the directory gave it for the user: the ticket must be of this very account. */
  readonly sid?: string | undefined
}

const USERS_TICKET = 'AP-REQ'

/**
 * Takes the ticket that a user presented to us (in an AP-REQ) for evidence: opened with our own key, valid now, and with a PAC
 * that is signed under that key. That whoever presented it knew its session key is for the acceptor to find out.
 *
 * @param ticketDer - DER of the Ticket; what an acceptor gives as `ticket`.
 * @param keys - The keys of the account that the ticket is for, which must be the one that then delegates.
 * @param ports - Time, and whom the ticket must name.
 * @returns The evidence for S4U2Proxy. It is of no use where it is not forwardable.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH for another account or a ticket that is not valid now; ERR_KRB_INTEGRITY where
 *   none of the keys opens it or the PAC’s signature is wrong; ERR_KRB_NO_KEY, ERR_KRB_ETYPE, ERR_KRB_DECODE.
 */
export function evidenceFromTicket(
  ticketDer: Uint8Array,
  keys: Pick<OwnKeys, 'forTicket'>,
  ports: EvidencePorts,
): Evidence {
  const outer = decodeTicket(ticketDer)
  const opened = openTicket(outer, keys, USERS_TICKET)
  const { ticket } = opened
  checkKey(ticket.key)
  checkValidNow(ticket, ports)
  const pac = signedPac(opened, USERS_TICKET)
  checkSid(pac, ports.sid, USERS_TICKET)
  const { renewTillMs } = ticket
  return {
    client: ticket.cname,
    clientRealm: ticket.crealm,
    server: outer.sname,
    serverRealm: outer.realm,
    ticket: new Uint8Array(ticketDer),
    sessionKey: { etype: ticket.key.etype, value: new Uint8Array(ticket.key.value) },
    flags: ticket.flags,
    authTimeMs: ticket.authTimeMs,
    startTimeMs: ticket.startTimeMs ?? ticket.authTimeMs,
    endTimeMs: ticket.endTimeMs,
    ...(renewTillMs === undefined ? {} : { renewTillMs }),
    ...accountIn(pac, ticket),
  }
}

function checkValidNow(ticket: EncTicketPart, ports: EvidencePorts): void {
  const { clock, maxClockSkewMs = 300_000 } = ports
  const now = clock.nowMs()
  const start = ticket.startTimeMs ?? ticket.authTimeMs
  if ((ticket.flags & TicketFlag.INVALID) !== 0) throw mismatch(USERS_TICKET, 'an invalid ticket')
  if (start - maxClockSkewMs > now) throw mismatch(USERS_TICKET, 'the ticket is not valid yet')
  // A KDC takes no evidence that has ended, whatever the clocks.
  if (ticket.endTimeMs <= now) throw mismatch(USERS_TICKET, 'the ticket has ended already')
}

/** The ticket is the one the reply's protected part is about, and the names around it are the ones in it. */
function checkAgainstReply(ticket: EncTicketPart, { reply, part }: CheckedReply): void {
  if (!sameName(ticket.cname, reply.cname) || ticket.crealm !== reply.crealm) {
    const inside = formatPrincipal(ticket.cname, ticket.crealm)
    const around = formatPrincipal(reply.cname, reply.crealm)
    throw mismatch(EXCHANGE, `the ticket is ${inside}’s, the reply says ${around}`)
  }
  if (!sameKey(ticket.key, part.key)) throw mismatch(EXCHANGE, 'the ticket holds another key')
  if (ticket.flags !== part.flags) throw mismatch(EXCHANGE, 'the ticket has other flags')
  if (!sameTimes(ticket, part)) throw mismatch(EXCHANGE, 'the ticket has other times')
}

function sameTimes(ticket: EncTicketPart, part: EncKdcRepPart): boolean {
  return (
    ticket.authTimeMs === part.authTimeMs &&
    (ticket.startTimeMs ?? ticket.authTimeMs) === (part.startTimeMs ?? part.authTimeMs) &&
    ticket.endTimeMs === part.endTimeMs
  )
}

function checkPac(pac: AnyPac, ticket: EncTicketPart, user: S4uUser): void {
  checkEnterpriseName(pac, ticket, user)
  checkSid(pac, user.sid, EXCHANGE)
}

/** MIT krb5 without a directory says no SID: then nobody can tell that the account is the one that was looked up. */
function checkSid({ logonInfo }: AnyPac, wanted: string | undefined, exchange: string): void {
  if (wanted === undefined || logonInfo?.userSid === wanted) return
  const sid = logonInfo?.userSid ?? 'an account without a SID'
  throw mismatch(exchange, `the PAC is of ${sid}, the directory says ${wanted}`)
}

/** A KDC may answer a user principal name with the account's own name: then SID or UPN must tell it is the user's. */
function checkEnterpriseName(pac: AnyPac, ticket: EncTicketPart, user: S4uUser): void {
  if (user.enterprise !== true || user.sid !== undefined) return
  const names = [ticket.cname.nameString.join('/'), pac.upnDnsInfo?.upn ?? '']
  if (names.some((name) => sameText(name, user.name))) return
  throw mismatch(EXCHANGE, 'neither the ticket nor the PAC has the user principal name asked for')
}
