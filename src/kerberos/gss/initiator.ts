/**
 * Makes tokens from one service ticket (RFC 4121 section 4.1): prepared once, then some microseconds each.
 *
 * @module
 */

import { needObject, needOctets, type Clock, type Random } from '../../platform/index.ts'
import { checkKey } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'
import { GssFlag } from './authenticator-checksum.ts'
import { nextMicrosecond } from './microsecond-counter.ts'
import {
  LEAST_CUSEC,
  PreparedToken,
  type AuthenticatorTime,
  type InitiatorTicket,
  type TokenSettings,
} from './prepared-token.ts'
import { ReplyVerifier, type SentToken } from './verify-reply.ts'

/** What kind of token is wanted. */
export interface InitiatorOptions {
  /** Application data of the channel binding, for instance what tlsServerEndPoint gave. Default none. */
  readonly channelBinding?: Uint8Array | undefined
  /** Whether the acceptor has to prove itself. Default true. */
  readonly mutual?: boolean | undefined
  /** SPNEGO with Kerberos inside, or Kerberos alone. Default SPNEGO. */
  readonly mechanism?: 'spnego' | 'krb5' | undefined
  /**
   * GssFlag bits besides mutual. Default none: we protect no messages by Kerberos, and Active Directory refuses an LDAP
   * bind over TLS that asks for integrity or confidentiality. Never delegation: nobody's ticket-granting ticket is handed on.
   */
  readonly flags?: number | undefined
}

/** One token and the check of its answer. */
export interface InitiatorToken {
  /** What goes to the acceptor. */
  readonly token: Uint8Array
  /**
   * Checks the acceptor's last reply.
   *
   * @param reply - NegTokenResp or AP-REP; empty where nothing came.
   * @throws ApRefusedError where the acceptor sent a KRB-ERROR; KerberosError ERR_KRB_MUTUAL unless it proved itself (or
   *   was not asked to), wants nothing more, and its mechListMIC, if it sent one, is right.
   */
  verifyReply(reply: Uint8Array): void
  /**
   * Checks a reply and answers it: an acceptor may want a MIC over the offered mechanisms (RFC 4178 section 5). Each
   * reply is given once, in order.
   *
   * @param reply - NegTokenResp or AP-REP.
   * @returns The token to send next, over the same connection; undefined where the acceptor wants nothing more.
   * @throws ApRefusedError and KerberosError ERR_KRB_MUTUAL as verifyReply does.
   */
  answer(reply: Uint8Array): Uint8Array | undefined
}

/** Flags that promise what our tokens do not hold: a KRB-CRED, a third token. */
const NOT_OURS = GssFlag.DELEGATION | GssFlag.DCE_STYLE

/** A ticket is used with one channel binding at a time, seldom with a few. */
const MAX_PREPARED = 16

function resolve(options: InitiatorOptions): TokenSettings {
  if (((options.flags ?? 0) & NOT_OURS) !== 0) {
    throw new RangeError('tokens with delegation or in DCE style are not made')
  }
  return {
    channelBinding: options.channelBinding,
    mutual: options.mutual ?? true,
    mechanism: options.mechanism ?? 'spnego',
    flags: options.flags ?? 0,
  }
}

class SentInitiatorToken implements InitiatorToken {
  readonly token: Uint8Array
  readonly #sent: SentToken
  #verifier: ReplyVerifier | undefined

  constructor(token: Uint8Array, sent: SentToken) {
    this.token = token
    this.#sent = sent
  }

  verifyReply(reply: Uint8Array): void {
    const verifier = this.#verifier ?? new ReplyVerifier(this.#sent)
    if (verifier.step(reply) === undefined) return
    throw new KerberosError(
      'ERR_KRB_MUTUAL',
      'the acceptor did not prove itself: it wants one more token (accept-incomplete or request-mic)',
    )
  }

  answer(reply: Uint8Array): Uint8Array | undefined {
    this.#verifier ??= new ReplyVerifier(this.#sent)
    return this.#verifier.step(reply)
  }
}

/** Makes tokens from one service ticket. Not for a ticket that is replaced: make a new Initiator then. */
export class Initiator {
  readonly #ticket: InitiatorTicket
  readonly #clock: Clock
  readonly #random: Random
  #last: PreparedToken | undefined
  /** Of other kinds, those used last first; seldom there are any. */
  #others: PreparedToken[] | undefined

  constructor(ticket: InitiatorTicket, ports: { readonly clock: Clock; readonly random: Random }) {
    needObject('ticket', ticket, 'a service ticket, for instance of ownTicket() or delegate()')
    needOctets('ticket.ticket', ticket.ticket)
    needObject('ticket.sessionKey', ticket.sessionKey, 'an object: { etype, value }')
    needObject('ports', ports, 'an object: { clock, random }')
    needObject('ports.clock', ports.clock, 'a Clock, for instance systemClock', ['nowMs'])
    needObject('ports.random', ports.random, 'a Random, for instance systemRandom', ['bytes'])
    checkKey(ticket.sessionKey)
    this.#ticket = ticket
    this.#clock = ports.clock
    this.#random = ports.random
  }

  /**
   * Makes a token: fresh time, subkey, sequence number and encryption.
   *
   * @param options - What kind of token.
   * @returns The token; it is for one request alone.
   * @throws KerberosError ERR_KRB_CHANNEL_BINDING where the binding cannot be digested (FIPS mode); RangeError for flags of
   *   delegation or DCE style.
   */
  createToken(options: InitiatorOptions = {}): InitiatorToken {
    const settings = resolve(options)
    const moment = nextMicrosecond(this.#clock, LEAST_CUSEC)
    const cusec = moment % 1_000_000
    const time: AuthenticatorTime = { seconds: (moment - cusec) / 1_000_000, cusec }
    const prepared = this.#prepare(settings)
    const { token, subkey, sequenceNumber } = prepared.fill(time, this.#random)
    const { sessionKey } = prepared
    const sent = { sessionKey, time, mutual: settings.mutual, subkey, sequenceNumber }
    return new SentInitiatorToken(token, sent)
  }

  #prepare(settings: TokenSettings): PreparedToken {
    const last = this.#last
    if (last?.fits(settings) === true) return last
    const found = this.#takeOther(settings) ?? new PreparedToken(this.#ticket, settings)
    if (last !== undefined) {
      this.#others ??= []
      this.#others.unshift(last)
      if (this.#others.length >= MAX_PREPARED) this.#others.pop()
    }
    this.#last = found
    return found
  }

  #takeOther(settings: TokenSettings): PreparedToken | undefined {
    const at = this.#others?.findIndex((candidate) => candidate.fits(settings)) ?? -1
    return at < 0 ? undefined : this.#others?.splice(at, 1)[0]
  }
}
