/**
 * A ticket to ourselves, opened with our own key, and the PAC in it, signed with the same key.
 *
 * @module
 */

import { decrypt, verifyChecksum, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { AdType, KeyUsage } from '../iana/index.ts'
import {
  decodeAuthorizationData,
  decodeEncTicketPart,
  formatPrincipal,
  type EncTicketPart,
  type Ticket,
} from '../messages/index.ts'
import { decodeAnyPac, type AnyPac } from '../messages/pac.ts'
import { checkNotBroken } from './broken-etypes.ts'
import type { OwnKeys } from './own-secrets.ts'
import { mismatch } from './reply-checks.ts'

/** A ticket to us. */
export interface OpenedTicket {
  /** What is in it. */
  readonly ticket: EncTicketPart
  /** Which of our keys opened it. */
  readonly key: EncryptionKey
}

/**
 * Opens a ticket to us.
 *
 * @param ticket - The ticket.
 * @param keys - Our long-term keys.
 * @param exchange - Where it came from, for messages.
 * @returns What is in it, and the key.
 * @throws KerberosError ERR_KRB_INTEGRITY where none of our keys opens it, ERR_KRB_NO_KEY, ERR_KRB_ETYPE, ERR_KRB_DECODE.
 */
export function openTicket(
  { encPart, sname, realm }: Ticket,
  keys: Pick<OwnKeys, 'forTicket'>,
  exchange: string,
): OpenedTicket {
  const account = formatPrincipal(sname, realm)
  checkNotBroken({ exchange, what: 'the ticket to us', account, etype: encPart.etype })
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
    `${exchange}: none of our keys of etype ${encPart.etype} opens the ticket${version}`,
    {
      cause: failure,
      mend: 'The keytab does not hold the connector account’s present key: export it again.',
    },
  )
}

/**
 * Finds the one PAC in a ticket to us and verifies its server signature (MS-PAC 2.8.1).
 *
 * @param opened - The ticket, and the key that opened it.
 * @param exchange - Where it came from, for messages.
 * @returns The PAC.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH where there is none or more than one, or it is about another authentication
 *   or client; ERR_KRB_INTEGRITY, ERR_KRB_DECODE.
 */
export function signedPac({ ticket, key }: OpenedTicket, exchange: string): AnyPac {
  const pacs = (ticket.authorizationData ?? [])
    .filter((element) => element.adType === AdType.AD_IF_RELEVANT)
    .flatMap((element) => decodeAuthorizationData(element.adData))
    .filter((element) => element.adType === AdType.AD_WIN2K_PAC)
  const [only, ...more] = pacs
  if (only === undefined) throw mismatch(exchange, 'the ticket has no PAC')
  if (more.length > 0) throw mismatch(exchange, 'the ticket has more than one PAC')
  const pac = decodeAnyPac(only.adData)
  const { type, mac } = pac.serverChecksum
  const octets = pac.octetsForServerChecksum
  if (!verifyChecksum(key, KeyUsage.KERB_NON_KERB_CKSUM, type, octets, mac)) {
    throw new KerberosError('ERR_KRB_INTEGRITY', `${exchange}: the PAC’s server signature is wrong`)
  }
  checkAboutTicket(pac, ticket, exchange)
  return pac
}

function checkAboutTicket({ clientInfo }: AnyPac, ticket: EncTicketPart, exchange: string): void {
  if (Math.floor(clientInfo.authTimeMs / 1000) !== Math.floor(ticket.authTimeMs / 1000)) {
    throw mismatch(exchange, 'the PAC was made at another time than the ticket')
  }
  // MS-PAC 2.7; a KDC of MIT krb5 adds the realm where the client is of another one.
  const name = ticket.cname.nameString.join('/').toLowerCase()
  const names = [name, `${name}@${ticket.crealm.toLowerCase()}`]
  if (names.includes(clientInfo.name.toLowerCase())) return
  throw mismatch(exchange, 'the PAC names another client than the ticket')
}
