/**
 * Opens an evidence ticket with our own key and checks that it is the user's.
 *
 * A KDC-REP's cname stands outside its encrypted part, and PA-FOR-USER is not covered by the authenticator: who sits on
 * the wire could have the KDC issue a ticket of another user and rewrite the names around it. Inside the ticket the
 * KDC's word is under our long-term key, and the PAC is signed with it.
 *
 * @module
 */

import { checksumTypeOf, decrypt, verifyChecksum, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { AdType, KeyUsage, TicketFlag } from '../iana/index.ts'
import {
  decodeAuthorizationData,
  decodeEncTicketPart,
  decodeTicket,
  formatPrincipal,
  sameName,
  type EncKdcRepPart,
  type EncTicketPart,
  type Ticket,
} from '../messages/index.ts'
import { decodeAnyPac, type AnyPac } from '../messages/pac.ts'
import type { OwnKeys } from './own-keys.ts'
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
  const { ticket, key } = openTicket(decodeTicket(checked.reply.ticket), keys)
  checkAgainstReply(ticket, checked)
  const pac = signedPac(ticket, key)
  checkPac(pac, ticket, user)
  return {
    ...checked.ticket,
    forwardable: (ticket.flags & TicketFlag.FORWARDABLE) !== 0,
    sid: pac.logonInfo?.userSid,
    groupSids: pac.logonInfo?.groupSids ?? [],
    accountName: pac.logonInfo?.effectiveName ?? ticket.cname.nameString.join('/'),
  }
}

interface OpenedTicket {
  readonly ticket: EncTicketPart
  /** Which of our keys opened it. */
  readonly key: EncryptionKey
}

function openTicket({ encPart }: Ticket, keys: OwnKeys): OpenedTicket {
  let failure: unknown
  for (const key of keys.forTicket(encPart.etype, encPart.kvno)) {
    try {
      const plain = decrypt(key, KeyUsage.TICKET, encPart.cipher)
      return { ticket: decodeEncTicketPart(plain), key }
    } catch (error) {
      if (!(error instanceof KerberosError) || error.code !== 'ERR_KRB_INTEGRITY') throw error
      failure = error
    }
  }
  const version = encPart.kvno === undefined ? '' : `, key version ${encPart.kvno}`
  throw new KerberosError(
    'ERR_KRB_INTEGRITY',
    `${EXCHANGE}: none of our keys of etype ${encPart.etype} opens the ticket${version}`,
    {
      cause: failure,
      mend: 'The keytab does not hold the connector account’s present key: export it again.',
    },
  )
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

/** Finds the one PAC in the ticket and verifies its server signature (MS-PAC 2.8.1). */
function signedPac(ticket: EncTicketPart, key: EncryptionKey): AnyPac {
  const pacs = (ticket.authorizationData ?? [])
    .filter((element) => element.adType === AdType.AD_IF_RELEVANT)
    .flatMap((element) => decodeAuthorizationData(element.adData))
    .filter((element) => element.adType === AdType.AD_WIN2K_PAC)
  const [only, ...more] = pacs
  if (only === undefined) throw mismatch(EXCHANGE, 'the ticket has no PAC')
  if (more.length > 0) throw mismatch(EXCHANGE, 'the ticket has more than one PAC')
  const pac = decodeAnyPac(only.adData)
  const { type, mac } = pac.serverChecksum
  const octets = pac.octetsForServerChecksum
  // An AES key signs with its own checksum type: -138 would be a weaker one.
  const good =
    type === checksumTypeOf(key.etype) &&
    verifyChecksum(key, KeyUsage.KERB_NON_KERB_CKSUM, type, octets, mac)
  if (!good) {
    throw new KerberosError('ERR_KRB_INTEGRITY', `${EXCHANGE}: the PAC’s server signature is wrong`)
  }
  return pac
}

function checkPac(pac: AnyPac, ticket: EncTicketPart, user: S4uUser): void {
  const { clientInfo, logonInfo } = pac
  if (Math.floor(clientInfo.authTimeMs / 1000) !== Math.floor(ticket.authTimeMs / 1000)) {
    throw mismatch(EXCHANGE, 'the PAC was made at another time than the ticket')
  }
  if (clientInfo.name.toLowerCase() !== ticket.cname.nameString.join('/').toLowerCase()) {
    throw mismatch(EXCHANGE, 'the PAC names another client than the ticket')
  }
  checkEnterpriseName(pac, ticket, user)
  // MIT krb5 without a directory says no SID: then nobody can tell that the account is the one that was looked up.
  if (user.sid !== undefined && logonInfo?.userSid !== user.sid) {
    const sid = logonInfo?.userSid ?? 'an account without a SID'
    throw mismatch(EXCHANGE, `the PAC is of ${sid}, the directory says ${user.sid}`)
  }
}

/** A KDC may answer a user principal name with the account's own name: then SID or UPN must tell it is the user's. */
function checkEnterpriseName(pac: AnyPac, ticket: EncTicketPart, user: S4uUser): void {
  if (user.enterprise !== true || user.sid !== undefined) return
  const wanted = user.name.toLowerCase()
  const names = [ticket.cname.nameString.join('/'), pac.upnDnsInfo?.upn]
  if (names.some((name) => name?.toLowerCase() === wanted)) return
  throw mismatch(EXCHANGE, 'neither the ticket nor the PAC has the user principal name asked for')
}
