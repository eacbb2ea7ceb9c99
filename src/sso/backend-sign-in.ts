/**
 * The sign-in of one request at its backend: the token for the very socket it travels on, what the answer says of it, and
 * whether the request goes once more.
 *
 * @module
 */

import { formatNegotiate, type ApRefusedError, type InitiatorToken } from '../kerberos/index.ts'
import type { Channel } from './backend.ts'
import { refusalBehind, refusedTicketError } from './backend-refusal.ts'
import type { Call } from './call.ts'
import { bindingOf } from './channel-binding.ts'
import { logProof, logRefusal, logStep } from './delivery-log.ts'
import type { DeliveryPorts } from './delivery-ports.ts'
import { SsoError } from './errors.ts'
import { negotiateOf } from './headers.ts'
import { checkProof } from './mutual-proof.ts'
import type { Route } from './policy.ts'
import type { PreparedTicket } from './ticket-types.ts'

/** What becomes of an answer: it is for the client, or the request goes once more. */
export type AnswerVerdict = 'pass' | 'again'

/** One request's sign-in. */
export class BackendSignIn {
  readonly #call: Call
  readonly #route: Route
  readonly #ports: DeliveryPorts
  #ticket: PreparedTicket | undefined
  #token: InitiatorToken | undefined
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

  /**
   * Makes the Authorization value for a socket.
   *
   * @param channel - The socket that the request will travel on.
   * @returns `Negotiate` and a fresh token.
   * @throws SsoError ERR_SSO_PROOF_MISSING without a ticket; KerberosError ERR_KRB_CHANNEL_BINDING.
   */
  authorize(channel: Channel): string {
    const ticket = this.#ticket
    if (ticket === undefined)
      throw new SsoError('ERR_SSO_PROOF_MISSING', 'no token without a ticket')
    const channelBinding = bindingOf(channel)
    const mutual = this.#route.backend.row.mutualAuthentication !== 'off'
    this.#token = ticket.initiator.createToken(
      channelBinding === undefined ? { mutual } : { mutual, channelBinding },
    )
    this.#ports.counts.tokens++
    return formatNegotiate(this.#token.token)
  }

  /**
   * Judges the head of an answer.
   *
   * @param status - Its status.
   * @param headers - Flat.
   * @param answer - The socket it came on, and whether the request can be sent once more.
   * @returns `again`: not processed; send it once more when `renew` has resolved.
   * @throws SsoError ERR_SSO_BACKEND_REFUSED_TICKET; KerberosError ERR_KRB_MUTUAL.
   */
  judge(
    status: number,
    headers: readonly string[],
    answer: { readonly channel: Channel; readonly replayable: boolean },
  ): AnswerVerdict {
    const token = this.#token
    if (token === undefined) return 'pass'
    const challenge = negotiateOf(headers)
    if (status === 401 && challenge !== undefined) {
      this.#refused(refusalBehind(challenge), answer.replayable)
      return 'again'
    }
    this.#prove(token, challenge, answer.channel)
    return 'pass'
  }

  #prove(token: InitiatorToken, challenge: string | undefined, channel: Channel): void {
    const { counts, logger } = this.#ports
    const proof = checkProof(this.#route.backend, { token, challenge, channel })
    if (proof === 'off') return
    if (proof === 'proved') {
      counts.mutualVerified++
      if (!channel.mutualVerified) logProof(logger, this.#call, channel)
      channel.mutualVerified = true
      return
    }
    counts.mutualAbsent++
    const mutual = proof === 'earlier' ? 'earlier on this connection' : proof
    logStep(logger, this.#call, { message: 'backend did not prove its identity', mutual })
  }

  /** A 401 with a Negotiate challenge counts as not processed: once more, with a fresh socket, token and perhaps ticket. */
  #refused(refusal: ApRefusedError | undefined, replayable: boolean): void {
    const { logger, counts } = this.#ports
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
  }

  /**
   * Gets what the next token is made from.
   *
   * @returns Resolved when the request may be sent once more.
   * @throws KerberosError as the KDC client does.
   */
  async renew(): Promise<void> {
    const { tickets } = this.#ports
    const { wish } = this.#call
    const ticket = this.#ticket
    this.#token = undefined
    if (tickets === undefined || ticket === undefined || wish === undefined) return
    this.#ticket = await tickets.renew(ticket, wish)
  }
}
