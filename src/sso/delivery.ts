/**
 * One request's exchange with its backend: it is sent, signed in where the app wants that, and its answer handed over,
 * refused, or followed by the request once more.
 *
 * @module
 */

import type { SallyportError } from '../platform/index.ts'
import type { BackendHandler, BackendRequest, Channel, StreamedBody } from './backend.ts'
import { BackendSignIn } from './backend-sign-in.ts'
import type { Call } from './call.ts'
import type { DeliveryPorts } from './delivery-ports.ts'
import { withSignOnFields } from './header-sign-on/fields.ts'
import { backendHeaders, clientHeaders, trailerAnnouncement } from './headers.ts'
import { isEndless } from '../tunnel/index.ts'
import type { Route } from './policy.ts'
import type { SsoRequest } from './ports.ts'

/** A request's body: in one piece, which can be sent again, or as it arrives. */
export type DeliveredBody = Uint8Array | StreamedBody | undefined

/** Of the page that comes with a challenge nothing is being read. */
const NOT_READING = -1

/** Whose connections: nobody's are shared by the app's requests, a user's by that user's. */
function poolKeyOf(call: Call, route: Route): string {
  return `${route.app.id}\n${call.identity?.user ?? ''}`
}

/** What only a request with hop options has. */
function hopFields(
  { hop, afterSwitch }: SsoRequest,
  { signOnNames }: Route,
): Partial<BackendRequest> | undefined {
  if (hop === undefined) return undefined
  const { upgrade: protocol, takesTrailers } = hop
  // A backend that believes header fields may merge trailers with them: it gets none of the client's.
  const trailer = signOnNames === undefined ? hop.trailer : undefined
  if (protocol === undefined || afterSwitch === undefined) return { takesTrailers, trailer }
  return { upgrade: { protocol, source: afterSwitch } }
}

function isStreamed(body: DeliveredBody): body is StreamedBody {
  return body !== undefined && !(body instanceof Uint8Array)
}

/** One request's exchange with its backend. */
export class Delivery implements BackendHandler {
  readonly #call: Call
  readonly #route: Route
  readonly #ports: DeliveryPorts
  readonly #body: DeliveredBody
  /** Undefined on apps without Kerberos. */
  readonly #signIn: BackendSignIn | undefined
  /** A body that is sent only when the backend has said so, since it can be sent only once. */
  #holdsBody: boolean
  /** How much of the page with a challenge may still come, octets. */
  #pageLeft = NOT_READING

  constructor(call: Call, route: Route, ports: DeliveryPorts & { readonly body: DeliveredBody }) {
    this.#call = call
    this.#route = route
    this.#ports = ports
    this.#body = ports.body
    const kerberos = route.servicePrincipalName !== undefined
    this.#signIn = kerberos ? new BackendSignIn(call, route, ports) : undefined
    this.#holdsBody = kerberos && route.sending.when !== 'always' && isStreamed(ports.body)
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
      headers: this.#headers(),
      body: this.#body,
      fresh: signIn?.retried ?? false,
      signIn,
      holdBodyMs: this.#holdsBody ? this.#ports.limits.expectContinueMs : undefined,
      ...hopFields(request, this.#route),
    }
    const backend = this.#ports.backends.send(sent, this)
    if (this.#call.over) backend.abort()
    else this.#call.backend = backend
  }

  #headers(): string[] {
    const { request, signOnFields } = this.#call
    const { host, signOnNames } = this.#route
    const headers = backendHeaders(request.headers, host, this.#signIn !== undefined)
    return signOnNames === undefined
      ? headers
      : withSignOnFields(headers, signOnNames, signOnFields)
  }

  onHead(status: number, headers: readonly string[], channel: Channel): void {
    if (this.#call.over) return
    try {
      if (status === 417 && this.#isHeld()) this.#sendUnheld()
      else if (!this.#goesOnceMore(status, headers, channel)) this.#tellHead(status, headers)
    } catch (error) {
      this.#call.fail(error)
    }
  }

  #tellHead(status: number, headers: readonly string[]): void {
    const { sink, request } = this.#call
    const fields = clientHeaders(headers)
    if (status === 101) {
      fields.push('Upgrade', request.hop?.upgrade ?? '')
    } else if (request.hop?.takesTrailers) {
      fields.push(...trailerAnnouncement(headers))
    }
    sink.onHead(status, fields)
    if (isEndless({ status, headers })) this.#call.becomeEndless()
  }

  onInterim(status: number, headers: readonly string[]): void {
    if (!this.#call.over) this.#call.sink.onInterim?.(status, clientHeaders(headers))
  }

  onTrailers(fields: readonly string[]): void {
    if (this.#pageLeft === NOT_READING && !this.#call.over) this.#call.sink.onTrailers?.(fields)
  }

  onHalfEnd(): void {
    if (!this.#call.over) this.#call.sink.onHalfEnd?.()
  }

  #isHeld(): boolean {
    return this.#holdsBody && this.#call.backend?.bodyUntouched === true
  }

  /** RFC 9110 section 10.1.1: a backend that knows no expectation is asked without one; with a token, lest it refuses then. */
  #sendUnheld(): void {
    this.#holdsBody = false
    this.#signIn?.ask()
    this.#sendInstead()
  }

  #goesOnceMore(status: number, headers: readonly string[], channel: Channel): boolean {
    const replayable = !isStreamed(this.#body) || this.#isHeld()
    const verdict = this.#signIn?.judge({ status, headers, channel, replayable })
    if (verdict === undefined || verdict === 'pass') return false
    if (verdict === 'refused') this.#renewAndSend()
    else if (isStreamed(this.#body)) this.#sendInstead()
    else this.#pageLeft = this.#ports.limits.challengePageOctets
    return true
  }

  #stop(): void {
    this.#call.backend?.abort()
    this.#call.backend = undefined
  }

  #renewAndSend(): void {
    this.#stop()
    this.#signIn?.renew().then(
      () => {
        this.#sendAgain()
      },
      (error: unknown) => {
        this.#call.fail(error)
      },
    )
  }

  /** At once, on another connection. */
  #sendInstead(): void {
    this.#stop()
    this.#sendAgain()
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
    if (this.#pageLeft === NOT_READING) return this.#call.over || this.#call.sink.onData(chunk)
    this.#pageLeft -= chunk.length
    if (this.#pageLeft < 0) {
      this.#pageLeft = NOT_READING
      this.#sendInstead()
    }
    return true
  }

  onEnd(): void {
    if (this.#pageLeft === NOT_READING) this.#call.finish()
    else this.#afterPage()
  }

  onError(error: SallyportError): void {
    if (this.#pageLeft === NOT_READING) this.#call.fail(error)
    else this.#afterPage()
  }

  /** The connection is back in its pool a moment later, and serves once more if it lives. */
  #afterPage(): void {
    this.#pageLeft = NOT_READING
    this.#call.backend = undefined
    queueMicrotask(() => {
      this.#sendAgain()
    })
  }
}
