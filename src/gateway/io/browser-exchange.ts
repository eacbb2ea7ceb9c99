/**
 * One request of a browser: through a tunnel and back, with back-pressure both ways.
 *
 * The object is the stream's handler itself and hangs on the response by a symbol, so that a request costs no closures.
 *
 * @module
 */

import type { Writable } from 'node:stream'
import { errorCode, errorText, NOT_LISTED } from '../../platform/index.ts'
import {
  CAPABILITY,
  isEndless,
  type RequestHead,
  type ResponseHead,
  type StreamHandler,
  type StreamReason,
  type TunnelStream,
} from '../../tunnel/index.ts'
import type { WatchedExchange } from '../active-exchanges.ts'
import { chooseConnector, hasToSignInAgain, noConnectorCode } from '../choose-connector.ts'
import { GatewayError, type GatewayErrorCode } from '../errors.ts'
import { failurePage, shownCode, wishToFulfil } from '../failure-page.ts'
import { hopFieldsFor } from '../hop-fields.ts'
import type { LiveConnector } from '../live-connector.ts'
import type { StepUp } from '../oidc.ts'
import type { OpenSession } from '../open-session.ts'
import { isOutlived, joinedWish } from '../step-up.ts'
import { requestFields, type RequestFields } from '../request-fields.ts'
import { mayTryAgain } from '../retry.ts'
import type { BrowserResponse } from './browser-response.ts'
import type { AdmittedRequest, ExchangePorts } from './exchange-ports.ts'
import { RequestBody } from './request-body.ts'
import type { RequestSource } from './request-source.ts'
import { sendInterim } from './send-interim.ts'
import { responseOf } from './response-for.ts'
import { sendPage } from './send-page.ts'
import { UpgradedInput, type InputOwner } from './upgraded-input.ts'

const EXCHANGE = Symbol('exchange')

/** A response, or a socket that may switch protocols. */
interface Carrying extends Writable {
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

/** An hour, as proxies give to connections that have switched. */
const DEFAULT_UPGRADED_IDLE_MS = 3_600_000

/** One request under way. */
export class BrowserExchange implements StreamHandler, WatchedExchange, InputOwner {
  rosterSlot: number = NOT_LISTED
  readonly session: OpenSession | undefined
  readonly #ports: ExchangePorts
  readonly #admitted: AdmittedRequest
  #response: BrowserResponse
  #fields: RequestFields | undefined
  #body: RequestSource | undefined
  #live: LiveConnector | undefined
  #stream: TunnelStream | undefined
  #attempts = 0
  #over = false
  endless = false
  /** The browser waits for 100 before it sends its body. */
  #continueDue = false
  /** When octets last moved, by the watch's clock. */
  #movedMs: number

  constructor(ports: ExchangePorts, admitted: AdmittedRequest) {
    this.session = admitted.session
    this.#ports = ports
    this.#admitted = admitted
    this.#movedMs = ports.active.nowMs
    this.#response = responseOf(admitted, false)
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
    this.#prepare(this.#fields)
    this.#attempt(undefined)
  }

  #prepare({ hasBody, bodyLength, hop }: RequestFields): void {
    const { request, upgrade } = this.#admitted
    if (hop?.takesTrailers) this.#response = responseOf(this.#admitted, true)
    if (upgrade) {
      this.#listen(upgrade.socket)
      this.#body = new UpgradedInput(upgrade, this)
    } else if (hasBody && bodyLength !== 0) {
      const { replayOctets } = this.#ports.limits
      this.#body = new RequestBody(request, { length: bodyLength, replayOctets })
      this.#continueDue = hop?.expectsContinue ?? false
    }
  }

  /** The response tells of the socket until that has switched; from then on only the socket does. */
  #listen(socket: Carrying): void {
    socket[EXCHANGE] = this
    socket.on('close', onClose)
    socket.on('drain', onDrain)
  }

  onInterim(head: ResponseHead): void {
    if (this.#over) return
    this.moved()
    if (head.status === 100) this.#continue()
    else sendInterim(this.#admitted.response, head, this.#admitted.route)
  }

  /** The inside wants the body: now the browser may send it. */
  #continue(): void {
    if (!this.#continueDue) return
    this.#continueDue = false
    this.#admitted.response.writeContinue()
  }

  onHead(head: ResponseHead): void {
    if (this.#over) return
    this.moved()
    try {
      this.#response.head(head)
      if (this.#admitted.upgrade) this.#headOfUpgrade()
      this.endless = isEndless(head)
      if (this.endless) this.#ports.active.becameEndless()
    } catch (error) {
      this.#stream?.reset({ code: 'ERR_GATEWAY_BAD_RESPONSE', message: 'head not passed on' })
      this.#fail('ERR_GATEWAY_BAD_RESPONSE', errorText(error))
    }
  }

  #headOfUpgrade(): void {
    if (this.#response.switched) {
      if (this.#body instanceof UpgradedInput) this.#body.open()
    } else {
      // Refused: what the browser sends from here on is for nobody.
      this.#body?.stop()
      this.#stream?.end()
    }
  }

  onTrailers(fields: readonly string[]): void {
    if (!this.#over) this.#response.trailers(fields)
  }

  onData(chunk: Uint8Array): void {
    if (this.#over) return
    this.moved()
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
    // The browser's direction may still be open; its connection closes when both have ended.
    if (this.#response.switched) return
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
    this.#fail(reason.code, reason.message, joinedWish(this.#admitted.route.stepUp, reason))
  }

  onDrain(): void {
    this.#body?.resume()
  }

  /** The browser has taken what was waiting. */
  clientDrained(): void {
    this.moved()
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
    else this.#stillOpen()
    if (isOutlived(this.#admitted.route.stepUp, this.session, this.#ports.clock.nowMs())) {
      this.abort('ERR_GATEWAY_STEP_UP_NEEDED')
      return
    }
    const { firstOctetMs, connectMs } = this.#admitted.route.app.timeouts
    if (this.#isClientSlow()) {
      if (waitedMs > this.#ports.limits.stalledMs) this.abort('ERR_GATEWAY_CLIENT_STALLED')
      return
    }
    const limitMs = this.#response.begun ? this.#idleMs : connectMs + firstOctetMs
    if (waitedMs > limitMs + GRACE_MS) this.abort('ERR_GATEWAY_TIMEOUT')
  }

  abort(code: GatewayErrorCode): void {
    if (this.#over) return
    this.#stream?.reset({ code, message: 'ended by the gateway' })
    this.#fail(code, 'ended by the gateway')
  }

  get #idleMs(): number {
    const { idleMs, upgradedIdleMs = DEFAULT_UPGRADED_IDLE_MS } = this.#admitted.route.app.timeouts
    return this.#response.switched ? upgradedIdleMs : idleMs
  }

  #stillUsed(): void {
    if (!this.session) return
    this.#ports.stillUsed(this.session)
    this.#ensureProof(this.session)
  }

  #stillOpen(): void {
    if (!this.session) return
    this.#ports.stillOpen(this.session)
    this.#ensureProof(this.session)
  }

  #ensureProof({ idHash, tokens }: OpenSession): void {
    // A connector ends what runs under an expired proof, unless it has been given a newer one.
    this.#live?.ensureProof(idHash, tokens.proof, this.#ports.clock.nowMs())
  }

  #isClientSlow(): boolean {
    if (this.#response.waitsForClient) return true
    // Who waits for our 100 sends nothing before it.
    return !this.#continueDue && (this.#body?.awaitsClient ?? false)
  }

  moved(): void {
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
    const { connectors } = this.#ports
    const wanted = { group: route.app.connectorGroup, session: this.session }
    let avoid = except
    let failed: unknown
    while (this.#attempts < MAX_ATTEMPTS) {
      const live = chooseConnector(connectors, wanted, avoid)
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
        failed = error
        avoid = live
      }
    }
    const code = errorCode(failed) === 'ERR_GATEWAY_UPGRADE' ? errorCode(failed) : undefined
    this.#fail(
      code ??
        (this.#attempts === 0 ? noConnectorCode(connectors, wanted) : 'ERR_GATEWAY_NO_CONNECTOR'),
      `no tunnel of group '${route.app.connectorGroup}'`,
    )
  }

  #open(live: LiveConnector): void {
    this.#live = live
    const { capabilities } = live.session.peer
    const { upgrade } = this.#admitted
    if (upgrade && !capabilities.includes(CAPABILITY.UPGRADE)) {
      throw new GatewayError('ERR_GATEWAY_UPGRADE', 'this connector cannot switch protocols')
    }
    if (this.session) {
      live.ensureProof(this.session.idHash, this.session.tokens.proof, this.#ports.clock.nowMs())
    }
    const stream = live.session.open(this.#head(capabilities), this, this.#body === undefined)
    this.#stream = stream
    this.#body?.sendTo(stream)
    if (this.#continueDue && !capabilities.includes(CAPABILITY.INTERIM)) this.#continue()
  }

  #head(capabilities: readonly string[]): RequestHead {
    const { request, route, requestId } = this.#admitted
    const fields = this.#fields
    return {
      requestId,
      app: route.app.id,
      proof: this.session?.tokens.proof.id ?? '',
      method: request.method ?? 'GET',
      target: request.url ?? '/',
      headers: this.#headers(capabilities),
      ...(fields?.bodyLength !== undefined && { bodyLength: fields.bodyLength }),
    }
  }

  #headers(capabilities: readonly string[]): readonly string[] {
    const { headers = [], hop } = this.#fields ?? {}
    const { upgrade } = this.#admitted
    if (hop === undefined && upgrade === undefined) return headers
    return [...headers, ...hopFieldsFor(hop, upgrade?.protocol, capabilities)]
  }

  #cut(message: string): void {
    this.#stream?.reset({ code: 'ERR_GATEWAY_BAD_RESPONSE', message })
    this.#fail('ERR_GATEWAY_BAD_RESPONSE', message)
  }

  #fail(failed: string, reason: string, wish?: StepUp): void {
    const { request, response, route, requestId } = this.#admitted
    const code = shownCode({ code: failed, wish }, this.session, this.#ports.clock.nowMs())
    const user = this.session?.user
    this.#ports.logger.warn('request failed', { requestId, app: route.app.id, user, code, reason })
    this.#finish()
    if (this.#response.begun) {
      // Part of a response has gone out: only a cut connection tells the browser that the rest is missing.
      this.#response.destroy()
      return
    }
    const asked = wishToFulfil({ code, wish }, this.#admitted)
    if (asked) this.#ports.stepUp(this.#admitted, asked)
    else if (hasToSignInAgain(this.session, code)) this.#ports.signInAgain(this.#admitted, code)
    else sendPage(request, response, failurePage(this.#admitted, code))
  }

  #finish(): void {
    this.#over = true
    this.#body?.stop()
    this.#ports.active.delete(this)
  }
}
