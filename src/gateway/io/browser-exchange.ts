/**
 * One request of a browser: through a tunnel and back, with back-pressure both ways.
 *
 * The object is the stream's handler itself and hangs on the response by a symbol, so that a request costs no closures.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorCode, errorText, NOT_LISTED, type Clock, type Logger } from '../../platform/index.ts'
import type {
  RequestHead,
  ResponseHead,
  StreamHandler,
  StreamReason,
  TunnelStream,
} from '../../tunnel/index.ts'
import type { ActiveExchanges, WatchedExchange } from '../active-exchanges.ts'
import type { AppRoute } from '../apps.ts'
import { signInTarget, wantsHtml } from '../browser-request.ts'
import type { BrowserLimits } from '../config.ts'
import type { GatewayErrorCode } from '../errors.ts'
import type { LiveConnector } from '../live-connector.ts'
import type { LiveConnectors } from '../live-connectors.ts'
import type { OpenSession } from '../open-session.ts'
import { errorPage } from '../pages.ts'
import { requestFields, type RequestFields } from '../request-fields.ts'
import { mayTryAgain } from '../retry.ts'
import { RequestBody } from './request-body.ts'
import { ResponseBody } from './response-body.ts'
import { sendPage } from './send-page.ts'

/** What all exchanges share. */
export interface ExchangePorts {
  readonly connectors: LiveConnectors
  readonly active: ActiveExchanges
  readonly limits: BrowserLimits
  /** Told once a second of a session whose request still moves octets: it is in use, and its token is kept fresh. */
  readonly stillUsed: (session: OpenSession) => void
  readonly clock: Clock
  readonly logger: Logger
}

/** An admitted request. */
export interface AdmittedRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly route: AppRoute
  /** Absent in passthrough apps. */
  readonly session: OpenSession | undefined
  readonly requestId: string
  readonly clientAddress: string
}

const EXCHANGE = Symbol('exchange')

interface Carrying extends ServerResponse {
  [EXCHANGE]?: BrowserExchange
}

function onClose(this: Carrying): void {
  this[EXCHANGE]?.clientGone()
}

function onDrain(this: Carrying): void {
  this[EXCHANGE]?.clientDrained()
}

/** What the connector's own limits are given on top, so that its answer, which says more, comes first. */
const GRACE_MS = 5_000
/** A request whose last octets are younger than this is moving. Two ticks of the watch. */
const MOVING_MS = 2_000
/** Most tunnels tried for one request. */
const MAX_ATTEMPTS = 3

/** One request under way. */
export class BrowserExchange implements StreamHandler, WatchedExchange {
  rosterSlot: number = NOT_LISTED
  readonly session: OpenSession | undefined
  readonly #ports: ExchangePorts
  readonly #admitted: AdmittedRequest
  readonly #response: ResponseBody
  #fields: RequestFields | undefined
  #body: RequestBody | undefined
  #live: LiveConnector | undefined
  #stream: TunnelStream | undefined
  #attempts = 0
  #over = false
  /** When octets last moved, by the watch's clock. */
  #movedMs: number

  constructor(ports: ExchangePorts, admitted: AdmittedRequest) {
    this.session = admitted.session
    this.#ports = ports
    this.#admitted = admitted
    this.#movedMs = ports.active.nowMs
    const isHead = admitted.request.method === 'HEAD'
    this.#response = new ResponseBody(admitted.response, { route: admitted.route, isHead })
  }

  /** Sends the request inside. */
  start(): void {
    const { request, response, route, requestId, clientAddress } = this.#admitted
    if (response.destroyed) return
    try {
      this.#fields = requestFields(request.rawHeaders, route, { clientAddress, requestId })
    } catch (error) {
      this.#fail(errorCode(error), errorText(error))
      return
    }
    this.#ports.active.add(this)
    const carrying: Carrying = response
    carrying[EXCHANGE] = this
    carrying.on('close', onClose)
    carrying.on('drain', onDrain)
    const { hasBody, bodyLength } = this.#fields
    if (hasBody && bodyLength !== 0) {
      const { replayOctets } = this.#ports.limits
      this.#body = new RequestBody(request, { length: bodyLength, replayOctets })
    }
    this.#attempt(undefined)
    if (this.#body && request.headers.expect !== undefined && !this.#over) response.writeContinue()
  }

  onHead(head: ResponseHead): void {
    if (this.#over) return
    this.#moved()
    try {
      this.#response.head(head)
    } catch (error) {
      this.#stream?.reset({ code: 'ERR_GATEWAY_BAD_RESPONSE', message: 'head not passed on' })
      this.#fail('ERR_GATEWAY_BAD_RESPONSE', errorText(error))
    }
  }

  onData(chunk: Uint8Array): void {
    if (this.#over) return
    this.#moved()
    const taken = this.#response.data(chunk)
    if (taken > 0) this.#stream?.consumed(taken)
    if (this.#response.overrun) this.#cut('the response is longer than its Content-Length')
  }

  onEnd(): void {
    if (this.#over) return
    if (!this.#response.end()) {
      this.#cut('the response is shorter than its Content-Length')
      return
    }
    const unread = this.#body !== undefined && !this.#body.ended
    this.#finish()
    if (unread) {
      this.#stream?.reset({
        code: 'ERR_TUNNEL_ABORTED',
        message: 'the response was complete first',
      })
    }
  }

  onReset(reason: StreamReason): void {
    if (this.#over) return
    if (this.#response.complete) {
      this.#finish()
      return
    }
    const failed = this.#live
    this.#stream = undefined
    if (!this.#response.begun && this.#mayTryAgain(reason.code)) {
      const again = reason.code === 'ERR_SSO_PROOF_UNKNOWN'
      if (again && failed && this.session) {
        failed.proofLost(this.session.idHash, this.session.tokens.proof.id)
      }
      this.#attempt(again ? undefined : failed)
      return
    }
    this.#fail(reason.code, reason.message)
  }

  onDrain(): void {
    this.#body?.resume()
  }

  /** The browser has taken what was waiting. */
  clientDrained(): void {
    this.#moved()
    const owed = this.#response.drained()
    if (owed > 0) this.#stream?.consumed(owed)
  }

  /** The connection to the browser is closed, or the response has gone out. */
  clientGone(): void {
    // A complete response waits for its END alone: a reset would cost the connector its connection to the backend.
    if (this.#over || this.#response.complete) return
    this.#stream?.reset({ code: 'ERR_GATEWAY_CLIENT_ABORTED', message: 'the browser went away' })
    this.#finish()
  }

  check(nowMs: number): void {
    const waitedMs = nowMs - this.#movedMs
    if (waitedMs < MOVING_MS) this.#stillUsed()
    const { firstOctetMs, connectMs, idleMs } = this.#admitted.route.app.timeouts
    if (this.#isClientSlow()) {
      if (waitedMs > this.#ports.limits.stalledMs) this.abort('ERR_GATEWAY_CLIENT_STALLED')
      return
    }
    const limitMs = this.#response.begun ? idleMs : connectMs + firstOctetMs
    if (waitedMs > limitMs + GRACE_MS) this.abort('ERR_GATEWAY_TIMEOUT')
  }

  abort(code: GatewayErrorCode): void {
    if (this.#over) return
    this.#stream?.reset({ code, message: 'ended by the gateway' })
    this.#fail(code, 'ended by the gateway')
  }

  #stillUsed(): void {
    if (!this.session) return
    this.#ports.stillUsed(this.session)
    // A connector ends what runs under an expired proof, unless it has been given a newer one.
    this.#live?.ensureProof(
      this.session.idHash,
      this.session.tokens.proof,
      this.#ports.clock.nowMs(),
    )
  }

  #isClientSlow(): boolean {
    if (this.#response.waitsForClient) return true
    return this.#body !== undefined && !this.#body.ended && !this.#body.paused
  }

  #moved(): void {
    this.#movedMs = this.#ports.active.nowMs
  }

  #mayTryAgain(code: string): boolean {
    return mayTryAgain({
      code,
      method: this.#admitted.request.method ?? '',
      replayable: this.#body?.replayable ?? true,
      attempts: this.#attempts,
    })
  }

  #attempt(except: LiveConnector | undefined): void {
    const { route } = this.#admitted
    let avoid = except
    while (this.#attempts < MAX_ATTEMPTS) {
      const live = this.#ports.connectors.pick(route.app.connectorGroup, avoid)
      if (!live) break
      this.#attempts++
      try {
        this.#open(live)
        return
      } catch (error) {
        const code = errorCode(error)
        if (code === 'ERR_TUNNEL_HEAD') {
          this.#fail(code, errorText(error))
          return
        }
        avoid = live
      }
    }
    this.#fail('ERR_GATEWAY_NO_CONNECTOR', `no tunnel of group '${route.app.connectorGroup}'`)
  }

  #open(live: LiveConnector): void {
    this.#live = live
    if (this.session) {
      live.ensureProof(this.session.idHash, this.session.tokens.proof, this.#ports.clock.nowMs())
    }
    const stream = live.session.open(this.#head(), this, this.#body === undefined)
    this.#stream = stream
    this.#body?.sendTo(stream)
  }

  #head(): RequestHead {
    const { request, route, requestId } = this.#admitted
    const fields = this.#fields
    return {
      requestId,
      app: route.app.id,
      proof: this.session?.tokens.proof.id ?? '',
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      headers: fields?.headers ?? [],
      ...(fields?.bodyLength !== undefined && { bodyLength: fields.bodyLength }),
    }
  }

  #cut(message: string): void {
    this.#stream?.reset({ code: 'ERR_GATEWAY_BAD_RESPONSE', message })
    this.#fail('ERR_GATEWAY_BAD_RESPONSE', message)
  }

  #fail(code: string, reason: string): void {
    const { request, response, route, requestId } = this.#admitted
    const user = this.session?.user
    this.#ports.logger.warn('request failed', { requestId, app: route.app.id, user, code, reason })
    this.#finish()
    if (this.#response.begun) {
      // Part of a response has gone out: only a cut connection tells the browser that the rest is missing.
      response.destroy()
      return
    }
    const fresh = code === 'ERR_SSO_PROOF_EXPIRED'
    const signIn = route.signIn ? signInTarget(request.url ?? '/', fresh) : undefined
    sendPage(
      request,
      response,
      errorPage({ code, requestId, html: wantsHtml(request.headers), signIn }),
    )
  }

  #finish(): void {
    this.#over = true
    this.#body?.stop()
    this.#ports.active.delete(this)
  }
}
