/**
 * The reply of an AS exchange: which key opens it, and that it answers this very request.
 *
 * @module
 */

import { verifyChecksum, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { KeyUsage, NameType, PaType, TicketFlag } from '../iana/index.ts'
import {
  decodeChecksum,
  findPaData,
  formatPrincipal,
  type EncKdcRepPart,
} from '../messages/index.ts'
import { checkKdcChallenge, etypeInfo } from './as-proof.ts'
import type { AsConversation, AsGranted } from './as-request.ts'
import { checkNotBroken } from './broken-etypes.ts'
import { strengthened } from './fast.ts'
import { ticketGrantingService } from './realm-names.ts'
import { checkReply, mismatch, openReply } from './reply-checks.ts'
import type { ServiceTicket } from './types.ts'

interface Opened {
  readonly part: EncKdcRepPart
  /** Our long-term key that fits. */
  readonly key: EncryptionKey
  /** What it became under the armour. */
  readonly replyKey: EncryptionKey
}

/**
 * Opens and checks a reply.
 *
 * @param granted - The reply.
 * @param keys - Our long-term keys that may open it, the likeliest first.
 * @param conversation - What it answers.
 * @returns The ticket.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH, ERR_KRB_INTEGRITY, ERR_KRB_SKEW, ERR_KRB_NO_KEY or ERR_KRB_DECODE.
 */
export function ticketOfReply(
  granted: AsGranted,
  keys: readonly EncryptionKey[],
  conversation: AsConversation,
): ServiceTicket {
  const { reply, response } = granted
  const { principal, realm } = conversation.requester.identity
  const account = formatPrincipal(principal, realm)
  const { etype } = reply.encPart
  checkNotBroken({ exchange: 'AS', what: `its reply to ${account}`, account, etype })
  const opened = openWithAny(granted, keysFor(granted, keys, conversation))
  const { armor } = conversation
  if (armor !== undefined && response !== undefined) {
    checkKdcChallenge(response.padata, opened.key, armor)
  }
  checkRequestProof(granted, opened)
  const { part } = opened
  const { ticket } = checkReply(
    { reply, part },
    expectedOf(granted, conversation),
    conversation.ports,
  )
  checkNotDowngraded(ticket, conversation)
  return ticket
}

/** The KDC may seal its reply under another type of key than the proof's (RFC 4120 section 3.1.3): how it is made, the reply says. */
function keysFor(
  { reply }: AsGranted,
  keys: readonly EncryptionKey[],
  { requester, ports }: AsConversation,
): readonly EncryptionKey[] {
  const { etype } = reply.encPart
  const named = etypeInfo(reply.padata).filter((entry) => entry.etype === etype)
  const other = named.length > 0 && ports.etypes.includes(etype)
  if (!other || keys.some((key) => key.etype === etype)) return keys
  return requester.keys.forProof(named, [etype], ports.stringToKey)
}

/** A KDC that wants no proof may use an older version of our key than our newest. */
function openWithAny(granted: AsGranted, keys: readonly EncryptionKey[]): Opened {
  let failure: KerberosError | undefined
  for (const key of keys) {
    try {
      const replyKey = strengthened(granted.response, key)
      return { part: openReply(granted.reply, replyKey, KeyUsage.AS_REP_ENC_PART), key, replyKey }
    } catch (error) {
      if (!(error instanceof KerberosError) || error.code !== 'ERR_KRB_INTEGRITY') throw error
      failure ??= error
    }
  }
  if (failure === undefined) {
    throw new KerberosError('ERR_KRB_NO_KEY', 'AS: no key to open the reply with')
  }
  throw new KerberosError('ERR_KRB_INTEGRITY', 'AS: none of our keys opens the KDC’s reply', {
    cause: failure,
    mend: 'The keytab or password is not the account’s present one: export it again.',
  })
}

function expectedOf(
  { nonce, tillMs, response }: AsGranted,
  { requester, ports }: AsConversation,
): Parameters<typeof checkReply>[1] {
  const { principal, realm } = requester.identity
  // RFC 6806 sections 5 and 6: an enterprise name is answered with the account's own; so may any be that is armoured.
  const mayDiffer = principal.nameType === NameType.NT_ENTERPRISE || response !== undefined
  return {
    exchange: 'AS',
    nonce,
    sname: requester.sname ?? ticketGrantingService(realm),
    srealm: realm,
    cname: mayDiffer && ports.canonicalize !== false ? undefined : principal,
    crealm: realm,
    // A client's referral is a KDC_ERR_WRONG_REALM; the first ticket is our own KDC's.
    mayRefer: false,
    tillMs,
    // RENEWABLE-OK: renewable instead of valid until then.
    renewTillMs: tillMs,
  }
}

/** RFC 6806 section 11: the KDC's checksum over the request as it got it, where its flag says that it made one. */
function checkRequestProof({ request }: AsGranted, { part, replyKey }: Opened): void {
  if ((part.flags & TicketFlag.ENC_PA_REP) === 0) return
  const value = findPaData(part.encryptedPaData, PaType.PA_REQ_ENC_PA_REP)
  if (value === undefined) throw mismatch('AS', 'no checksum of the request')
  const { cksumtype, checksum } = decodeChecksum(value)
  if (verifyChecksum(replyKey, KeyUsage.AS_REQ, cksumtype, request, checksum)) return
  throw mismatch('AS', 'the KDC got another request than we sent')
}

/** A KDC that armours, whose answer in the open said it does not: someone on the way took that out. */
function checkNotDowngraded(
  { fastAvailable }: ServiceTicket,
  { armorDenied }: AsConversation,
): void {
  if (armorDenied !== true || fastAvailable !== true) return
  throw mismatch('AS', 'the KDC offers armour (FAST), but its first answer did not')
}
