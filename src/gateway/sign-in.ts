/**
 * Sign-in and sign-out: the gateway's own pages on every app's host.
 *
 * OpenID Connect Core, code flow with PKCE (RFC 7636), state and nonce; RP-initiated logout.
 *
 * @module
 */

import { errorCode, errorText, type Clock, type Logger, type Random } from '../platform/index.ts'
import {
  CALLBACK_PATH,
  field,
  isSameOrigin,
  pathOf,
  queryOf,
  safeReturn,
  SIGN_IN_PATH,
  SIGN_OUT_PATH,
  wantsHtml,
  type BrowserRequest,
} from './browser-request.ts'
import { clearCookie, SESSION_COOKIE, sessionCookieOf, setCookie } from './cookies.ts'
import { GatewayError } from './errors.ts'
import { textClaim, type OidcProvider, type StepUp, type TokenSet } from './oidc.ts'
import { noNegotiate } from './negotiate.ts'
import type { OpenSession } from './open-session.ts'
import { errorPage, htmlPage, redirect, type Page } from './pages.ts'
import type { Sessions, SignedIn } from './sessions.ts'
import { isStrongEnough } from './step-up.ts'
import { SignInStates, type PendingSignIn, type StatedSignIn } from './sign-in-state.ts'

/** What the pages need. */
export interface SignInPorts {
  readonly provider: OidcProvider
  readonly sessions: Sessions
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly loginClaim: string
}

/** How a sign-in begins. */
export interface BeginOptions {
  readonly fresh?: boolean
  /** Further fields, flat. */
  readonly extra?: readonly string[]
  /** What is wanted of the sign-in. Default: what the app's settings say. */
  readonly wish?: StepUp | undefined
  /** What the provider has been asked for in a row, this included, because the policy inside wanted more. */
  readonly askedFor?: readonly StepUp[] | undefined
}

/** Sign-in and sign-out. */
export class SignIn {
  readonly #ports: SignInPorts
  readonly #states: SignInStates

  constructor(ports: SignInPorts) {
    this.#ports = ports
    this.#states = new SignInStates(ports.clock, ports.random)
  }

  /**
   * Answers a request to a path under `/.sallyport/`. Never rejects.
   *
   * @param request - The request.
   * @returns The page.
   */
  async answer(request: BrowserRequest): Promise<Page> {
    try {
      return await this.#answer(request)
    } catch (error) {
      return this.#fault(request, error)
    }
  }

  /**
   * Sends a browser to the provider. Never rejects.
   *
   * @param request - The request that needs a session.
   * @param returnTo - Where to go afterwards.
   * @param how - Ask for the password even when the provider still knows the user; further fields of the answer.
   * @returns A redirect, or an error page when the provider cannot be reached.
   */
  async begin(request: BrowserRequest, returnTo: string, how: BeginOptions = {}): Promise<Page> {
    try {
      const { route, fields } = request
      const { fresh: forced = false, extra = [], wish: stepUp = route.stepUp, askedFor } = how
      const cookieHeader = field(fields, 'cookie')
      const wish = { returnTo: safeReturn(returnTo), forced, askedFor }
      const stated = this.#states.begin(route.externalHost, wish, cookieHeader)
      const redirectUri = `${route.externalOrigin}${CALLBACK_PATH}`
      const { state, nonce, codeVerifier } = stated.pending
      const asked = { state, nonce, codeVerifier, redirectUri, forced, stepUp }
      const url = await this.#ports.provider.authorizationUrl(asked)
      return redirect(url, [...stated.cookies, ...extra])
    } catch (error) {
      return this.#fault(request, error)
    }
  }

  #answer(request: BrowserRequest): Promise<Page> {
    switch (pathOf(request.target)) {
      case CALLBACK_PATH:
        return this.#callback(request)
      case SIGN_IN_PATH:
        return this.#signIn(request)
      case SIGN_OUT_PATH:
        return this.#signOut(request)
      default:
        throw new GatewayError('ERR_GATEWAY_NOT_FOUND', 'no such page')
    }
  }

  #signIn(request: BrowserRequest): Promise<Page> {
    requireMethod(request, ['GET', 'HEAD'])
    const query = queryOf(request.target)
    const off = query.get('kerberos') === 'off'
    const extra = off ? noNegotiate(request.route) : []
    return this.begin(request, query.get('to') ?? '/', { fresh: query.get('fresh') === '1', extra })
  }

  async #callback(request: BrowserRequest): Promise<Page> {
    requireMethod(request, ['GET'])
    const { route, fields, target } = request
    const state = queryOf(target).get('state') ?? ''
    const stated = this.#states.recall(route.externalHost, state, field(fields, 'cookie'))
    if (!stated) {
      throw new GatewayError('ERR_GATEWAY_SIGN_IN_STATE', 'no such sign-in began in this browser')
    }
    try {
      const callbackUrl = `${route.externalOrigin}${target}`
      const tokens = await this.#ports.provider.redeem(callbackUrl, stated.pending)
      return await this.#signedIn(request, stated, tokens)
    } catch (error) {
      return this.#fault(request, error, stated.cookies)
    }
  }

  async #signedIn(request: BrowserRequest, stated: StatedSignIn, tokens: TokenSet): Promise<Page> {
    const { sessions, loginClaim, logger } = this.#ports
    const { claims } = tokens
    const user = textClaim(claims, loginClaim)
    const subject = textClaim(claims, 'sub')
    const issuer = textClaim(claims, 'iss')
    if (user === undefined || subject === undefined || issuer === undefined) {
      throw new GatewayError(
        'ERR_GATEWAY_LOGIN_CLAIM',
        `the ID token has no claim '${loginClaim}'`,
        {
          mend: 'Have the provider put the login name into that claim, or name another in oidc.loginClaim.',
        },
      )
    }
    if (this.#isTooWeak(request, stated, tokens)) {
      return this.begin(request, stated.pending.returnTo, { fresh: true })
    }
    const { route, requestId } = request
    const { askedFor, returnTo } = stated.pending
    const sid = textClaim(claims, 'sid')
    const signedIn = { issuer, subject, sid, user, tokens, askedFor, host: route.externalHost }
    const to = `${route.externalOrigin}${returnTo}`
    const former = await this.#session(request)
    if (former && isOfOtherTab(former, stated.pending, signedIn))
      return redirect(to, stated.cookies)
    if (former) await sessions.end(former.idHash)
    const { cookieValue } = await sessions.begin(signedIn)
    logger.info('signed in', { user, app: route.app.id, requestId })
    return redirect(to, [...stated.cookies, 'Set-Cookie', setCookie(SESSION_COOKIE, cookieValue)])
  }

  /** A provider that knows the user may pass over what an app wants; told to ask again, it does not. Once is enough. */
  #isTooWeak({ route }: BrowserRequest, { pending }: StatedSignIn, { claims }: TokenSet): boolean {
    const nowMs = this.#ports.clock.nowMs()
    if (route.stepUp === undefined || pending.forced) return false
    return !isStrongEnough(route.stepUp, { tokens: { claims }, createdMs: nowMs }, nowMs)
  }

  async #signOut(request: BrowserRequest): Promise<Page> {
    requireMethod(request, ['GET', 'HEAD', 'POST'])
    if (request.method !== 'POST') return confirmPage()
    if (!isSameOrigin(request)) {
      throw new GatewayError('ERR_GATEWAY_CROSS_SITE', 'sign-out asked for by another site')
    }
    const session = await this.#session(request)
    if (session) {
      await this.#ports.sessions.end(session.idHash)
      this.#ports.logger.info('signed out', { user: session.user, requestId: request.requestId })
    }
    // Else the next page would sign in again by itself.
    const off = session?.acceptedBy === undefined ? [] : noNegotiate(request.route)
    const forget = ['Set-Cookie', clearCookie(SESSION_COOKIE), ...off]
    const elsewhere = session && (await this.#endSessionUrl(session))
    return elsewhere === undefined ? signedOutPage(forget) : redirect(elsewhere, forget)
  }

  #session(request: BrowserRequest): Promise<OpenSession | undefined> {
    const value = sessionCookieOf(field(request.fields, 'cookie'))
    if (value === undefined) return Promise.resolve(undefined)
    return this.#ports.sessions.open(value, request.route.externalHost)
  }

  /** A provider that is down does not keep anybody signed in here. */
  async #endSessionUrl(session: OpenSession): Promise<string | undefined> {
    // An assertion is none of the provider's business.
    if (session.acceptedBy !== undefined) return undefined
    try {
      return await this.#ports.provider.endSessionUrl(session.tokens.proof.idToken)
    } catch {
      return undefined
    }
  }

  #fault(request: BrowserRequest, error: unknown, extra: readonly string[] = []): Page {
    const known = error instanceof GatewayError
    const code = known ? error.code : 'ERR_GATEWAY_INTERNAL'
    const { requestId, fields } = request
    const details = { requestId, code: errorCode(error), reason: errorText(error) }
    if (known) this.#ports.logger.warn('sign-in page failed', { ...details, mend: error.mend })
    else this.#ports.logger.error('sign-in page failed', details)
    return errorPage({ code, requestId, html: wantsHtml(fields), extra })
  }
}

/** Another tab was first with the same user: a second session would end what runs in that one. */
function isOfOtherTab(former: OpenSession, pending: PendingSignIn, signedIn: SignedIn): boolean {
  const { issuer, subject, sid, user } = signedIn
  // Who was to type the password again has done so for a new session.
  if (pending.forced || former.createdMs < pending.startedMs) return false
  const sameUser = former.issuer === issuer && former.subject === subject
  const sameLogin = former.acceptedBy === undefined && former.user === user.toLowerCase()
  return sameUser && sameLogin && textClaim(former.tokens.claims, 'sid') === sid
}

function requireMethod(request: BrowserRequest, allowed: readonly string[]): void {
  if (allowed.includes(request.method)) return
  throw new GatewayError('ERR_GATEWAY_METHOD', `only ${allowed.join(', ')} are accepted here`)
}

function confirmPage(): Page {
  return htmlPage(200, {
    title: 'Sign out?',
    text: 'You will have to sign in again to use this application.',
    button: { href: SIGN_OUT_PATH, label: 'Sign out' },
    link: { href: '/', label: 'Back to the application' },
  })
}

function signedOutPage(extra: readonly string[]): Page {
  const link = { href: '/', label: 'Open the application' }
  return htmlPage(
    200,
    { title: 'You are signed out', text: 'You may close this window.', link },
    extra,
  )
}
