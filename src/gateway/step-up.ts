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
}

/** A session that began so short a time ago came of the sign-in that was meant to mend things: no second one would. */
const JUST_SIGNED_IN_MS = 60_000

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
 * Whether another sign-in could help.
 *
 * @param session - Whose sign-in will not do.
 * @param nowMs - The time.
 * @returns False right after a sign-in: the browser would go in circles.
 */
export function mayHelp(
  session: Pick<JudgedSignIn, 'createdMs' | 'acceptedBy'>,
  nowMs: number,
): boolean {
  // The provider has not been asked yet.
  if (session.acceptedBy !== undefined) return true
  return nowMs - session.createdMs > JUST_SIGNED_IN_MS
}
