/**
 * S4U2Self (MS-SFU 3.1.5.1): a ticket to ourselves in the name of a user who showed the KDC nothing.
 *
 * @module
 */

import {
  checksum,
  checksumTypeOf,
  hasMd5,
  hmacMd5,
  verifyChecksum,
  type EncryptionKey,
} from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
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
import type { KeyOwner, OwnKeys } from './own-secrets.ts'
import { tgsRealm } from './realm-names.ts'
import { chaseReferrals } from './referral.ts'
import { mismatch, type CheckedReply } from './reply-checks.ts'
import { tgsExchange, type TgsQuestion, type TgsReply } from './tgs.ts'
import type { Evidence, Exchange, ExchangePorts, S4uUser, ServiceTicket } from './types.ts'

/** What is asked. */
export interface S4u2SelfQuestion {
  /** Our ticket-granting ticket of the user's realm. */
  readonly tgt: ServiceTicket
  /** The user. */
  readonly user: S4uUser
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
  const { tgt, user, keys } = question
  const self = { principal: tgt.client, realm: tgt.clientRealm }
  const ask = (at: ServiceTicket): Exchange<CheckedReply> => askOne({ self, user, tgt: at }, ports)
  const { checked, tgt: last } = yield* chaseReferrals(tgt, ask, ports)
  if (tgsRealm(last) !== self.realm) {
    throw mismatch('S4U2Self', `a ticket to ourselves from the KDC of ${tgsRealm(last)}`)
  }
  return openEvidence(checked, user, keys)
}

/** One KDC on the way. */
interface Asked {
  /** Who we are, as our own KDC has it. */
  readonly self: KeyOwner
  readonly user: S4uUser
  /** Of the KDC. */
  readonly tgt: ServiceTicket
}

/** One KDC's answer: a referral, or the ticket. Another realm knows us as one component with our realm in it. */
function* askOne(asked: Asked, ports: ExchangePorts): Exchange<CheckedReply> {
  const { tgt, user, self } = asked
  const { principal, realm } = self
  const foreign = tgsRealm(tgt) !== realm
  const x509Only = ports.s4uUserPadata === 'x509Only' || !hasMd5()
  const question: TgsQuestion = {
    exchange: 'S4U2Self',
    tgt,
    sname: foreign
      ? { nameType: NameType.NT_ENTERPRISE, nameString: [formatPrincipal(principal, realm)] }
      : principal,
    client: { cname: userPrincipal(user), crealm: user.realm },
    padata: (nonce, key) => {
      const named = paS4uX509User(user, nonce, key)
      return x509Only ? [named] : [paForUser(asked), named]
    },
  }
  try {
    const checked = yield* tgsExchange(question, ports)
    checkReplyPaData(checked)
    return checked
  } catch (error) {
    throw x509Only ? explained(error) : error
  }
}

/** A KDC that does not know PA-S4U-X509-USER takes the request for an ordinary one, and answers it for ourselves. */
function explained(error: unknown): unknown {
  const understood = !(error instanceof KerberosError) || error.code !== 'ERR_KRB_REPLY_MISMATCH'
  if (understood) return error
  return new KerberosError(error.code, error.message, {
    cause: error,
    mend: 'The user was told by PA-S4U-X509-USER alone, which this KDC may not know (Samba): set s4uUserPadata to both, which needs MD5 (native-notes/fips.md).',
  })
}

function paForUser({ tgt, user }: Asked): PaData {
  const [userName, userRealm] = [userPrincipal(user), user.realm]
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

/** MS-SFU 2.2.2 says the session key; where there is a subkey, MIT krb5 and Windows take that. */
function paS4uX509User(user: S4uUser, nonce: number, key: EncryptionKey): PaData {
  const userId = encodeS4uUserId({
    nonce,
    cname: userPrincipal(user),
    crealm: user.realm,
    options: S4uOption.USE_REPLY_KEY_USAGE,
  })
  const padataValue = encodePaS4uX509User({
    userId,
    checksum: {
      cksumtype: checksumTypeOf(key.etype),
      checksum: checksum(key, KeyUsage.PA_S4U_X509_USER_REQUEST, userId),
    },
  })
  return { padataType: PaType.PA_S4U_X509_USER, padataValue }
}

/**
 * Checks the KDC's PA-S4U-X509-USER where it sent one. Its absence proves nothing, for padata is unprotected and not
 * every KDC sends it: the opened ticket decides.
 */
function checkReplyPaData({ reply, part, key }: TgsReply): void {
  const value = findPaData(reply.padata, PaType.PA_S4U_X509_USER)
  if (value === undefined) return
  const { userId, user, checksum: mac } = decodePaS4uX509User(value)
  const echoed = ((user.options ?? 0) & S4uOption.USE_REPLY_KEY_USAGE) !== 0
  const usage = echoed ? KeyUsage.PA_S4U_X509_USER_REPLY : KeyUsage.PA_S4U_X509_USER_REQUEST
  if (!verifyChecksum(key, usage, mac.cksumtype, userId, mac.checksum)) {
    throw mismatch('S4U2Self', 'the checksum of PA-S4U-X509-USER')
  }
  if (user.nonce !== part.nonce) throw mismatch('S4U2Self', 'another nonce in PA-S4U-X509-USER')
}
