/**
 * One request on its way through the stages: what they found out, and the one place where it ends.
 *
 * @module
 */

import {
  errorCode,
  errorText,
  NOT_LISTED,
  SallyportError,
  type Logger,
  type RosterMember,
} from '../platform/index.ts'
import type { BackendCall } from './backend.ts'
import type { Identity } from './identity.ts'
import type { Route } from './policy.ts'
import type { ResponseSink, SsoCall, SsoRequest } from './ports.ts'
import type { Verdict } from './proof.ts'
import type { PreparedTicket, TicketWish } from './ticket-types.ts'
import { userFields } from './user-fields.ts'

/** What a call needs of its pipeline. */
export interface CallHome {
  readonly logger: Logger
  /** The call lasts until someone ends it; told once. */
  onEndless(): void
  /** The call is over; told once. */
  onOver(call: Call): void
  /** It ended with this error; told once, after onOver. */
  onRefused(call: Call, error: unknown): void
}

function asSallyportError(error: unknown): SallyportError {
  if (error instanceof SallyportError) return error
  return new SallyportError('ERR_UNEXPECTED', 'a fault of the connector itself', { cause: error })
}

/** A request under way. */
export class Call implements SsoCall, RosterMember {
  rosterSlot: number = NOT_LISTED
  readonly request: SsoRequest
  readonly sink: ResponseSink
  readonly #home: CallHome
  /** Found by the stage `policy`. */
  route: Route | undefined
  /** Found by the stage `proof`; undefined on passthrough apps. */
  verdict: Verdict | undefined
  /** Found by the stage `identity`; undefined without Kerberos. */
  identity: Identity | undefined
  /** Found by the stage `ticket`; undefined without Kerberos. */
  ticket: PreparedTicket | undefined
  /** Found by the stage `header`; undefined without header-based single sign-on. Flat. */
  signOnFields: readonly string[] | undefined
  /** What the ticket was asked for with. */
  wish: TicketWish | undefined
  /** Set by the last stage: the exchange with the backend. */
  backend: BackendCall | undefined
  /** A KDC or the directory has refused its user while it was at a backend. */
  refused = false
  #over = false
  #endless = false

  constructor(request: SsoRequest, sink: ResponseSink, home: CallHome) {
    this.request = request
    this.sink = sink
    this.#home = home
  }

  /** Nothing more is told to the sink. */
  get over(): boolean {
    return this.#over
  }

  /** The connection has switched protocols, or carries server-sent events: it lasts until someone ends it. */
  get endless(): boolean {
    return this.#endless
  }

  /** Its head has been told, and says so. */
  becomeEndless(): void {
    if (this.#over || this.#endless) return
    this.#endless = true
    this.#home.onEndless()
  }

  resume(): void {
    this.backend?.resume()
  }

  abort(): void {
    if (!this.#end()) return
    this.#cutBody()
    this.backend?.abort()
  }

  /** The response has been handed over whole. */
  finish(): void {
    if (this.#end()) this.sink.onEnd()
  }

  /**
   * Ends the call with an error. Harmless when it is over.
   *
   * @param error - Why.
   */
  fail(error: unknown): void {
    if (!this.#end()) return
    this.#cutBody()
    this.backend?.abort()
    this.#log(error)
    this.#home.onRefused(this, error)
    this.sink.onError(asSallyportError(error))
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#home.onOver(this)
    return true
  }

  #cutBody(): void {
    const { body } = this.request
    if (body.kind === 'stream') body.source.cancel()
  }

  #log(error: unknown): void {
    const known = error instanceof SallyportError
    this.#home.logger[known ? 'debug' : 'error']('request refused', {
      requestId: this.request.requestId,
      app: this.request.app.id,
      ...userFields(this.identity?.account),
      code: errorCode(error),
      reason: errorText(error),
      ...(known ? { mend: error.mend } : {}),
    })
  }
}
