/**
 * Sign-in with Kerberos at the gateway (RFC 4559): to whom it is offered, and what the connector makes of a browser's token.
 *
 * The gateway cannot judge a token, and cannot make what the connector gives for one.
 *
 * @module
 */

import {
  errorCode,
  errorText,
  type Clock,
  type Logger,
  type SecurityLog,
} from '../platform/index.ts'
import type { AcceptedMessage } from '../tunnel/index.ts'
import type { AppConfig } from './app-config.ts'
import type { AppRoute } from './apps.ts'
import { signInTarget } from './browser-request.ts'
import { NO_NEGOTIATE_COOKIE, ownCookies, SESSION_COOKIE, setCookie } from './cookies.ts'
import type { LiveConnectors } from './live-connectors.ts'
import { claimsOf, textClaim } from './oidc.ts'
import type { OpenSession } from './open-session.ts'
import { htmlPage, type Page } from './pages.ts'
import { SeenTokens } from './seen-tokens.ts'
import type { Sessions } from './sessions.ts'

/** What it works through. */
export interface NegotiatePorts {
  readonly connectors: LiveConnectors
  readonly sessions: Sessions
  readonly logger: Logger
  readonly clock: Clock
  readonly security: Pick<SecurityLog, 'report'>
  /** Most tokens that are remembered at a time. */
  readonly tokens: number
  /** Application data of the channel binding of browsers' connections. */
  readonly channelBinding: () => Uint8Array | undefined
}

/** A request without a session. */
export interface Arriving {
  readonly route: AppRoute
  readonly clientAddress: string
  readonly requestId: string
  /** Its Cookie field. */
  readonly cookies: string | undefined
}

/** What became of a token: a session with fields for the answer, or the code of the refusal. */
export type NegotiateOutcome =
  | { readonly session: OpenSession; readonly fields: readonly string[] }
  | { readonly session: undefined; readonly code: string }

/** No Kerberos that is of use here: another way of signing in is the answer, not an error page. */
const OTHER_WAY = new Set([
  'ERR_SSO_NEGOTIATE_UNFIT',
  'ERR_SSO_NEGOTIATE_REFUSED',
  'ERR_SSO_POLICY_DENIED',
  'ERR_GATEWAY_NO_CONNECTOR',
  'ERR_GATEWAY_TIMEOUT',
  'ERR_GATEWAY_KERBEROS_FULL',
  'ERR_CONNECTOR_BUSY',
  'ERR_CONNECTOR_APP_UNKNOWN',
])

const MAX_TOKEN_LENGTH = 87_384
const TOKEN = /^negotiate +([A-Za-z0-9+/]+={0,2}) *$/i

/**
 * The token of a browser.
 *
 * @param authorization - The field, or undefined.
 * @returns Base64; undefined for no token, or one that is too long.
 */
export function negotiateToken(authorization: string | undefined): string | undefined {
  const token = TOKEN.exec(authorization ?? '')?.[1]
  return token === undefined || token.length > MAX_TOKEN_LENGTH ? undefined : token
}

/**
 * How large a request's head may be: where tokens are taken, one of users in very many groups stands beside everything else.
 *
 * @param headerOctets - For everything else.
 * @param apps - That are published.
 * @returns Octets.
 */
export function headRoom(headerOctets: number, apps: readonly AppConfig[]): number {
  const taken = apps.some(({ frontEndKerberos }) => frontEndKerberos !== undefined)
  return taken ? headerOctets + MAX_TOKEN_LENGTH : headerOctets
}

/**
 * Whether a refusal of a token is answered with the ordinary sign-in.
 *
 * @param code - Of the refusal.
 * @returns False where a page has to say why.
 */
export function goesOtherWay(code: string): boolean {
  return OTHER_WAY.has(code)
}

/**
 * Not offered to this browser again for a while.
 *
 * @param route - The app.
 * @returns Fields, flat; none where it is never offered.
 */
export function noNegotiate({ app }: AppRoute): readonly string[] {
  const { frontEndKerberos } = app
  if (frontEndKerberos === undefined) return []
  return ['Set-Cookie', setCookie(NO_NEGOTIATE_COOKIE, '1', frontEndKerberos.retryMinutes * 60)]
}

/** Offers and takes tokens. */
export class Negotiate {
  readonly #ports: NegotiatePorts
  readonly #seen: SeenTokens

  constructor(ports: NegotiatePorts) {
    this.#ports = ports
    this.#seen = new SeenTokens(ports.clock, ports.tokens)
  }

  /**
   * Whether tokens are taken: from the listed networks, while a connector is there that can judge them. Not where the app wants an
   * authentication context: no ticket proves one, and the provider would have to be asked all the same.
   *
   * @param arriving - The request.
   * @returns True when one that comes is looked at.
   */
  takes({ route, clientAddress }: Arriving): boolean {
    if (!route.isInside(clientAddress) || route.stepUp?.acr !== undefined) return false
    return this.#ports.connectors.pickForSignIn(route.app.connectorGroup) !== undefined
  }

  /**
   * Whether a browser is asked for a token: not where it could not give one a while ago.
   *
   * @param arriving - The request.
   * @returns True when it is.
   */
  offers(arriving: Arriving): boolean {
    const failed = ownCookies(arriving.cookies).some(({ name }) => name === NO_NEGOTIATE_COOKIE)
    return !failed && this.takes(arriving)
  }

  /**
   * Asks for a token. A browser without one shows the page, which goes on to the ordinary sign-in by itself.
   *
   * @param target - What was wanted.
   * @returns The page.
   */
  challenge(target: string): Page {
    const href = signInTarget(target, false, false)
    const link = { href, label: 'Sign in' }
    const text = 'Your browser did not sign you in by itself. You are taken to the sign-in page.'
    const content = { title: 'Please sign in', text, link, onwards: href }
    return htmlPage(401, content, ['WWW-Authenticate', 'Negotiate'])
  }

  /**
   * Has a connector judge a token, and begins a session.
   *
   * @param arriving - The request.
   * @param token - Base64.
   * @returns What became of it. Never rejects for a refusal.
   */
  async accept(arriving: Arriving, token: string): Promise<NegotiateOutcome> {
    const giveBack = this.#seen.take(Buffer.from(token, 'base64'))
    if (typeof giveBack === 'string') return this.#notTaken(arriving, giveBack)
    try {
      const outcome = await this.#accept(arriving, token)
      if (outcome.session === undefined) giveBack()
      return outcome
    } catch (error) {
      // Not given back: a connector that did not answer may have accepted it.
      return this.#refused(arriving, errorCode(error), errorText(error))
    }
  }

  #notTaken(arriving: Arriving, why: 'copy' | 'full'): NegotiateOutcome {
    if (why === 'full') {
      const what = `more than ${this.#ports.tokens} tokens (browser.limits.kerberosTokens) came lately`
      return this.#refused(arriving, 'ERR_GATEWAY_KERBEROS_FULL', what)
    }
    const code = 'ERR_SSO_NEGOTIATE_REFUSED'
    const { route, clientAddress, requestId } = arriving
    const fields = { app: route.app.id, clientAddress, requestId }
    this.#ports.security.report({ code, what: 'negotiate-replay', fields })
    return this.#refused(arriving, code, 'a token that was taken before')
  }

  async #accept(arriving: Arriving, token: string): Promise<NegotiateOutcome> {
    const { app } = arriving.route
    const { connectors, channelBinding } = this.#ports
    const live = connectors.pickForSignIn(app.connectorGroup)
    if (!live) return this.#refused(arriving, 'ERR_GATEWAY_NO_CONNECTOR', 'nobody judges tokens')
    const binding = app.frontEndKerberos?.channelBinding ? channelBinding() : undefined
    const question = {
      ...{ app: app.id, token },
      ...(binding && { channelBinding: Buffer.from(binding).toString('base64') }),
    }
    const patience = { limitMs: app.frontEndKerberos?.acceptMs ?? 0, name: 'acceptMs' }
    const answer = await live.signIns.ask((id) => {
      live.session.sendControl({ type: 'accept', id, ...question })
    }, patience)
    const { assertion } = answer
    if (assertion !== undefined) return this.#begin(arriving, { ...answer, assertion }, live.id)
    return this.#refused(arriving, answer.code ?? 'ERR_UNEXPECTED', answer.message ?? '')
  }

  async #begin(
    { route, requestId }: Arriving,
    { assertion, reply }: AcceptedMessage & { readonly assertion: string },
    acceptedBy: string,
  ): Promise<NegotiateOutcome> {
    const { sessions, logger } = this.#ports
    const claims = claimsOf(assertion) ?? {}
    const user = textClaim(claims, 'upn') ?? ''
    const { session, cookieValue } = await sessions.begin({
      ...{ host: route.externalHost, user, acceptedBy },
      issuer: textClaim(claims, 'iss') ?? '',
      subject: textClaim(claims, 'sub') ?? '',
      tokens: { idToken: assertion },
    })
    logger.info('signed in with Kerberos', { user, app: route.app.id, requestId })
    const cookie = ['Set-Cookie', setCookie(SESSION_COOKIE, cookieValue)]
    const proof = reply === undefined ? [] : ['WWW-Authenticate', `Negotiate ${reply}`]
    return { session, fields: [...cookie, ...proof] }
  }

  #refused({ route, requestId }: Arriving, code: string, reason: string): NegotiateOutcome {
    const app = route.app.id
    this.#ports.logger.info('sign-in with Kerberos refused', { app, requestId, code, reason })
    return { session: undefined, code }
  }
}
