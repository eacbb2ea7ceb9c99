/**
 * One request's exchange with its backend: it is sent, signed in where the app wants that, and its answer handed over or
 * refused.
 *
 * @module
 */

import type { SallyportError } from '../platform/index.ts'
import type { BackendHandler, BackendRequest, Channel, StreamedBody } from './backend.ts'
import { BackendSignIn } from './backend-sign-in.ts'
import type { Call } from './call.ts'
import type { DeliveryPorts } from './delivery-ports.ts'
import { backendHeaders, clientHeaders } from './headers.ts'
import type { Route } from './policy.ts'

/** A request's body: in one piece, which can be sent again, or as it arrives. */
export type DeliveredBody = Uint8Array | StreamedBody | undefined

/** Whose connections: nobody's are shared by the app's requests, a user's by that user's. */
function poolKeyOf(call: Call, route: Route): string {
  return `${route.app.id}\n${call.identity?.user ?? ''}`
}

/** One request's exchange with its backend. */
export class Delivery implements BackendHandler {
  readonly #call: Call
  readonly #route: Route
  readonly #ports: DeliveryPorts
  readonly #body: DeliveredBody
  /** Undefined on apps without Kerberos. */
  readonly #signIn: BackendSignIn | undefined

  constructor(call: Call, route: Route, ports: DeliveryPorts & { readonly body: DeliveredBody }) {
    this.#call = call
    this.#route = route
    this.#ports = ports
    this.#body = ports.body
    this.#signIn =
      route.servicePrincipalName === undefined ? undefined : new BackendSignIn(call, route, ports)
  }

  /** Sends the request. */
  send(): void {
    const { request } = this.#call
    const signIn = this.#signIn
    const sent: BackendRequest = {
      target: this.#route.target,
      poolKey: poolKeyOf(this.#call, this.#route),
      owner: this.#call.identity?.user,
      method: request.method,
      path: request.target,
      headers: backendHeaders(request.headers, this.#route.host, signIn !== undefined),
      body: this.#body,
      fresh: signIn?.retried ?? false,
      authorize: signIn && ((channel) => signIn.authorize(channel)),
    }
    const backend = this.#ports.backends.send(sent, this)
    if (this.#call.over) backend.abort()
    else this.#call.backend = backend
  }

  onHead(status: number, headers: readonly string[], channel: Channel): void {
    if (this.#call.over) return
    const body = this.#body
    const replayable = body === undefined || body instanceof Uint8Array
    try {
      const verdict = this.#signIn?.judge(status, headers, { channel, replayable })
      if (verdict === 'again') this.#again()
      else this.#call.sink.onHead(status, clientHeaders(headers))
    } catch (error) {
      this.#call.fail(error)
    }
  }

  #again(): void {
    this.#call.backend?.abort()
    this.#call.backend = undefined
    this.#signIn?.renew().then(
      () => {
        this.#sendAgain()
      },
      (error: unknown) => {
        this.#call.fail(error)
      },
    )
  }

  #sendAgain(): void {
    if (this.#call.over) return
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
