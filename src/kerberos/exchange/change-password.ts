/**
 * Changes our own password at the realm's password server (RFC 3244): an AP-REQ, the new password in a KRB-PRIV.
 *
 * The server takes none but an initial ticket (AS exchange) for `kadmin/changepw`: who has our keys may change our password,
 * who has a ticket-granting ticket may not. The old password itself is not needed, so a keytab will do.
 *
 * @module
 */

import type { Clock, Random } from '../../platform/index.ts'
import { decrypt, encrypt, generateKey, type EncryptionKey } from '../crypto/index.ts'
import { nextMicrosecond } from '../gss/microsecond-counter.ts'
import { ApOption, KeyUsage, NameType } from '../iana/index.ts'
import {
  decodeApRep,
  decodeChangePasswordAnswer,
  decodeChangePasswordReply,
  decodeEncApRepPart,
  decodeEncKrbPrivPart,
  decodeKrbError,
  decodeKrbPriv,
  encodeApReq,
  encodeAuthenticator,
  encodeChangePasswordRequest,
  encodeEncKrbPrivPart,
  encodeKrbPriv,
  type ChangePasswordAnswer,
  type EncryptedData,
  type HostAddress,
  type KrbError,
  type PrincipalName,
} from '../messages/index.ts'
import { newNonce } from './nonce.ts'
import { mismatch } from './reply-checks.ts'
import type { ServiceTicket } from './types.ts'

/** The password server's name in every realm. */
export const PASSWORD_SERVICE: PrincipalName = {
  nameType: NameType.NT_SRV_INST,
  nameString: ['kadmin', 'changepw'],
}

/** Windows, Samba and MIT's server do not compare it with where the request came from, which behind a NAT it never is. */
const ANY_ADDRESS: HostAddress = { addrType: 2, address: new Uint8Array(4) }

/** What the password server said. */
export type PasswordServerWord =
  | { readonly answer: ChangePasswordAnswer; readonly proven: true }
  /** A KRB-ERROR: anybody on the way could have written it, and the change may have been made. */
  | {
      readonly answer: ChangePasswordAnswer | undefined
      readonly error: KrbError
      readonly proven: false
    }

/** One change of a password. */
export interface PasswordChange {
  /** The request. */
  readonly request: Uint8Array
  /**
   * Opens the reply.
   *
   * @throws KerberosError ERR_KRB_DECODE, ERR_KRB_INTEGRITY, ERR_KRB_REPLY_MISMATCH.
   */
  open(reply: Uint8Array): PasswordServerWord
}

/**
 * Prepares the change.
 *
 * @param ticket - Ours to PASSWORD_SERVICE, out of an AS exchange.
 * @param newPassword - It is sent as UTF-8.
 * @param ports - Time and chance.
 * @returns The change.
 */
export function changePassword(
  ticket: ServiceTicket,
  newPassword: string,
  ports: { readonly clock: Clock; readonly random: Random },
): PasswordChange {
  const { sessionKey } = ticket
  const subkey = generateKey(sessionKey.etype, ports.random)
  const now = nextMicrosecond(ports.clock)
  const cusec = now % 1_000_000
  const proof = { subkey, cusec, ctimeMs: (now - cusec) / 1000, seqNumber: newNonce(ports.random) }
  const sealed = { userData: Buffer.from(newPassword, 'utf8'), seqNumber: proof.seqNumber }
  const plain = encodeEncKrbPrivPart({ ...sealed, senderAddress: ANY_ADDRESS })
  const cipher = encrypt(subkey, KeyUsage.KRB_PRIV_ENC_PART, plain, ports.random)
  const krbPriv = encodeKrbPriv({ encPart: { etype: subkey.etype, cipher } })
  return {
    request: encodeChangePasswordRequest({ apReq: apReqOf(ticket, proof, ports), krbPriv }),
    open: (reply) => openReply(reply, sessionKey, { ...proof, cipher }),
  }
}

interface Proof {
  readonly subkey: EncryptionKey
  readonly cusec: number
  readonly ctimeMs: number
  readonly seqNumber: number
}

function apReqOf(
  { ticket, sessionKey, client, clientRealm }: ServiceTicket,
  proof: Proof,
  { random }: { readonly random: Random },
): Uint8Array {
  const plain = encodeAuthenticator({ crealm: clientRealm, cname: client, ...proof })
  const cipher = encrypt(sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR, plain, random)
  const authenticator = { etype: sessionKey.etype, cipher }
  return encodeApReq({ apOptions: ApOption.MUTUAL_REQUIRED, ticket, authenticator })
}

interface Sent extends Proof {
  /** Of our KRB-PRIV. */
  readonly cipher: Uint8Array
}

function openReply(octets: Uint8Array, sessionKey: EncryptionKey, sent: Sent): PasswordServerWord {
  const reply = decodeChangePasswordReply(octets)
  if ('krbError' in reply) return openError(reply.krbError)
  const { encPart } = decodeApRep(reply.apRep)
  checkEtype('AP-REP', encPart, sessionKey)
  const proven = decodeEncApRepPart(decrypt(sessionKey, KeyUsage.AP_REP_ENC_PART, encPart.cipher))
  if (proven.ctimeMs !== sent.ctimeMs || proven.cusec !== sent.cusec) {
    throw mismatch('kpasswd', 'the AP-REP answers another request')
  }
  // The server seals with our subkey, whether or not its AP-REP names another: that is what servers do, and MIT's client wants.
  const sealed = decodeKrbPriv(reply.krbPriv).encPart
  checkEtype('KRB-PRIV', sealed, sent.subkey)
  // Both directions have one key and usage: what we sent would open too, and the password in it be taken for an answer.
  if (Buffer.from(sealed.cipher).equals(sent.cipher)) {
    throw mismatch('kpasswd', 'our own message came back')
  }
  const part = decodeEncKrbPrivPart(decrypt(sent.subkey, KeyUsage.KRB_PRIV_ENC_PART, sealed.cipher))
  return { answer: decodeChangePasswordAnswer(part.userData), proven: true }
}

function checkEtype(what: string, { etype }: EncryptedData, key: EncryptionKey): void {
  if (etype === key.etype) return
  throw mismatch('kpasswd', `${what} encrypted with etype ${etype}, not ${key.etype}`)
}

function openError(krbError: Uint8Array): PasswordServerWord {
  const error = decodeKrbError(krbError)
  const answer = error.eData === undefined ? undefined : decodeChangePasswordAnswer(error.eData)
  return { answer, error, proven: false }
}
