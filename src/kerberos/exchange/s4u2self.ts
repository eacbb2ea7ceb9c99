/**
 * S4U2Self (MS-SFU 3.1.5.1): a ticket to ourselves in the name of a user who showed the KDC nothing.
 *
 * @module
 */

import { getFips } from 'node:crypto'
import { checksum, checksumTypeOf, hmacMd5, verifyChecksum } from '../crypto/index.ts'
import { ChecksumType, KeyUsage, NameType, PaType, S4uOption } from '../iana/index.ts'
import {
  decodePaS4uX509User,
  encodePaForUser,
  encodePaS4uX509User,
  encodeS4uUserId,
  findPaData,
  formatPrincipal,
  paForUserChecksumInput,
  type PaData,
  type PrincipalName,
} from '../messages/index.ts'
import { openEvidence } from './evidence.ts'
import type { ClientIdentity, OwnKeys } from './own-keys.ts'
import { tgsRealm } from './realm-names.ts'
import { chaseReferrals } from './referral.ts'
import { mismatch, type CheckedReply } from './reply-checks.ts'
import { tgsExchange } from './tgs.ts'
import type { Evidence, Exchange, ExchangePorts, S4uUser, ServiceTicket } from './types.ts'

/** What is asked. */
export interface S4u2SelfQuestion {
  /** Our ticket-granting ticket of the user's realm. */
  readonly tgt: ServiceTicket
  /** The user. */
  readonly user: S4uUser
  /** Who we are. */
  readonly identity: ClientIdentity
  /** Keys that open the ticket. */
  readonly keys: OwnKeys
}

/**
 * The user's name as the KDC wants it.
 *
 * @param user - The user.
 * @returns NT-ENTERPRISE for a user principal name, else NT-PRINCIPAL.
 */
export function userPrincipal(user: S4uUser): PrincipalName {
  const nameType = user.enterprise === true ? NameType.NT_ENTERPRISE : NameType.NT_PRINCIPAL
  return { nameType, nameString: [user.name] }
}

/**
 * Gets the evidence ticket, opens it with our own key and checks it.
 *
 * A user of another realm is asked for at the KDC of that realm, which refers us, with the user's PAC, back to our own
 * (MS-SFU 4.2); every KDC on the way is told the user again.
 *
 * @param question - What is asked.
 * @param ports - Time, chance and settings.
 * @yields TGS-REQ; wants TGS-REP or KRB-ERROR.
 * @returns The evidence.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH for a ticket of anybody else, or as the KDC refuses.
 */
export function* s4u2selfExchange(
  question: S4u2SelfQuestion,
  ports: ExchangePorts,
): Exchange<Evidence> {
  const { tgt, user, identity, keys } = question
  const ask = (at: ServiceTicket): Exchange<CheckedReply> => askOne({ ...question, tgt: at }, ports)
  const { checked, tgt: last } = yield* chaseReferrals(tgt, ask, ports)
  if (tgsRealm(last) !== identity.realm) {
    throw mismatch('S4U2Self', `a ticket to ourselves from the KDC of ${tgsRealm(last)}`)
  }
  return openEvidence(checked, user, keys)
}

/** One KDC's answer: a referral, or the ticket. Another realm knows us as one component with our realm in it. */
function* askOne(question: S4u2SelfQuestion, ports: ExchangePorts): Exchange<CheckedReply> {
  const { tgt, user, identity } = question
  const { principal, realm } = identity
  const foreign = tgsRealm(tgt) !== realm
  const checked = yield* tgsExchange(
    {
      exchange: 'S4U2Self',
      tgt,
      sname: foreign
        ? { nameType: NameType.NT_ENTERPRISE, nameString: [formatPrincipal(principal, realm)] }
        : principal,
      client: { cname: userPrincipal(user), crealm: user.realm },
      padata: (nonce) => userPaData(question, nonce),
    },
    ports,
  )
  checkReplyPaData(checked, tgt)
  return checked
}

/** Both forms: Samba knows the first alone. In FIPS mode there is no MD5, hence no PA-FOR-USER. */
function userPaData(question: S4u2SelfQuestion, nonce: number): readonly PaData[] {
  const named = paS4uX509User(question, nonce)
  if (getFips() === 1) return [named]
  const { tgt, user } = question
  return [paForUser(tgt, userPrincipal(user), user.realm), named]
}

function paForUser(tgt: ServiceTicket, userName: PrincipalName, userRealm: string): PaData {
  const covered = paForUserChecksumInput(userName, userRealm)
  const padataValue = encodePaForUser({
    userName,
    userRealm,
    cksum: {
      cksumtype: ChecksumType.HMAC_MD5,
      checksum: hmacMd5(tgt.sessionKey, KeyUsage.KERB_NON_KERB_CKSUM, covered),
    },
  })
  return { padataType: PaType.PA_FOR_USER, padataValue }
}

function paS4uX509User({ tgt, user }: S4u2SelfQuestion, nonce: number): PaData {
  const userId = encodeS4uUserId({
    nonce,
    cname: userPrincipal(user),
    crealm: user.realm,
    options: S4uOption.USE_REPLY_KEY_USAGE,
  })
  const padataValue = encodePaS4uX509User({
    userId,
    checksum: {
      cksumtype: checksumTypeOf(tgt.sessionKey.etype),
      checksum: checksum(tgt.sessionKey, KeyUsage.PA_S4U_X509_USER_REQUEST, userId),
    },
  })
  return { padataType: PaType.PA_S4U_X509_USER, padataValue }
}

/**
 * Checks the KDC's PA-S4U-X509-USER where it sent one. Its absence proves nothing, for padata is unprotected and not
 * every KDC sends it: the opened ticket decides.
 */
function checkReplyPaData({ reply, part }: CheckedReply, tgt: ServiceTicket): void {
  const value = findPaData(reply.padata, PaType.PA_S4U_X509_USER)
  if (value === undefined) return
  const { userId, user, checksum: mac } = decodePaS4uX509User(value)
  const echoed = ((user.options ?? 0) & S4uOption.USE_REPLY_KEY_USAGE) !== 0
  const usage = echoed ? KeyUsage.PA_S4U_X509_USER_REPLY : KeyUsage.PA_S4U_X509_USER_REQUEST
  if (!verifyChecksum(tgt.sessionKey, usage, mac.cksumtype, userId, mac.checksum)) {
    throw mismatch('S4U2Self', 'the checksum of PA-S4U-X509-USER')
  }
  if (user.nonce !== part.nonce) throw mismatch('S4U2Self', 'another nonce in PA-S4U-X509-USER')
}
