/**
 * Step-up: apps that want a stronger or a fresher sign-in than the others (OpenID Connect Core 1.0 sections 2 and 3.1.2.1: acr,
 * auth_time, acr_values, max_age).
 *
 * @module
 */

import { textClaim, type Claims, type StepUp } from './oidc.ts'

/** A session, or the tokens of one that may begin. */
export interface JudgedSignIn {
  readonly tokens: { readonly claims: Claims }
  readonly createdMs: number
  /** Signed in with Kerberos. */
  readonly acceptedBy?: string | undefined
  /** What it was begun for, where the policy inside wanted more. */
  readonly askedFor?: readonly StepUp[] | undefined
}

/**
 * A session that began so short a time ago came of the sign-in that was meant to mend things: no second one would. Well below
 * the shortest maxAgeMinutes, which counts from the password and not from the session's begin.
 */
const JUST_SIGNED_IN_MS = 30_000

/**
 * What an app's settings want.
 *
 * @param app - Its settings.
 * @returns The wish, or undefined when every sign-in will do.
 */
export function stepUpOf(app: Partial<StepUp>): StepUp | undefined {
  const { acr, maxAgeMinutes } = app
  return acr === undefined && maxAgeMinutes === undefined ? undefined : { acr, maxAgeMinutes }
}

/**
 * Whether a session's sign-in will do.
 *
 * @param wish - Of the app.
 * @param session - Whose tokens are looked at.
 * @param nowMs - The time.
 * @returns True when it will.
 */
export function isStrongEnough(wish: StepUp, session: JudgedSignIn, nowMs: number): boolean {
  const { claims } = session.tokens
  const acr = textClaim(claims, 'acr')
  if (wish.acr !== undefined && (acr === undefined || !wish.acr.includes(acr))) return false
  if (wish.maxAgeMinutes === undefined) return true
  // A refreshed token keeps auth_time (section 12.2); its iat says nothing of the user.
  const { auth_time: signedIn } = claims
  const sinceMs = typeof signedIn === 'number' ? signedIn * 1000 : session.createdMs
  return nowMs - sinceMs <= wish.maxAgeMinutes * 60_000
}

/**
 * Whether what runs in a session has outlived what its app wants: the sign-in has become too old, or a refreshed token says less.
 *
 * @param wish - Of the app.
 * @param session - In whose name it runs.
 * @param nowMs - The time.
 * @returns True when it has to end.
 */
export function isOutlived(
  wish: StepUp | undefined,
  session: JudgedSignIn | undefined,
  nowMs: number,
): boolean {
  return wish !== undefined && session !== undefined && !isStrongEnough(wish, session, nowMs)
}

/** A session, as far as another sign-in is concerned. */
type FormerSignIn = Pick<JudgedSignIn, 'createdMs' | 'acceptedBy' | 'askedFor'>

/**
 * Whether another sign-in could help.
 *
 * @param session - Whose sign-in will not do.
 * @param nowMs - The time.
 * @param wish - What the provider would be asked for, where the policy inside says it.
 * @returns False right after a sign-in, unless the provider has not been asked for that: the browser would go in circles.
 */
export function mayHelp(session: FormerSignIn, nowMs: number, wish?: StepUp): boolean {
  // The provider has not been asked yet.
  if (session.acceptedBy !== undefined) return true
  if (!isYoung(session, nowMs)) return true
  return wish !== undefined && !session.askedFor?.some((asked) => isSame(asked, wish))
}

function isYoung({ createdMs }: FormerSignIn, nowMs: number): boolean {
  return nowMs - createdMs <= JUST_SIGNED_IN_MS
}

function isSame(one: StepUp, other: StepUp): boolean {
  return one.maxAgeMinutes === other.maxAgeMinutes && one.acr?.join(' ') === other.acr?.join(' ')
}

/**
 * What a new session was begun for: each wish is asked for once in a row, so that several that no sign-in fulfils come to an end.
 *
 * @param session - The one before it.
 * @param nowMs - The time.
 * @param wish - What the provider is asked for now.
 * @returns All that it has been asked for in a row.
 */
export function askedSoFar(session: FormerSignIn, nowMs: number, wish: StepUp): readonly StepUp[] {
  return isYoung(session, nowMs) ? [...(session.askedFor ?? []), wish] : [wish]
}

/**
 * What the provider is asked for where the policy inside wants more than gateway.yaml says.
 *
 * @param own - Of the app in gateway.yaml.
 * @param inside - What the connector says.
 * @returns One wish for both; undefined where the connector says nothing.
 */
export function joinedWish(own: StepUp | undefined, inside: Partial<StepUp>): StepUp | undefined {
  const wish = stepUpOf(inside)
  if (wish === undefined || own === undefined) return wish
  const common = wish.acr?.filter((acr) => own.acr?.includes(acr) ?? true)
  const ages = [own.maxAgeMinutes, wish.maxAgeMinutes].filter((age) => age !== undefined)
  return {
    acr: common === undefined ? own.acr : common.length > 0 ? common : wish.acr,
    maxAgeMinutes: ages.length === 0 ? undefined : Math.min(...ages),
  }
}
