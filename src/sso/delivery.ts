/**
 * The last stages: a token for the very socket, the request to the backend, the reply's proof, and one retry after 401.
 *
 * @module
 */

import {
  formatNegotiate,
  KerberosError,
  parseNegotiate,
  tlsServerEndPoint,
  type ApRefusedError,
  type InitiatorToken,
} from '../kerberos/index.ts'
import type { Logger, SallyportError } from '../platform/index.ts'
import type {
  BackendHandler,
  BackendPool,
  BackendRequest,
  Channel,
  StreamedBody,
} from './backend.ts'
import { refusalBehind, refusalFields, refusedTicketError } from './backend-refusal.ts'
import { collectBody } from './body.ts'
import type { Call } from './call.ts'
import { SsoError } from './errors.ts'
import { backendHeaders, clientHeaders, negotiateOf } from './headers.ts'
import type { SsoLimits } from './limits.ts'
import type { Route } from './policy.ts'
import type { Stage } from './stages.ts'
import type { PreparedTicket } from './ticket-types.ts'
import type { TicketKeeper } from './tickets.ts'

/** How often what happened. */
export interface DeliveryCounts {
  tokens: number
  mutualVerified: number
  mutualAbsent: number
  retried: number
}

/** What the last stage works through. */
export interface DeliveryPorts {
  readonly backends: BackendPool
  readonly tickets: TicketKeeper | undefined
  readonly logger: Logger
  readonly limits: SsoLimits
  readonly counts: DeliveryCounts
}

/** Channel bindings by certificate: computed once per socket, since each socket hands out one object. */
const bindings = new WeakMap<Uint8Array, Uint8Array>()

function bindingOf(channel: Channel): Uint8Array | undefined {
  const { certificate } = channel
  if (certificate === undefined) return undefined
  let binding = bindings.get(certificate)
  if (binding === undefined) {
    binding = tlsServerEndPoint(certificate)
    bindings.set(certificate, binding)
  }
  return binding
}

/** Whose connections: nobody's are shared by the app's requests, a user's by that user's. */
function poolKeyOf(call: Call, route: Route): string {
  return `${route.app.id}\n${call.identity?.user ?? ''}`
}

/** One request's exchange with its backend. */
class Delivery implements BackendHandler {
  readonly #call: Call
  readonly #route: Route
  readonly #ports: DeliveryPorts
  readonly #body: Uint8Array | StreamedBody | undefined
  #ticket: PreparedTicket | undefined
  #token: InitiatorToken | undefined
  #retried = false

  constructor(
    call: Call,
    route: Route,
    ports: DeliveryPorts & { body: Uint8Array | StreamedBody | undefined },
  ) {
    this.#call = call
    this.#route = route
    this.#ports = ports
    this.#body = ports.body
    this.#ticket = call.ticket
  }

  send(): void {
    const { request } = this.#call
    const kerberos = this.#route.servicePrincipalName !== undefined
    const sent: BackendRequest = {
      target: this.#route.target,
      poolKey: poolKeyOf(this.#call, this.#route),
      owner: this.#call.identity?.user,
      method: request.method,
      path: request.target,
      headers: backendHeaders(request.headers, this.#route.host, kerberos),
      body: this.#body,
      fresh: this.#retried,
      authorize: kerberos ? (channel) => this.#authorize(channel) : undefined,
    }
    const backend = this.#ports.backends.send(sent, this)
    if (this.#call.over) backend.abort()
    else this.#call.backend = backend
  }

  #authorize(channel: Channel): string {
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

  onHead(status: number, headers: readonly string[], channel: Channel): void {
    if (this.#call.over) return
    try {
      if (this.#token === undefined || this.#accept(status, headers, channel)) {
        this.#call.sink.onHead(status, clientHeaders(headers))
      }
    } catch (error) {
      this.#call.fail(error)
    }
  }

  /** False: the answer is not for the client, the request is on its way once more. */
  #accept(status: number, headers: readonly string[], channel: Channel): boolean {
    const challenge = negotiateOf(headers)
    if (status === 401 && challenge !== undefined) {
      this.#refused(refusalBehind(challenge))
      return false
    }
    this.#checkReply(challenge, channel)
    return true
  }

  /** RFC 4559 section 5: the reply's token is the backend's AP-REP; a wrong one never passes. */
  #checkReply(challenge: string | undefined, channel: Channel): void {
    const wanted = this.#route.backend.row.mutualAuthentication
    if (wanted === 'off') return
    const reply = challenge === undefined ? undefined : parseNegotiate(challenge)
    if (reply !== undefined && reply.length > 0) {
      this.#token?.verifyReply(reply)
      this.#ports.counts.mutualVerified++
      if (!channel.mutualVerified) this.#logProof(channel)
      channel.mutualVerified = true
      return
    }
    // A backend that keeps a sign-in for the whole connection proves itself once on it.
    if (wanted === 'required' && !channel.mutualVerified) {
      throw new KerberosError(
        'ERR_KRB_MUTUAL',
        `${this.#route.backend.origin} did not prove its identity`,
        {
          mend: 'Have the backend answer with an AP-REP, or set mutualAuthentication: wanted in the policy.',
        },
      )
    }
    this.#ports.counts.mutualAbsent++
    this.#log(
      'backend did not prove its identity',
      channel.mutualVerified ? 'earlier on this connection' : 'absent',
    )
  }

  /** Once per connection: an administrator sees that the backend holds the key of its SPN, and whether EPA was used. */
  #logProof(channel: Channel): void {
    this.#ports.logger.info('backend proved its identity', {
      app: this.#call.request.app.id,
      origin: this.#route.backend.origin,
      servicePrincipalName: this.#ticket?.spn,
      user: this.#call.identity?.account.sAMAccountName,
      channelBinding: channel.certificate !== undefined,
    })
  }

  /** Told each time: the second answer may be about something else, and the first is lost in a success. */
  #logRefusal(refusal: ApRefusedError | undefined): void {
    const level = refusal === undefined ? 'debug' : 'info'
    this.#ports.logger[level]('backend refused a ticket', {
      requestId: this.#call.request.requestId,
      app: this.#call.request.app.id,
      origin: this.#route.backend.origin,
      servicePrincipalName: this.#ticket?.spn,
      user: this.#call.identity?.account.sAMAccountName,
      attempt: this.#retried ? 2 : 1,
      ...refusalFields(refusal),
    })
  }

  #log(message: string, mutual: string): void {
    const { requestId, app } = this.#call.request
    this.#ports.logger.debug(message, { requestId, app: app.id, mutual })
  }

  /** A 401 with a Negotiate challenge counts as not processed: once more, with a fresh socket, token and perhaps ticket. */
  #refused(refusal: ApRefusedError | undefined): void {
    const { tickets, counts } = this.#ports
    const { wish } = this.#call
    const ticket = this.#ticket
    const replayable = this.#body === undefined || this.#body instanceof Uint8Array
    this.#logRefusal(refusal)
    if (
      this.#retried ||
      !replayable ||
      tickets === undefined ||
      ticket === undefined ||
      wish === undefined
    ) {
      throw refusedTicketError(
        {
          origin: this.#route.backend.origin,
          spn: ticket?.spn ?? '',
          how: replayable ? 'twice' : 'and the request body could not be sent again',
        },
        refusal,
      )
    }
    this.#retried = true
    counts.retried++
    this.#call.backend?.abort()
    this.#call.backend = undefined
    this.#log('backend answered 401, sending once more', 'absent')
    tickets.renew(ticket, wish).then(
      (renewed) => {
        this.#sendAgain(renewed)
      },
      (error: unknown) => {
        this.#call.fail(error)
      },
    )
  }

  #sendAgain(ticket: PreparedTicket): void {
    if (this.#call.over) return
    this.#ticket = ticket
    this.#token = undefined
    try {
      this.send()
    } catch (error) {
      this.#call.fail(error)
    }
  }

  onData(chunk: Uint8Array): boolean {
    return this.#call.over || this.#call.sink.onData(chunk)
  }

  onEnd(): void {
    this.#call.finish()
  }

  onError(error: SallyportError): void {
    this.#call.fail(error)
  }
}

/**
 * Stages 5 and 6: the token and the request.
 *
 * @param ports - What they work through.
 * @returns The last stage.
 */
export function deliveryStage(ports: DeliveryPorts): Stage {
  return (call) => {
    const { route } = call
    const { body } = call.request
    if (route === undefined)
      throw new SsoError('ERR_SSO_POLICY_DENIED', 'no request without a route')
    const send = (content: Uint8Array | StreamedBody | undefined): void => {
      new Delivery(call, route, { ...ports, body: content }).send()
    }
    if (body.kind === 'none') send(undefined)
    else if (body.length === undefined || body.length > ports.limits.replayBodyOctets) send(body)
    else collectThenSend(call, body.source, { length: body.length, send })
  }
}

function collectThenSend(
  call: Call,
  source: StreamedBody['source'],
  then: { readonly length: number; readonly send: (body: Uint8Array) => void },
): void {
  collectBody(source, then.length, {
    onBody(octets) {
      if (call.over) return
      try {
        then.send(octets)
      } catch (error) {
        call.fail(error)
      }
    },
    onError(error) {
      call.fail(error)
    },
  })
}
