/**
 * FAST (RFC 6113 section 5.4): a tunnel for a request's padata and body, and for the answer, under a key that a ticket-granting
 * ticket gives. Whoever sits on the wire can neither guess a password by what passes nor forge names, methods or errors.
 *
 * In an AS-REQ the armour is an AP-REQ with a ticket-granting ticket, of whomever; in a TGS-REQ it is PA-TGS-REQ itself.
 *
 * @module
 */

import {
  checksum,
  checksumTypeOf,
  combineKeys,
  decrypt,
  encrypt,
  generateKey,
  verifyChecksum,
  type EncryptionKey,
} from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { nextMicrosecond } from '../gss/microsecond-counter.ts'
import { KeyUsage, PaType } from '../iana/index.ts'
import {
  decodeKrbFastResponse,
  decodePaFxFastReply,
  encodeApReq,
  encodeAuthenticator,
  encodeKrbFastReq,
  encodePaFxFastRequest,
  findPaData,
  FX_FAST_ARMOR_AP_REQUEST,
  type KdcRep,
  type KrbFastResponse,
  type PaData,
} from '../messages/index.ts'
import { mismatch } from './reply-checks.ts'
import type { ExchangePorts, ServiceTicket } from './types.ts'

/** The armour of a conversation with a KDC. */
export interface Armor {
  /** Under which request and answer go. */
  readonly key: EncryptionKey
  /** DER of the AP-REQ that gives the KDC this key; absent in a TGS-REQ. */
  readonly apReq?: Uint8Array | undefined
}

/** What is armoured. */
export interface ArmoredRequest {
  /** What the outer checksum covers: the KDC-REQ-BODY, in a TGS-REQ the AP-REQ of PA-TGS-REQ. */
  readonly covered: Uint8Array
  /** Padata for the KDC alone. */
  readonly padata: readonly PaData[]
  /** DER of the KDC-REQ-BODY; it goes outside as well. */
  readonly reqBody: Uint8Array
}

/**
 * The error for a KDC that does not armour, or wants an armour that we do not have.
 *
 * @param what - Which, and where.
 * @param mend - What to do.
 * @returns The error.
 */
export function fastError(what: string, mend: string): KerberosError {
  return new KerberosError('ERR_KRB_FAST', what, { mend })
}

/**
 * The armour key that subkey and session key of an AP-REQ make. RFC 6113 section 5.4.1.1.
 *
 * @param subkey - Out of the authenticator.
 * @param sessionKey - The ticket's.
 * @returns The key.
 */
export function armorKey(subkey: EncryptionKey, sessionKey: EncryptionKey): EncryptionKey {
  return combineKeys(
    { key: subkey, pepper: 'subkeyarmor' },
    { key: sessionKey, pepper: 'ticketarmor' },
  )
}

/**
 * Armour for the requests of one AS exchange. RFC 6113 section 5.4.1.1.
 *
 * @param ticket - A ticket-granting ticket of the KDC's realm.
 * @param ports - Time and chance.
 * @returns The armour, with a subkey of its own.
 */
export function armorBy(ticket: ServiceTicket, ports: ExchangePorts): Armor {
  const { sessionKey } = ticket
  const subkey = generateKey(sessionKey.etype, ports.random)
  const now = nextMicrosecond(ports.clock)
  const cusec = now % 1_000_000
  const plain = encodeAuthenticator({
    crealm: ticket.clientRealm,
    cname: ticket.client,
    cusec,
    ctimeMs: (now - cusec) / 1000,
    subkey,
  })
  const cipher = encrypt(sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR, plain, ports.random)
  const authenticator = { etype: sessionKey.etype, cipher }
  const apReq = encodeApReq({ apOptions: 0, ticket: ticket.ticket, authenticator })
  return { key: armorKey(subkey, sessionKey), apReq }
}

/**
 * The PA-FX-FAST of a request.
 *
 * @param armor - The conversation's armour.
 * @param request - What it is to hold.
 * @param ports - Chance.
 * @returns The one piece of padata that goes outside; in a TGS-REQ beside PA-TGS-REQ.
 */
export function paFxFast(
  { key, apReq }: Armor,
  request: ArmoredRequest,
  ports: ExchangePorts,
): PaData {
  const { padata, reqBody, covered } = request
  const plain = encodeKrbFastReq({ fastOptions: 0, padata, reqBody })
  const padataValue = encodePaFxFastRequest({
    armor: apReq && { armorType: FX_FAST_ARMOR_AP_REQUEST, armorValue: apReq },
    reqChecksum: {
      cksumtype: checksumTypeOf(key.etype),
      checksum: checksum(key, KeyUsage.FAST_REQ_CHKSUM, covered),
    },
    encFastReq: {
      etype: key.etype,
      cipher: encrypt(key, KeyUsage.FAST_ENC, plain, ports.random),
    },
  })
  return { padataType: PaType.PA_FX_FAST, padataValue }
}

/**
 * Opens what a KDC armoured.
 *
 * @param armor - The conversation's armour.
 * @param padata - Of the reply, or the METHOD-DATA of an error.
 * @param request - The request's nonce, and the name of the exchange for messages.
 * @returns The response; undefined where there is none.
 * @throws KerberosError ERR_KRB_INTEGRITY for another key, ERR_KRB_REPLY_MISMATCH for another request's response, ERR_KRB_DECODE.
 */
export function openArmored(
  armor: Armor,
  padata: readonly PaData[] | undefined,
  request: { readonly nonce: number; readonly exchange: string },
): KrbFastResponse | undefined {
  const value = findPaData(padata, PaType.PA_FX_FAST)
  // A KDC that offers FAST says so with an empty PA-FX-FAST (RFC 6113 section 5.4.2).
  if (value === undefined || value.length === 0) return undefined
  const { etype, cipher } = decodePaFxFastReply(value)
  if (etype !== armor.key.etype) {
    throw mismatch(request.exchange, `armoured with etype ${etype}, not ${armor.key.etype}`)
  }
  const response = decodeKrbFastResponse(decrypt(armor.key, KeyUsage.FAST_REP, cipher))
  if (response.nonce !== request.nonce) {
    throw mismatch(request.exchange, 'another nonce under the armour')
  }
  return response
}

/**
 * Checks that a response ends its conversation with this very ticket, and puts what was armoured in the place of what was
 * not. RFC 6113 section 5.4.3.
 *
 * @param reply - The reply as it came.
 * @param response - What it held under the armour.
 * @param armor - The conversation's armour.
 * @returns The reply with the client's name, realm and padata as the KDC armoured them.
 * @throws KerberosError ERR_KRB_REPLY_MISMATCH for a missing end or a ticket with another checksum.
 */
export function finishedReply(
  reply: KdcRep,
  response: KrbFastResponse,
  { armor, exchange }: { readonly armor: Armor; readonly exchange: string },
): KdcRep {
  const { finished, padata } = response
  if (finished === undefined) throw mismatch(exchange, 'nothing under the armour names the ticket')
  const { cksumtype, checksum: mac } = finished.ticketChecksum
  if (!verifyChecksum(armor.key, KeyUsage.FAST_FINISHED, cksumtype, reply.ticket, mac)) {
    throw mismatch(exchange, 'the armour is about another ticket')
  }
  return { ...reply, padata, crealm: finished.crealm, cname: finished.cname }
}

/**
 * The key of the reply's encrypted part. RFC 6113 section 5.4.3.
 *
 * @param response - What was armoured; undefined: nothing.
 * @param replyKey - What the key would be without FAST.
 * @returns The key, strengthened where the KDC did that.
 */
export function strengthened(
  response: KrbFastResponse | undefined,
  replyKey: EncryptionKey,
): EncryptionKey {
  const strengthenKey = response?.strengthenKey
  if (strengthenKey === undefined) return replyKey
  return combineKeys(
    { key: strengthenKey, pepper: 'strengthenkey' },
    { key: replyKey, pepper: 'replykey' },
  )
}
