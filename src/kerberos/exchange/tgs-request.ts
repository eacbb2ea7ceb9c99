/**
 * TGS-REQ (RFC 4120 section 3.3.2), in its armour where there is one (RFC 6113 section 5.4.2).
 *
 * Without armour the authenticator carries no subkey, so that the reply and PA-S4U-X509-USER are under the TGT's session key
 * on every KDC; the nonce, inside the reply's encrypted part, ties the reply to this request. The armour is made of a subkey,
 * under which everything is then.
 *
 * @module
 */

import {
  checksum,
  checksumTypeOf,
  encrypt,
  generateKey,
  type EncryptionKey,
} from '../crypto/index.ts'
import { nextMicrosecond } from '../gss/microsecond-counter.ts'
import { KdcOption, KeyUsage, MessageType, PaType } from '../iana/index.ts'
import {
  encodeApReq,
  encodeAuthenticator,
  encodeKdcReq,
  encodeKdcReqBody,
  type PaData,
  type PrincipalName,
} from '../messages/index.ts'
import { armorKey, paFxFast, type Armor } from './fast.ts'
import type { ExchangeStep } from './kdc-error.ts'
import { tgsRealm } from './realm-names.ts'
import type { ExchangePorts, ServiceTicket } from './types.ts'

/** Whom a ticket is to name. */
export interface TgsClient {
  /** The name; for NT-ENTERPRISE the KDC may answer with another, which the caller checks. */
  readonly cname: PrincipalName
  /** The realm. */
  readonly crealm: string
}

/** What is asked of a ticket-granting service. */
export interface TgsQuestion {
  /** Name of the exchange, for messages. */
  readonly exchange: ExchangeStep['exchange']
  /** The ticket-granting ticket. */
  readonly tgt: ServiceTicket
  /** The service, of the realm whose KDC takes the ticket-granting ticket. */
  readonly sname: PrincipalName
  /** Whom the ticket must name; the TGT's client when absent. */
  readonly client?: TgsClient | undefined
  /** Added to canonicalize, and to forwardable where the ticket-granting ticket is. */
  readonly kdcOptions?: number | undefined
  /**
   * Padata besides PA-TGS-REQ; may depend on the request's nonce, and on the key that reply and request share: the
   * authenticator's subkey where there is one, else the ticket-granting ticket's session key.
   */
  readonly padata?: ((nonce: number, key: EncryptionKey) => readonly PaData[]) | undefined
  /** DER of additional tickets. */
  readonly additionalTickets?: readonly Uint8Array[] | undefined
  /** Until when the ticket is to be renewable, milliseconds since the epoch; goes with KdcOption.RENEWABLE. */
  readonly rtimeMs?: number | undefined
}

/** The keys of one TGS exchange. */
export interface TgsKeys {
  /** Under which the reply's encrypted part is: the subkey, or the session key. */
  readonly replyKey: EncryptionKey
  /** 9 for a subkey, 8 for the session key. */
  readonly replyUsage: number
  /** Goes with a subkey only. */
  readonly armor?: Armor | undefined
}

/**
 * Chooses keys, and with them whether the exchange is armoured: where the setting demands it, or the KDC offered it.
 *
 * @param tgt - The ticket-granting ticket.
 * @param ports - The setting, and chance.
 * @returns The keys.
 */
export function tgsKeys(tgt: ServiceTicket, ports: ExchangePorts): TgsKeys {
  const { sessionKey, fastAvailable = false } = tgt
  const { fast = 'whenOffered' } = ports
  if (fast === 'off' || (fast === 'whenOffered' && !fastAvailable)) {
    return { replyKey: sessionKey, replyUsage: KeyUsage.TGS_REP_ENC_PART_SESSION_KEY }
  }
  const subkey = generateKey(sessionKey.etype, ports.random)
  return {
    replyKey: subkey,
    replyUsage: KeyUsage.TGS_REP_ENC_PART_SUBKEY,
    armor: { key: armorKey(subkey, sessionKey) },
  }
}

/**
 * Encodes a TGS-REQ.
 *
 * @param question - What is asked.
 * @param proof - The request's nonce, and its keys.
 * @param ports - Time, chance and settings.
 * @returns DER.
 */
export function encodeTgsReq(
  question: TgsQuestion,
  proof: { readonly nonce: number; readonly keys: TgsKeys },
  ports: ExchangePorts,
): Uint8Array {
  const { nonce, keys } = proof
  const reqBody = bodyOf(question, nonce, ports)
  const inner = question.padata?.(nonce, keys.replyKey) ?? []
  const apReq = paTgsReq({ tgt: question.tgt, reqBody, keys }, ports)
  const request = { covered: apReq.padataValue, padata: inner, reqBody }
  const rest = keys.armor ? [paFxFast(keys.armor, request, ports)] : inner
  return encodeKdcReq({ msgType: MessageType.TGS_REQ, padata: [apReq, ...rest], reqBody })
}

function bodyOf(question: TgsQuestion, nonce: number, ports: ExchangePorts): Uint8Array {
  const { tgt, sname, kdcOptions = 0, additionalTickets, rtimeMs } = question
  // RFC 4120 section 3.3.3: a KDC refuses to make a forwardable ticket from one that is not (KDC_ERR_BADOPTION).
  const mayForward = tgt.flags & KdcOption.FORWARDABLE
  return encodeKdcReqBody({
    kdcOptions: (kdcOptions | mayForward | KdcOption.CANONICALIZE) >>> 0,
    realm: tgsRealm(tgt),
    sname,
    tillMs: tgt.endTimeMs,
    rtimeMs,
    nonce,
    etype: ports.etypes,
    additionalTickets,
  })
}

/** PA-TGS-REQ (RFC 4120 section 5.2.7.1): an AP-REQ whose authenticator covers the body. */
function paTgsReq(
  request: { readonly tgt: ServiceTicket; readonly reqBody: Uint8Array; readonly keys: TgsKeys },
  ports: ExchangePorts,
): PaData {
  const { tgt, reqBody, keys } = request
  const key = tgt.sessionKey
  const now = nextMicrosecond(ports.clock)
  const cusec = now % 1_000_000
  const authenticator = encodeAuthenticator({
    crealm: tgt.clientRealm,
    cname: tgt.client,
    cksum: {
      cksumtype: checksumTypeOf(key.etype),
      checksum: checksum(key, KeyUsage.TGS_REQ_AUTHENTICATOR_CHECKSUM, reqBody),
    },
    cusec,
    ctimeMs: (now - cusec) / 1000,
    subkey: keys.armor && keys.replyKey,
  })
  const cipher = encrypt(key, KeyUsage.TGS_REQ_AUTHENTICATOR, authenticator, ports.random)
  const padataValue = encodeApReq({
    apOptions: 0,
    ticket: tgt.ticket,
    authenticator: { etype: key.etype, cipher },
  })
  return { padataType: PaType.PA_TGS_REQ, padataValue }
}
