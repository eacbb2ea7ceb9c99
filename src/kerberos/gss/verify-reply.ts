/**
 * The acceptor's proof: an AP-REP that repeats the authenticator's time (RFC 4120 section 3.2.5), in SPNEGO or alone. And
 * SPNEGO's MIC over the offered mechanisms where the acceptor sends one or asks for ours (RFC 4178 section 5).
 *
 * @module
 */

import { applicationTag } from '../../asn1/index.ts'
import { decrypt, type EncryptionKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { KeyUsage, MessageType } from '../iana/index.ts'
import { decodeApRep, decodeEncApRepPart, type EncApRepPart } from '../messages/index.ts'
import { ApRefusedError, refusalIn } from './ap-refusal.ts'
import {
  isKerberosMechanism,
  readAnswer,
  TokenId,
  type AnsweredMessage,
} from './mechanism-token.ts'
import { makeMic, verifyMic, type MicMaker } from './mic.ts'
import type { AuthenticatorTime } from './prepared-token.ts'
import {
  decodeNegTokenResp,
  encodeNegTokenResp,
  NEG_TOKEN_RESP_TAG,
  NegState,
  OFFERED_MECH_TYPE_LIST,
  type NegTokenResp,
} from './spnego.ts'

/** What the reply must answer. */
export interface SentToken {
  /** The ticket's session key. */
  readonly sessionKey: EncryptionKey
  /** The authenticator's time. */
  readonly time: AuthenticatorTime
  /** Whether an AP-REP was asked for. */
  readonly mutual: boolean
  /** The authenticator's subkey. */
  readonly subkey: Uint8Array
  /** The authenticator's sequence number. */
  readonly sequenceNumber: number
}

function mutualError(what: string, cause?: unknown): KerberosError {
  return new KerberosError('ERR_KRB_MUTUAL', `the acceptor did not prove itself: ${what}`, {
    cause,
    mend: 'Check that the service principal name belongs to the account under which the backend runs.',
  })
}

const STATE_NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [NegState.ACCEPT_INCOMPLETE, 'accept-incomplete'],
  [NegState.REJECT, 'reject'],
  [NegState.REQUEST_MIC, 'request-mic'],
])

/** The acceptor wants one more token of us. */
function wantsMore({ negState }: NegTokenResp): boolean {
  return negState === NegState.ACCEPT_INCOMPLETE || negState === NegState.REQUEST_MIC
}

/** A bare AP-REP answers like a completed negotiation. */
function answerIn(reply: Uint8Array): NegTokenResp {
  if (reply[0] === NEG_TOKEN_RESP_TAG) return decodeNegTokenResp(reply)
  const negState = NegState.ACCEPT_COMPLETED
  return reply.length === 0 ? { negState } : { negState, responseToken: reply }
}

/** Windows 2000 sends its response token once more in place of a MIC. */
function micIn({ mechListMic, responseToken }: NegTokenResp): Uint8Array | undefined {
  if (mechListMic === undefined || responseToken === undefined) return mechListMic
  return Buffer.from(mechListMic).equals(responseToken) ? undefined : mechListMic
}

/** What is no refusal. */
function messageIn(token: Uint8Array): AnsweredMessage {
  const answered = readAnswer(token)
  const refusal = refusalIn(answered)
  if (refusal !== undefined) throw refusal
  return answered
}

function openApRep(
  { tokenId, message }: AnsweredMessage,
  { sessionKey, time }: SentToken,
): EncApRepPart {
  if (tokenId !== undefined && tokenId !== TokenId.AP_REP) {
    throw mutualError(`a token of type 0x${tokenId.toString(16).padStart(4, '0')}`)
  }
  if (message[0] !== applicationTag(MessageType.AP_REP)) throw mutualError('no AP-REP came')
  const { encPart } = decodeApRep(message)
  const { etype } = sessionKey
  if (encPart.etype !== etype) {
    throw mutualError(`an AP-REP of etype ${encPart.etype}, not ${etype}`)
  }
  const part = decodeEncApRepPart(decrypt(sessionKey, KeyUsage.AP_REP_ENC_PART, encPart.cipher))
  if (part.ctimeMs !== time.seconds * 1000 || part.cusec !== time.cusec) {
    throw mutualError('the AP-REP answers another request')
  }
  return part
}

/** Checks the replies to one token, in the order in which they come. */
export class ReplyVerifier {
  readonly #sent: SentToken
  /** What the AP-REP said, once it came. */
  #proof: EncApRepPart | undefined
  #micVerified = false
  #micSent = false

  constructor(sent: SentToken) {
    this.#sent = sent
  }

  /**
   * Checks the next reply.
   *
   * @param reply - NegTokenResp, a framed or a bare AP-REP or KRB-ERROR; empty where nothing came.
   * @returns The token that the acceptor wants next; undefined where it wants none.
   * @throws ApRefusedError for a KRB-ERROR; KerberosError ERR_KRB_MUTUAL for anything else but the proof that was asked for.
   */
  step(reply: Uint8Array): Uint8Array | undefined {
    try {
      return this.#step(answerIn(reply))
    } catch (error) {
      if (error instanceof ApRefusedError) throw error
      if (error instanceof KerberosError && error.code === 'ERR_KRB_MUTUAL') throw error
      throw mutualError(error instanceof Error ? error.message : 'malformed', error)
    }
  }

  #step(answer: NegTokenResp): Uint8Array | undefined {
    const { supportedMech, responseToken } = answer
    // RFC 4178 section 4.2.2: required in the first answer; a later one may leave it to the mechanism, which is at its end.
    const negState = answer.negState ?? (this.#micSent ? NegState.ACCEPT_COMPLETED : undefined)
    const answered = responseToken && messageIn(responseToken)
    if (negState !== NegState.ACCEPT_COMPLETED && !wantsMore(answer)) {
      const name = negState === undefined ? 'nothing' : (STATE_NAMES.get(negState) ?? negState)
      throw mutualError(`it answered ${name} to the offer`)
    }
    if (supportedMech !== undefined && !isKerberosMechanism(supportedMech)) {
      throw mutualError(`it chose the mechanism ${supportedMech}, which was not offered`)
    }
    this.#checkProof(answered)
    this.#checkMic(answer)
    return wantsMore(answer) ? this.#ownMic() : undefined
  }

  #checkProof(answered: AnsweredMessage | undefined): void {
    if (answered !== undefined) {
      if (this.#proof !== undefined) throw mutualError('a second AP-REP came')
      this.#proof = openApRep(answered, this.#sent)
    } else if (this.#sent.mutual && this.#proof === undefined) {
      throw mutualError('no AP-REP came')
    }
  }

  /** RFC 4178 section 5: once MICs are exchanged, both sides send one. */
  #checkMic(answer: NegTokenResp): void {
    const mic = micIn(answer)
    if (mic !== undefined) {
      verifyMic(this.#micMaker('acceptor'), mic, OFFERED_MECH_TYPE_LIST)
      this.#micVerified = true
    }
    if (this.#micSent && !this.#micVerified && !wantsMore(answer)) {
      throw mutualError('it asked for a MIC and sent none')
    }
  }

  #ownMic(): Uint8Array {
    if (this.#micSent) throw mutualError('it wants a second MIC')
    this.#micSent = true
    const { sequenceNumber } = this.#sent
    const mechListMic = makeMic(this.#micMaker('initiator'), sequenceNumber, OFFERED_MECH_TYPE_LIST)
    const negState = this.#micVerified ? NegState.ACCEPT_COMPLETED : NegState.ACCEPT_INCOMPLETE
    return encodeNegTokenResp({ negState, mechListMic })
  }

  /** RFC 4121 section 2: the acceptor's subkey where it asserted one, else ours. */
  #micMaker(by: MicMaker['by']): MicMaker {
    const { sessionKey, subkey } = this.#sent
    const asserted = this.#proof?.subkey
    const key = asserted ?? { etype: sessionKey.etype, value: subkey }
    return { by, key, acceptorSubkey: asserted !== undefined }
  }
}
