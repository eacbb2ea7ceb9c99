/**
 * What a browser is told of a request that failed inside: an error page, or the way to a sign-in that mends it.
 *
 * @module
 */

import type { AppRoute } from './apps.ts'
import { isNavigation, signInTarget, wantsHtml, type Fields } from './browser-request.ts'
import type { OpenSession } from './open-session.ts'
import { errorPage, redirect, type Page } from './pages.ts'
import type { StepUp } from './oidc.ts'
import { mayHelp } from './step-up.ts'

/** The request, as far as its answer goes by it. */
export interface FailedRequest {
  readonly request: {
    readonly method?: string | undefined
    readonly url?: string | undefined
    readonly headers: Fields
  }
  readonly route: AppRoute
  readonly requestId: string
  /** Further fields of the answer, flat. */
  readonly fields?: readonly string[] | undefined
  /** Those that let a page of another origin read it, flat. */
  readonly crossOrigin?: readonly string[] | undefined
  /** There where a connection was to switch protocols: no page that could lead anywhere. */
  readonly upgrade?: unknown
}

/** The policy inside wants more of the sign-in. */
const STEP_UP = 'ERR_SSO_STEP_UP_NEEDED'
/** What a fresh sign-in mends. */
const FRESH = new Set([STEP_UP, 'ERR_GATEWAY_STEP_UP_NEEDED', 'ERR_SSO_PROOF_EXPIRED'])
/** What a browser is sent to it for. */
const REDIRECTED = new Set([STEP_UP, 'ERR_GATEWAY_STEP_UP_NEEDED'])

/** A failure inside. */
export interface Failure {
  readonly code: string
  /** Which sign-in would do, where the connector says it. */
  readonly wish?: StepUp | undefined
}

/**
 * The code that is shown. The connector's policy may want a stronger sign-in; right after one like that there is no use in another.
 *
 * @param failure - What failed.
 * @param session - The user's.
 * @param nowMs - The time.
 * @returns The same, but for that case.
 */
export function shownCode(
  { code, wish }: Failure,
  session: OpenSession | undefined,
  nowMs: number,
): string {
  if (code !== STEP_UP || session === undefined || mayHelp(session, nowMs, wish)) return code
  return 'ERR_GATEWAY_STEP_UP_REFUSED'
}

/**
 * Whether a browser is sent to the provider with what the connector wants of a sign-in.
 *
 * @param failure - Its code as shown.
 * @param failed - What failed.
 * @returns What the provider is asked for; undefined where a page is the answer.
 */
export function wishToFulfil(
  { code, wish }: Failure,
  failed: Pick<FailedRequest, 'request' | 'upgrade'>,
): StepUp | undefined {
  return code === STEP_UP && leadsOn(failed) ? wish : undefined
}

function leadsOn({ request, upgrade }: Pick<FailedRequest, 'request' | 'upgrade'>): boolean {
  return upgrade === undefined && isNavigation(request.method ?? '', request.headers)
}

/**
 * The answer.
 *
 * @param failed - The request.
 * @param code - As shown.
 * @returns The page.
 */
export function failurePage(failed: FailedRequest, code: string): Page {
  const { request, route, requestId, fields = [], crossOrigin = [] } = failed
  const extra = [...fields, ...crossOrigin]
  const { url = '/', headers } = request
  const signIn = route.signIn ? signInTarget(url, FRESH.has(code)) : undefined
  if (REDIRECTED.has(code) && signIn !== undefined && leadsOn(failed)) {
    return redirect(`${route.externalOrigin}${signIn}`, extra)
  }
  return errorPage({ code, requestId, html: wantsHtml(headers), signIn, extra })
}
