/**
 * Whether the account that was found may be acted for at a backend: asked when a request arrives, and again and again while
 * one lasts.
 *
 * @module
 */

import { DirectoryError } from '../directory/index.ts'
import { SallyportError } from '../platform/index.ts'
import type { Call } from './call.ts'
import { SsoError } from './errors.ts'
import type { Identity, IdentityFinder } from './identity.ts'
import { checkAccountOf, loginFrom, type Login } from './login.ts'
import { isAboutOwnAccount } from './own-account.ts'
import type { Route } from './policy.ts'
import type { Verdict } from './proof.ts'
import { isTransportFailure } from './transport-failure.ts'

/** Who says so. */
export interface Assertion {
  readonly verdict: Verdict
  readonly login: Login
}

/**
 * Checks that the issuer may assert this account, and that the policy lets it be acted for.
 *
 * @param identity - What the directory has.
 * @param route - Where to.
 * @param assertion - Who says so.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED, ERR_SSO_NEVER_IMPERSONATE or ERR_SSO_NOT_DELEGATABLE.
 */
export function admitAccount(identity: Identity, route: Route, assertion: Assertion): void {
  checkAccountOf(assertion.verdict.issuer, identity.account, assertion.login)
  if (identity.cleared.has(route.backend)) return
  route.backend.mayImpersonate({ account: identity.account, groupSids: undefined })
  identity.cleared.add(route.backend)
}

/**
 * Says whether a failure is a word about the user: neither silence, nor a fault of the directory or of the connector's own
 * account.
 *
 * @param error - What a look-up or an exchange threw.
 * @returns True when what the user has under way must end.
 */
export function isAboutUser(error: unknown): boolean {
  if (isTransportFailure(error) || error instanceof DirectoryError) return false
  return !isAboutOwnAccount(error)
}

/** The account of a call under way, asked about again. */
interface Recheck {
  readonly before: Identity
  readonly route: Route
  readonly assertion: Assertion
}

function recheckOf({ identity, route, verdict }: Call): Recheck | undefined {
  if (identity === undefined || route === undefined || verdict === undefined) return undefined
  const login = loginFrom(verdict, route.app.delegatedLoginIdentity)
  return { before: identity, route, assertion: { verdict, login } }
}

function checkAgain(now: Identity, { before, route, assertion }: Recheck): void {
  admitAccount(now, route, assertion)
  if (now.user === before.user) return
  const what = 'the login belongs to another account by now'
  throw new SsoError('ERR_SSO_LOGIN_REFUSED', what, { mend: 'Sign in again.' })
}

/**
 * Looks whether the account of a call that lasts may still be acted for. The directory is asked where it has not been for
 * `identityMs`, as it would be for a new request.
 *
 * @param finder - Finds accounts.
 * @param call - Under way.
 * @returns The refusal; undefined where there is none, or nobody who could say so.
 */
export async function refusalOfAccount(
  finder: IdentityFinder,
  call: Call,
): Promise<SallyportError | undefined> {
  const recheck = recheckOf(call)
  if (recheck === undefined) return undefined
  const { key } = recheck.assertion.login
  try {
    const now = finder.known(key) ?? (await finder.find(key))
    if (now === recheck.before) return undefined
    checkAgain(now, recheck)
    call.identity = now
    return undefined
  } catch (error) {
    return error instanceof SallyportError && isAboutUser(error) ? error : undefined
  }
}
