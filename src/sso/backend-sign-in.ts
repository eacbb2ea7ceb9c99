/**
 * The sign-in of one request at its backend: whether it carries a token on the very socket it travels on, what the answer
 * says of it, and whether the request goes once more.
 *
 * A request goes without a token only where the app's settings say so, and never on a connection that another ticket
 * signed in: so a connection's sign-in ends with the ticket, with the user's newer sign-in, and with an eviction.
 *
 * @module
 */

import type { InitiatorToken } from '../kerberos/index.ts'
import type { Channel, ChannelSignIn } from './backend.ts'
import { refusalBehind, refusedTicketError } from './backend-refusal.ts'
import { createBackendToken } from './backend-token.ts'
import type { Call } from './call.ts'
import { logProof, logRefusal, logStep } from './delivery-log.ts'
import type { DeliveryPorts } from './delivery-ports.ts'
import { SsoError } from './errors.ts'
import { challengeOf, offeredSchemes } from './headers.ts'
import { learnKeeping } from './kept-sign-in.ts'
import { checkProof, proves, type MutualProof } from './mutual-proof.ts'
import type { Route } from './policy.ts'
import { formatTicket } from './ticket-header.ts'
import type { PreparedTicket } from './ticket-types.ts'
import { bodyGone, unansweredError } from './unanswered.ts'

/**
 * What becomes of an answer: it is for the client; it asked for a ticket, and the request goes once more with one; or it
 * refused a ticket, and the request goes once more when `renew` has resolved, on a fresh connection.
 */
export type AnswerVerdict = 'pass' | 'asked' | 'refused'

/** The head of an answer. */
export interface Answer {
  readonly status: number
  /** Flat. */
  readonly headers: readonly string[]
  /** The socket it came on. */
  readonly channel: Channel
  /** The request can be sent once more. */
  readonly replayable: boolean
}

/** One request's sign-in. */
export class BackendSignIn implements ChannelSignIn {
  readonly #call: Call
  readonly #route: Route
  readonly #ports: DeliveryPorts
  #ticket: PreparedTicket | undefined
  #token: InitiatorToken | undefined
  #fieldOctets = 0
  #asked = false
  #retried = false

  constructor(call: Call, route: Route, ports: DeliveryPorts) {
    this.#call = call
    this.#route = route
    this.#ports = ports
    this.#ticket = call.ticket
  }

  /** The backend refused the first token. */
  get retried(): boolean {
    return this.#retried
  }

  accepts(channel: Channel): boolean {
    if (this.#route.sending.when === 'always' || channel.signer === undefined) return true
    return channel.signer === this.#ticket?.initiator
  }

  #needsToken(channel: Channel): boolean {
    const { sending, backend } = this.#route
    if (sending.when === 'always' || this.#asked || this.#retried) return true
    // A backend that must prove itself does so before it is sent anything without a token.
    if (backend.row.mutualAuthentication === 'required' && !channel.mutualVerified) return true
    return sending.when === 'oncePerConnection' && channel.keepsSignIn !== 'yes'
  }

  authorize(channel: Channel): string | undefined {
    this.#token = undefined
    if (!this.#needsToken(channel)) return undefined
    const ticket = this.#ticket
    if (ticket === undefined)
      throw new SsoError('ERR_SSO_PROOF_MISSING', 'no token without a ticket')
    this.#token = createBackendToken(ticket, channel, this.#route)
    this.#ports.counts.tokens++
    const field = formatTicket(this.#route.sending.learned.scheme, this.#token.token)
    this.#fieldOctets = field.length
    this.#ports.largeTokens.note(this.#call, field.length)
    return field
  }

  /** The request goes once more, with a token. */
  ask(): void {
    this.#asked = true
    this.#ports.counts.asked++
  }

  /**
   * Judges the head of an answer.
   *
   * @param answer - The head.
   * @returns What becomes of it.
   * @throws SsoError ERR_SSO_BACKEND_ and ERR_SSO_BODY_NOT_REPLAYABLE; KerberosError ERR_KRB_MUTUAL.
   */
  judge(answer: Answer): AnswerVerdict {
    const token = this.#token
    if (token === undefined) return this.#judgeWithout(answer)
    const { status, headers, channel } = answer
    const { when, learned } = this.#route.sending
    const challenge = challengeOf(headers, learned.scheme)
    // A challenge in the answer shows that the token was read.
    if (challenge !== undefined) this.#ports.largeTokens.accept(this.#call, this.#fieldOctets)
    else this.#ports.largeTokens.judge(this.#call, this.#fieldOctets, status)
    if (status !== 401) learned.accepted = true
    else if (this.#isRefusal(answer, token, challenge)) return this.#refused(answer, challenge)
    const proof = this.#prove(token, challenge, channel)
    if (when === 'oncePerConnection') learnKeeping(channel, { headers, proof, challenge })
    return 'pass'
  }

  /** On a request that carried no token. */
  #judgeWithout(answer: Answer): AnswerVerdict {
    const { status, headers, channel, replayable } = answer
    const { statuses } = this.#route.sending
    if (status !== 401 && !statuses.includes(status)) return 'pass'
    if (!this.#learnScheme(headers) && status === 401) {
      this.#refuseUnanswered(headers, false)
      return 'pass'
    }
    // Not what was thought of this connection: each of its requests carries a token from now on.
    if (channel.keepsSignIn === 'yes') channel.keepsSignIn = 'no'
    if (!replayable) throw bodyGone(this.#route.backend.origin)
    this.ask()
    const message = 'backend asked for a ticket, sending once more'
    logStep(this.#ports.logger, this.#call, { message, mutual: 'not asked' })
    return 'asked'
  }

  /** Whether a 401 to a token is about the token. One that proves the backend's identity is its application's own. */
  #isRefusal(answer: Answer, token: InitiatorToken, challenge: string | undefined): boolean {
    if (challenge !== undefined) return !proves(this.#route.backend, token, challenge)
    if (this.#learnScheme(answer.headers)) return true
    if (!answer.channel.mutualVerified) this.#refuseUnanswered(answer.headers, true)
    return false
  }

  /** Takes over the scheme that is offered; false where there is none that a ticket answers. */
  #learnScheme(headers: readonly string[]): boolean {
    for (const scheme of ['negotiate', 'kerberos'] as const) {
      if (challengeOf(headers, scheme) === undefined) continue
      this.#route.sending.learned.scheme = scheme
      return true
    }
    return false
  }

  #refuseUnanswered(headers: readonly string[], ticketSent: boolean): void {
    const { sending, backend } = this.#route
    const { accepted } = sending.learned
    const schemes = offeredSchemes(headers)
    const error = unansweredError({ origin: backend.origin, schemes, ticketSent, accepted })
    if (error !== undefined) throw error
  }

  #prove(token: InitiatorToken, challenge: string | undefined, channel: Channel): MutualProof {
    const { counts, logger } = this.#ports
    const proof = checkProof(this.#route.backend, { token, challenge, channel })
    if (proof === 'proved') {
      counts.mutualVerified++
      if (!channel.mutualVerified) logProof(logger, this.#call, channel)
      channel.mutualVerified = true
    } else if (proof !== 'off') {
      counts.mutualAbsent++
      const mutual = proof === 'earlier' ? 'earlier on this connection' : proof
      logStep(logger, this.#call, { message: 'backend did not prove its identity', mutual })
    }
    return proof
  }

  /** A 401 with a challenge counts as not processed: once more, with a fresh socket, token and perhaps ticket. */
  #refused({ replayable }: Answer, challenge: string | undefined): AnswerVerdict {
    const { logger, counts } = this.#ports
    const refusal = challenge === undefined ? undefined : refusalBehind(challenge)
    logRefusal(logger, this.#call, { attempt: this.#retried ? 2 : 1, refusal })
    if (this.#retried || !replayable) {
      const how = replayable ? 'twice' : 'and the request body could not be sent again'
      const refused = { origin: this.#route.backend.origin, spn: this.#ticket?.spn ?? '', how }
      throw refusedTicketError(refused, refusal)
    }
    this.#retried = true
    counts.retried++
    const message = 'backend answered 401, sending once more'
    logStep(logger, this.#call, { message, mutual: 'absent' })
    return 'refused'
  }

  /**
   * After `refused`: gets what the next token is made from.
   *
   * @returns Resolved when the request may be sent once more.
   * @throws KerberosError as the KDC client does.
   */
  async renew(): Promise<void> {
    const { tickets } = this.#ports
    const { wish } = this.#call
    const ticket = this.#ticket
    if (tickets === undefined || ticket === undefined || wish === undefined) return
    this.#ticket = await tickets.renew(ticket, wish)
  }
}
