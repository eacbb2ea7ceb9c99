/**
 * May a signed-in user use an app? Default deny.
 *
 * @module
 */

import { sameName } from '../platform/index.ts'
import type { AllowRule, AppConfig } from './app-config.ts'
import { textClaim, textsClaim, type Claims } from './oidc.ts'
import type { OpenSession } from './open-session.ts'

/** Which claims hold login and groups. */
export interface ClaimNames {
  readonly loginClaim: string
  readonly groupsClaim: string
}

/** What a connector's assertion calls them. */
const ASSERTION_NAMES: ClaimNames = { loginClaim: 'upn', groupsClaim: 'groups' }

function claimsMatch(rule: NonNullable<AllowRule['claims']>, claims: Claims): boolean {
  const entries = Object.entries(rule)
  return (
    entries.length > 0 &&
    entries.every(([name, accepted]) => {
      const values = textsClaim(claims, name)
      return accepted.some((value) => values.includes(value))
    })
  )
}

/**
 * Decides for claims: everyone, or a listed user, or a listed group, or all listed claims.
 *
 * @param rule - The app's `allow`.
 * @param claims - Of the ID token.
 * @param names - Which claims hold login and groups.
 * @returns True when one of the ways holds.
 */
export function isAllowed(rule: AllowRule, claims: Claims, names: ClaimNames): boolean {
  if (rule.everyone) return true
  const login = textClaim(claims, names.loginClaim)
  if (login !== undefined && rule.users?.some((user) => sameName(user, login))) return true
  if (rule.groups) {
    const groups = textsClaim(claims, names.groupsClaim)
    if (rule.groups.some((group) => groups.includes(group))) return true
  }
  return rule.claims !== undefined && claimsMatch(rule.claims, claims)
}

/**
 * Decides for a session; a verdict is kept until the session's token changes.
 *
 * @param app - Which app is wanted.
 * @param session - Who wants it.
 * @param names - Which claims hold login and groups.
 * @returns True when the user may.
 */
export function mayUse(app: AppConfig, session: OpenSession, names: ClaimNames): boolean {
  if (session.verdictsFor !== session.tokens) {
    session.verdicts.clear()
    session.verdictsFor = session.tokens
  }
  let verdict = session.verdicts.get(app.id)
  if (verdict === undefined) {
    const known = session.acceptedBy === undefined ? names : ASSERTION_NAMES
    verdict = isAllowed(app.allow, session.tokens.claims, known)
    session.verdicts.set(app.id, verdict)
  }
  return verdict
}
