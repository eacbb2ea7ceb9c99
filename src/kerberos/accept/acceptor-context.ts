/**
 * One client's exchange with an acceptor: mostly one token and one answer; more where SPNEGO has to agree on Kerberos first or
 * exchanges MICs over the client's offer (RFC 4178 sections 4 and 5).
 *
 * @module
 */

import type { Clock, Random } from '../../platform/index.ts'
import { makeMic, verifyMic, type MicMaker } from '../gss/mic.ts'
import {
  decodeNegTokenResp,
  encodeNegTokenResp,
  NegState,
  type NegTokenResp,
} from '../gss/spnego.ts'
import { KrbErrorCode } from '../iana/index.ts'
import type { Ticket } from '../messages/index.ts'
import { acceptedOf } from './accepted.ts'
import { frameAnswer, frameRefusal, makeProof, type Framing, type Proof } from './answer.ts'
import { verifyApReq, type ApReqRules, type VerifiedApReq } from './ap-req.ts'
import { apReqIn, readFirstToken, type Offer } from './incoming.ts'
import { AcceptError, asRefusal, Refusal } from './refusal.ts'
import type { AcceptChannel, AcceptStep } from './types.ts'

/** What all exchanges of an acceptor have in common. */
export interface AcceptorHome {
  readonly rules: ApReqRules
  readonly clock: Clock
  readonly random: Random
  readonly maxTokenOctets: number
  readonly requestMic: boolean
}

/** A client that is known, while SPNEGO may still have to be brought to its end. */
interface Known {
  readonly verified: VerifiedApReq
  readonly proof: Proof | undefined
}

function unexpected(what: string): Refusal {
  return new Refusal('ERR_KRB_GSS', what, { krb: KrbErrorCode.KRB_AP_ERR_MSG_TYPE })
}

/** One client's exchange. */
export class AcceptorContext {
  readonly #home: AcceptorHome
  readonly #channel: AcceptChannel
  #state: 'first' | 'token' | 'mic' | 'over' = 'first'
  #framing: Framing | undefined
  #offer: Offer | undefined
  #ticket: Ticket | undefined
  #known: Known | undefined

  constructor(home: AcceptorHome, channel: AcceptChannel) {
    this.#home = home
    this.#channel = channel
  }

  /**
   * Takes the client's next token.
   *
   * @param token - From the client.
   * @returns Who it is, or what goes back to it first.
   * @throws AcceptError, with the token of the refusal; the exchange is over then.
   */
  step(token: Uint8Array): AcceptStep {
    try {
      return this.#step(token)
    } catch (error) {
      const refusal = asRefusal(error)
      if (refusal === undefined) throw error
      this.#state = 'over'
      throw new AcceptError(refusal, this.#refusalToken(refusal))
    }
  }

  #step(token: Uint8Array): AcceptStep {
    const most = this.#home.maxTokenOctets
    if (token.length > most) {
      throw unexpected(`a token of ${token.length} octets, at most ${most} are taken`)
    }
    if (this.#state === 'first') return this.#first(token)
    if (this.#state === 'token') return this.#token(token)
    if (this.#state === 'mic') return this.#mic(token)
    throw unexpected('a token after the exchange was over')
  }

  #first(token: Uint8Array): AcceptStep {
    const { apReq, mechanism, offer } = readFirstToken(token)
    this.#framing = { mechanism, supportedMech: offer?.mechanism }
    this.#offer = offer
    if (apReq !== undefined) return this.#apReq(apReq, undefined)
    this.#state = 'token'
    // RFC 4178 section 5: another than the client's first choice must be covered by MICs.
    const preferred = offer?.preferred === true
    const negState = preferred ? NegState.ACCEPT_INCOMPLETE : NegState.REQUEST_MIC
    const replyToken = encodeNegTokenResp({ negState, supportedMech: offer?.mechanism })
    return { done: false, replyToken }
  }

  #token(token: Uint8Array): AcceptStep {
    const { responseToken, mechListMic } = this.#response(token)
    if (responseToken === undefined) throw unexpected('an answer without a Kerberos token')
    this.#framing = { mechanism: 'spnego', supportedMech: undefined }
    return this.#apReq(apReqIn(responseToken), mechListMic)
  }

  #response(token: Uint8Array): NegTokenResp {
    const answer = decodeNegTokenResp(token)
    if (answer.negState === NegState.REJECT) throw unexpected('the client refuses our choice')
    return answer
  }

  #apReq(octets: Uint8Array, mic: Uint8Array | undefined): AcceptStep {
    const { rules, random } = this.#home
    const arrival = {
      bare: this.#framing?.mechanism === 'ap-req',
      channel: this.#channel,
      onTicket: (ticket: Ticket) => {
        this.#ticket = ticket
      },
    }
    const verified = verifyApReq(octets, arrival, rules)
    const { authenticator, opened, mutual } = verified
    const proof = mutual ? makeProof(authenticator, opened.part.key, random) : undefined
    const known = { verified, proof }
    this.#known = known
    if (!this.#needsMic(mic)) return this.#complete(known, {})
    const mechListMic = this.#ownMic(known)
    if (mic !== undefined) {
      this.#verifyMic(known, mic)
      return this.#complete(known, { mechListMic })
    }
    this.#state = 'mic'
    const first = this.#framing?.supportedMech !== undefined
    const negState = first ? NegState.REQUEST_MIC : NegState.ACCEPT_INCOMPLETE
    return { done: false, replyToken: this.#answer(known, { negState, mechListMic }) }
  }

  #needsMic(mic: Uint8Array | undefined): boolean {
    if (this.#offer === undefined) return false
    return !this.#offer.preferred || this.#home.requestMic || mic !== undefined
  }

  #mic(token: Uint8Array): AcceptStep {
    const { negState, mechListMic } = this.#response(token)
    const known = this.#known
    if (mechListMic === undefined || known === undefined) {
      throw unexpected('an answer without the MIC that was asked for')
    }
    this.#verifyMic(known, mechListMic)
    this.#state = 'over'
    const completed = { negState: NegState.ACCEPT_COMPLETED }
    const replyToken =
      negState === NegState.ACCEPT_COMPLETED ? undefined : encodeNegTokenResp(completed)
    return { done: true, accepted: acceptedOf({ ...known, ...this.#came(), replyToken }) }
  }

  #complete(known: Known, more: { readonly mechListMic?: Uint8Array }): AcceptStep {
    this.#state = 'over'
    const replyToken = this.#answer(known, more)
    return { done: true, accepted: acceptedOf({ ...known, ...this.#came(), replyToken }) }
  }

  #came(): Pick<Framing, 'mechanism'> {
    return { mechanism: this.#framing?.mechanism ?? 'ap-req' }
  }

  #answer(
    known: Known,
    more: { readonly negState?: number; readonly mechListMic?: Uint8Array },
  ): Uint8Array {
    const framing = this.#framing ?? { mechanism: 'ap-req', supportedMech: undefined }
    return frameAnswer(known.proof?.apRep, framing, more) ?? new Uint8Array(0)
  }

  #micMaker({ verified, proof }: Known, by: MicMaker['by']): MicMaker {
    const { authenticator, opened } = verified
    const key = proof?.subkey ?? authenticator.subkey ?? opened.part.key
    return { by, key, acceptorSubkey: proof !== undefined }
  }

  #ownMic(known: Known): Uint8Array {
    const { authenticator } = known.verified
    // RFC 4121 section 4.2.3: without an AP-REP both sides count from the initiator's number.
    const sequenceNumber = known.proof?.sequenceNumber ?? authenticator.seqNumber ?? 0
    return makeMic(this.#micMaker(known, 'acceptor'), sequenceNumber, this.#mechTypeList())
  }

  #verifyMic(known: Known, mic: Uint8Array): void {
    verifyMic(this.#micMaker(known, 'initiator'), mic, this.#mechTypeList())
  }

  #mechTypeList(): Uint8Array {
    return this.#offer?.mechTypeList ?? new Uint8Array(0)
  }

  #refusalToken({ krbErrorCode }: Refusal): Uint8Array | undefined {
    const framing = this.#framing
    if (framing === undefined) return undefined
    const ticket = this.#ticket
    if (ticket !== undefined) {
      const { realm, sname } = ticket
      const fields = { errorCode: krbErrorCode, nowMs: this.#home.clock.nowMs(), realm, sname }
      return frameRefusal(fields, framing)
    }
    const spnego = framing.mechanism === 'spnego'
    return spnego ? encodeNegTokenResp({ negState: NegState.REJECT }) : undefined
  }
}
