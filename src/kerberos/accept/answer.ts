/**
 * What an acceptor answers: AP-REP, KRB-ERROR, each bare, framed or in SPNEGO as the client's own token was.
 *
 * @module
 */

import type { Random } from '../../platform/index.ts'
import { encrypt, generateKey, type EncryptionKey } from '../crypto/index.ts'
import { TokenId, wrapMessage } from '../gss/mechanism-token.ts'
import { encodeNegTokenResp, NegState } from '../gss/spnego.ts'
import { KeyUsage } from '../iana/index.ts'
import {
  encodeApRep,
  encodeEncApRepPart,
  encodeKrbError,
  type Authenticator,
  type PrincipalName,
} from '../messages/index.ts'

/** An AP-REP, and what only its two ends know of it. */
export interface Proof {
  /** DER of the AP-REP. */
  readonly apRep: Uint8Array
  /** Our subkey. */
  readonly subkey: EncryptionKey
  /** Our first sequence number. */
  readonly sequenceNumber: number
}

/** RFC 4120 section 5.5.1: any initial number; without the highest bit no peer takes it for negative. */
const SEQUENCE_NUMBER_MASK = 0x3fffffff

/**
 * Makes the AP-REP: the authenticator's time, a subkey of ours, a sequence number. RFC 4120 section 3.2.4, RFC 4121 section 2.
 *
 * @param authenticator - Which it answers.
 * @param sessionKey - The ticket's session key.
 * @param random - Draws subkey, sequence number and confounder.
 * @returns The AP-REP.
 */
export function makeProof(
  authenticator: Authenticator,
  sessionKey: EncryptionKey,
  random: Random,
): Proof {
  const { ctimeMs, cusec } = authenticator
  const subkey = generateKey((authenticator.subkey ?? sessionKey).etype, random)
  const drawn = Buffer.from(random.bytes(4))
  const sequenceNumber = drawn.readUInt32BE() & SEQUENCE_NUMBER_MASK
  const part = encodeEncApRepPart({ ctimeMs, cusec, subkey, seqNumber: sequenceNumber })
  const cipher = encrypt(sessionKey, KeyUsage.AP_REP_ENC_PART, part, random)
  const apRep = encodeApRep({ encPart: { etype: sessionKey.etype, cipher } })
  return { apRep, subkey, sequenceNumber }
}

/** In what a client's token came, so that the answer goes the same way. */
export interface Framing {
  /** SPNEGO, Kerberos or nothing. */
  readonly mechanism: 'spnego' | 'krb5' | 'ap-req'
  /** Kerberos as a SPNEGO client wrote it; undefined where it was told already. */
  readonly supportedMech: string | undefined
}

/**
 * Puts an AP-REP where the client looks for it.
 *
 * @param apRep - DER; undefined where none was asked for.
 * @param framing - How the client's token came.
 * @param more - The MIC over the offer where SPNEGO exchanges them, and what is said of the negotiation.
 * @returns The token; undefined where nothing is to be said.
 */
export function frameAnswer(
  apRep: Uint8Array | undefined,
  framing: Framing,
  more: { readonly negState?: number; readonly mechListMic?: Uint8Array | undefined } = {},
): Uint8Array | undefined {
  if (framing.mechanism === 'ap-req') return apRep
  const token = apRep === undefined ? undefined : wrapMessage(TokenId.AP_REP, apRep)
  if (framing.mechanism === 'krb5') return token
  const { negState = NegState.ACCEPT_COMPLETED, mechListMic } = more
  const { supportedMech } = framing
  return encodeNegTokenResp({ negState, supportedMech, responseToken: token, mechListMic })
}

/** What a KRB-ERROR of ours says. */
export interface RefusalFields {
  /** RFC 4120 section 7.5.9. */
  readonly errorCode: number
  /** Our clock, milliseconds since the epoch. */
  readonly nowMs: number
  /** Our realm, or the ticket's. */
  readonly realm: string
  /** Our name, or the ticket's. */
  readonly sname: PrincipalName
}

/**
 * Makes the token of a refusal.
 *
 * @param fields - What the KRB-ERROR says.
 * @param framing - How the client's token came.
 * @returns The token.
 */
export function frameRefusal(fields: RefusalFields, framing: Framing): Uint8Array {
  const { errorCode, nowMs, realm, sname } = fields
  const stimeMs = Math.floor(nowMs / 1000) * 1000
  const susec = Math.floor(nowMs - stimeMs) * 1000
  const krbError = encodeKrbError({ stimeMs, susec, errorCode, realm, sname })
  if (framing.mechanism === 'ap-req') return krbError
  const token = wrapMessage(TokenId.KRB_ERROR, krbError)
  if (framing.mechanism === 'krb5') return token
  const { supportedMech } = framing
  return encodeNegTokenResp({ negState: NegState.REJECT, supportedMech, responseToken: token })
}
