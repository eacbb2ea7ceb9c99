/**
 * The way of a browser's request through the gateway: which app, who is it, may he, then inside.
 *
 * The common case (session open in memory, token fresh) takes no promise.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorCode, errorText, type Logger } from '../../platform/index.ts'
import type { AppRoute, Apps } from '../apps.ts'
import { mayUse, type ClaimNames } from '../authorise.ts'
import type { BackchannelLogout } from '../backchannel-logout.ts'
import {
  BACKCHANNEL_LOGOUT_PATH,
  isNavigation,
  isOwnTarget,
  pathOf,
  signInTarget,
  wantsHtml,
  type BrowserRequest,
} from '../browser-request.ts'
import { sessionCookieOf } from '../cookies.ts'
import { goesOtherWay, negotiateToken, noNegotiate, type Negotiate } from '../negotiate.ts'
import { crossOriginFields, isPreflight, preflightAnswer, type CorsConfig } from '../cors.ts'
import type { GatewayErrorCode } from '../errors.ts'
import type { OpenSession } from '../open-session.ts'
import type { StepUp } from '../oidc.ts'
import { askedSoFar, isStrongEnough, mayHelp } from '../step-up.ts'
import { errorPage } from '../pages.ts'
import { rawCookies, rawField } from '../raw-fields.ts'
import { mayOriginSwitch, protocolToSwitchTo } from '../upgrade.ts'
import type { Sessions } from '../sessions.ts'
import type { SignIn } from '../sign-in.ts'
import type { Freshness, TokenKeeper } from '../token-keeper.ts'
import { BrowserExchange } from './browser-exchange.ts'
import type { AdmittedRequest, ExchangePorts } from './exchange-ports.ts'
import { readForm } from './read-form.ts'
import { sendPage } from './send-page.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/** Everything that has to do with users; absent when all apps are passthrough. */
export interface UserPorts {
  readonly sessions: Sessions
  readonly keeper: TokenKeeper
  readonly signIn: SignIn
  readonly logout: BackchannelLogout
  readonly claimNames: ClaimNames
  readonly negotiate: Negotiate
}

/** What the front needs. */
export interface FrontPorts {
  readonly apps: Apps
  readonly users: UserPorts | undefined
  readonly exchange: ExchangePorts
  readonly logger: Logger
  /** Makes request ids unique across restarts and gateways. */
  readonly requestIdPrefix: string
}

/** A request whose app is known. */
type RoutedRequest = Omit<AdmittedRequest, 'session'>

const TARGET = /^\/[\x21\x22\x24-\x7e]*$/

function addressOf(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? ''
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** Takes every request of the browser listener. */
export class Front {
  readonly #ports: FrontPorts
  #count = 0
  /** Set when the gateway stops: responses then close their connection. */
  stopping = false

  constructor(ports: FrontPorts) {
    this.#ports = ports
  }

  /**
   * Handles a request. Never throws.
   *
   * @param request - From node:http.
   * @param response - Its response.
   * @param upgrade - The connection, where it shall switch protocols.
   */
  handle(request: IncomingMessage, response: ServerResponse, upgrade?: UpgradeRequest): void {
    const requestId = `${this.#ports.requestIdPrefix}-${(++this.#count).toString(36)}`
    if (this.stopping) response.shouldKeepAlive = false
    try {
      const route = this.#ports.apps.find(
        rawField(request.rawHeaders, 'host') ?? '',
        request.url ?? '',
      )
      const code = this.#refusal(request, route)
      if (code !== undefined || !route) {
        this.#refuse({ request, response, requestId }, code ?? 'ERR_GATEWAY_UNKNOWN_HOST')
        return
      }
      const { cors } = route.app
      const crossOrigin = cors && crossOriginFields(cors, request.rawHeaders)
      const clientAddress = addressOf(request)
      this.#route({ request, response, route, requestId, clientAddress, upgrade, crossOrigin })
    } catch (error) {
      this.#broken({ request, response, requestId }, error)
    }
  }

  /**
   * Says which protocol a request's connection shall be switched to.
   *
   * @param request - One with `Connection: upgrade`.
   * @returns The protocol; undefined when the request is an ordinary one all the same.
   */
  protocolOf(request: IncomingMessage): string | undefined {
    const route = this.#ports.apps.find(rawField(request.rawHeaders, 'host') ?? '')
    return route && protocolToSwitchTo(request, route)
  }

  #refusal(request: IncomingMessage, route: AppRoute | undefined): GatewayErrorCode | undefined {
    const { method, url = '', rawHeaders } = request
    if (!route) {
      // RFC 9112 section 3.2.
      const unnamed = rawField(rawHeaders, 'host') === undefined
      return unnamed ? 'ERR_GATEWAY_BAD_REQUEST' : 'ERR_GATEWAY_UNKNOWN_HOST'
    }
    const { targetOctets, headerFields } = this.#ports.exchange.limits
    // TRACE sends back what it was sent: cookies of ours, and what is added on the way.
    if (method === 'TRACE' || method === 'CONNECT') return 'ERR_GATEWAY_METHOD'
    // RFC 9112 section 3.
    if (url.length > targetOctets) return 'ERR_GATEWAY_TARGET_TOO_LONG'
    if (rawHeaders.length > 2 * headerFields) return 'ERR_GATEWAY_FIELDS_TOO_LARGE'
    return TARGET.test(url) ? undefined : 'ERR_GATEWAY_BAD_REQUEST'
  }

  #route(routed: RoutedRequest): void {
    const { request, route } = routed
    const users = route.signIn ? this.#ports.users : undefined
    const { cors } = route.app
    if (isOwnTarget(request.url ?? '')) this.#ownPage(routed, users)
    else if (cors && isPreflight(request.method, request.rawHeaders)) this.#preflight(routed, cors)
    else if (users && this.#isCrossSite(routed)) this.#refuseCrossSite(routed)
    else if (users) this.#withUser(routed, users)
    else if (route.signIn) this.#refuse(routed, 'ERR_GATEWAY_INTERNAL')
    else this.#inside({ ...routed, session: undefined })
  }

  /** Nobody's: it comes without cookies, and goes no further. */
  #preflight(routed: RoutedRequest, cors: CorsConfig): void {
    const { requestId, route, request, response } = routed
    const page = preflightAnswer(cors, request.rawHeaders)
    if (page !== undefined) {
      sendPage(request, response, page)
      return
    }
    this.#ports.logger.info('a page of another origin may not call the app', {
      ...{ requestId, app: route.app.id, origin: rawField(request.rawHeaders, 'origin') },
      code: 'ERR_GATEWAY_CROSS_SITE',
      mend: 'List the origin in cors.allowedOrigins of the app, if its scripts may use the session.',
    })
    this.#refuse(routed, 'ERR_GATEWAY_CROSS_SITE')
  }

  #isCrossSite({ request, route, upgrade }: RoutedRequest): boolean {
    return upgrade !== undefined && !mayOriginSwitch(request.rawHeaders, route)
  }

  #refuseCrossSite(routed: RoutedRequest): void {
    const { requestId, route, request } = routed
    this.#ports.logger.warn('a page of another site asked to switch protocols', {
      ...{ requestId, app: route.app.id, origin: rawField(request.rawHeaders, 'origin') },
      code: 'ERR_GATEWAY_CROSS_SITE',
      mend: 'List the origin in upgradeOrigins of the app, if its pages may use the session.',
    })
    this.#refuse(routed, 'ERR_GATEWAY_CROSS_SITE')
  }

  #ownPage(routed: RoutedRequest, users: UserPorts | undefined): void {
    if (!users) {
      this.#refuse(routed, 'ERR_GATEWAY_NOT_FOUND')
      return
    }
    if (pathOf(routed.request.url ?? '') === BACKCHANNEL_LOGOUT_PATH) {
      this.#backchannel(routed, users)
      return
    }
    this.#promised(routed, async () => {
      const page = await users.signIn.answer(browserRequest(routed))
      sendPage(routed.request, routed.response, page)
    })
  }

  #backchannel(routed: RoutedRequest, users: UserPorts): void {
    const { request, response, requestId, clientAddress: address } = routed
    this.#promised(routed, async () => {
      const { method = '', headers } = request
      const contentType = headers['content-type'] ?? ''
      const body = method === 'POST' ? await readForm(request, response) : ''
      const asked = { method, contentType, body, address, requestId }
      sendPage(request, response, await users.logout.answer(asked))
    })
  }

  #withUser(routed: RoutedRequest, users: UserPorts): void {
    const cookie = sessionCookieOf(rawCookies(routed.request.rawHeaders))
    if (cookie === undefined) {
      this.#signInFirst(routed, users)
      return
    }
    const session = users.sessions.cached(cookie, routed.route.externalHost)
    if (session && users.keeper.ensure(session) === 'fresh') {
      this.#authorise(routed, users, session)
      return
    }
    this.#promised(routed, async () => {
      const opened = await users.sessions.open(cookie, routed.route.externalHost)
      const freshness = opened ? await users.keeper.ensure(opened) : 'ended'
      this.#judge(routed, users, { opened, freshness })
    })
  }

  #judge(
    routed: RoutedRequest,
    users: UserPorts,
    found: { opened: OpenSession | undefined; freshness: Freshness },
  ): void {
    const { opened, freshness } = found
    if (!opened || freshness === 'ended') this.#signInFirst(routed, users)
    else if (freshness === 'unavailable') this.#refuse(routed, 'ERR_GATEWAY_PROVIDER_UNREACHABLE')
    else this.#authorise(routed, users, opened)
  }

  #authorise(routed: RoutedRequest, users: UserPorts, session: OpenSession): void {
    if (mayUse(routed.route.app, session, users.claimNames)) {
      const { stepUp } = routed.route
      const { clock } = this.#ports.exchange
      if (stepUp === undefined || isStrongEnough(stepUp, session, clock.nowMs())) {
        this.#inside({ ...routed, session })
      } else this.#stepUp(routed, users, session)
      return
    }
    const { requestId, route } = routed
    this.#ports.logger.warn('user may not use the app', {
      ...{ requestId, app: route.app.id, user: session.user },
      code: 'ERR_GATEWAY_NOT_ALLOWED',
    })
    this.#refuse(routed, 'ERR_GATEWAY_NOT_ALLOWED')
  }

  /** Once more at the provider, unless this is what has just come of it. */
  #stepUp(routed: RoutedRequest, users: UserPorts, session: OpenSession): void {
    const { requestId, route, request, response, upgrade } = routed
    const helps = mayHelp(session, this.#ports.exchange.clock.nowMs())
    const code = helps ? 'ERR_GATEWAY_STEP_UP_NEEDED' : 'ERR_GATEWAY_STEP_UP_REFUSED'
    const user = session.user
    this.#ports.logger.info('sign-in not strong enough', {
      requestId,
      app: route.app.id,
      user,
      code,
    })
    if (!helps || upgrade || !isNavigation(request.method ?? '', request.headers)) {
      this.#refuse(routed, code, true)
      return
    }
    this.#promised(routed, async () => {
      // With the cookie of a session that has just begun: the sign-in that comes ends that session.
      const how = { fresh: true, extra: routed.fields ?? [] }
      const page = await users.signIn.begin(browserRequest(routed), request.url ?? '/', how)
      sendPage(request, response, page)
    })
  }

  /** No session: a token that has come is looked at, a browser inside is asked for one, the others go to the provider. */
  #signInFirst(routed: RoutedRequest, users: UserPorts): void {
    const { request, response, route, upgrade } = routed
    if (route.app.frontEndKerberos !== undefined && !upgrade) {
      const arriving = { ...routed, cookies: rawCookies(request.rawHeaders) }
      const token = negotiateToken(rawField(request.rawHeaders, 'authorization'))
      if (token !== undefined && users.negotiate.takes(arriving)) {
        this.#promised(routed, async () => {
          const outcome = await users.negotiate.accept(arriving, token)
          if (outcome.session === undefined) this.#tokenRefused(routed, users, outcome.code)
          else this.#authorise({ ...routed, fields: outcome.fields }, users, outcome.session)
        })
        return
      }
      if (users.negotiate.offers(arriving) && isNavigation(request.method ?? '', request.headers)) {
        sendPage(request, response, users.negotiate.challenge(request.url ?? '/'))
        return
      }
    }
    this.#askProvider(routed, users)
  }

  /** Never the challenge once more: nothing could come of it but the same token. */
  #tokenRefused(routed: RoutedRequest, users: UserPorts, code: string): void {
    if (goesOtherWay(code)) this.#askProvider(routed, users, noNegotiate(routed.route))
    else this.#refuse(routed, code)
  }

  /**
   * A session by Kerberos that its connector knows no more: ends it, and has the browser sign in again.
   *
   * @param admitted - The request; nothing of it has been answered.
   * @param code - Why.
   */
  signInAgain(admitted: AdmittedRequest, code: string): void {
    const { session, ...routed } = admitted
    const { users } = this.#ports
    if (!users || !session) return
    this.#promised(routed, async () => {
      await users.sessions.end(session.idHash)
      const { method = '', headers } = routed.request
      // What has just signed in and is refused all the same would only go round in circles.
      if (routed.fields === undefined && isNavigation(method, headers)) {
        this.#signInFirst(routed, users)
      } else this.#refuse({ ...routed, fields: undefined }, code)
    })
  }

  /**
   * The policy inside wants more of a sign-in than gateway.yaml says: the provider is asked for it.
   *
   * @param admitted - The request, a navigation; nothing of it has been answered.
   * @param wish - What is wanted.
   */
  stepUp(admitted: AdmittedRequest, wish: StepUp): void {
    const { request, response, session, fields: extra = [] } = admitted
    const { users, exchange } = this.#ports
    if (!users || !session) return
    const askedFor = askedSoFar(session, exchange.clock.nowMs(), wish)
    this.#promised(admitted, async () => {
      const how = { fresh: true, extra, wish, askedFor }
      const page = await users.signIn.begin(browserRequest(admitted), request.url ?? '/', how)
      sendPage(request, response, page)
    })
  }

  #askProvider(routed: RoutedRequest, users: UserPorts, extra: readonly string[] = []): void {
    const { request, response, upgrade } = routed
    if (upgrade || !isNavigation(request.method ?? '', request.headers)) {
      this.#refuse(routed, 'ERR_GATEWAY_NOT_SIGNED_IN')
      return
    }
    this.#promised(routed, async () => {
      const page = await users.signIn.begin(browserRequest(routed), request.url ?? '/', { extra })
      sendPage(request, response, page)
    })
  }

  #inside(admitted: AdmittedRequest): void {
    new BrowserExchange(this.#ports.exchange, admitted).start()
  }

  #promised(routed: RoutedRequest, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#broken(routed, error)
    })
  }

  #refuse(
    refused: Pick<
      RoutedRequest,
      'request' | 'response' | 'requestId' | 'fields' | 'crossOrigin'
    > & {
      route?: AppRoute
    },
    code: string,
    fresh = false,
  ): void {
    const { request, response, requestId, route, fields = [], crossOrigin = [] } = refused
    const extra = [...fields, ...crossOrigin]
    const signIn = route?.signIn ? signInTarget(request.url ?? '/', fresh) : undefined
    const html = wantsHtml(request.headers)
    sendPage(request, response, errorPage({ code, requestId, html, signIn, extra }))
  }

  #broken(broken: Pick<RoutedRequest, 'request' | 'response' | 'requestId'>, error: unknown): void {
    const details = {
      requestId: broken.requestId,
      code: errorCode(error),
      reason: errorText(error),
    }
    this.#ports.logger.error('request could not be handled', details)
    this.#refuse(broken, 'ERR_GATEWAY_INTERNAL')
  }
}

function browserRequest(routed: RoutedRequest): BrowserRequest {
  const { request, route, requestId } = routed
  const { method = 'GET', url = '/', headers } = request
  return { method, target: url, fields: headers, requestId, route }
}
