/**
 * The delegated login identity: which account in the directory the signed-in user is. The five kinds are those of
 * Microsoft Entra application proxy.
 *
 * @module
 */

import type { AccountKey, DirectoryAccount } from '../directory/index.ts'
import { SsoError } from './errors.ts'
import type { IssuerPolicy } from './policy.ts'
import type { LoginIdentity } from './policy-file.ts'
import type { Verdict } from './proof.ts'

/** A login as the issuer asserted it, and the account it names. */
export interface Login {
  readonly login: string
  readonly key: AccountKey
}

/** Active Directory's own limit for a userPrincipalName. */
const MAX_LOGIN_LENGTH = 1024

function refused(reason: string, mend: string): SsoError {
  return new SsoError('ERR_SSO_LOGIN_REFUSED', reason, { mend })
}

function claimNameOf(issuer: IssuerPolicy, kind: LoginIdentity): string {
  switch (kind) {
    case 'userPrincipalName':
    case 'userPrincipalUsername':
      return issuer.loginClaim
    case 'onPremisesUserPrincipalName':
    case 'onPremisesUserPrincipalUsername':
      return issuer.onPremisesUserPrincipalNameClaim ?? issuer.loginClaim
    case 'onPremisesSAMAccountName':
      return issuer.onPremisesSAMAccountNameClaim ?? issuer.loginClaim
  }
}

function loginOf(verdict: Verdict, name: string): string {
  const value = verdict.claims[name]
  if (typeof value !== 'string' || value === '') {
    throw refused(
      `the ID token has no claim ${name}, which the policy takes as the login`,
      `Have ${verdict.issuer.issuer} put ${name} into ID tokens, or name another claim in the policy.`,
    )
  }
  // Control characters and an over-long value are nobody's name.
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  if (value.length > MAX_LOGIN_LENGTH || /[\u0000-\u001f\u007f]/.test(value)) {
    throw refused(
      `claim ${name} is not a login name`,
      'Look at the account in the identity provider.',
    )
  }
  return value
}

/** The part after the last '@', lower-case; undefined without one. */
function suffixOf(login: string): string | undefined {
  const at = login.lastIndexOf('@')
  return at > 0 && at < login.length - 1 ? login.slice(at + 1).toLowerCase() : undefined
}

function mayAssertSuffix(issuer: IssuerPolicy, suffix: string): boolean {
  return issuer.upnSuffixes.some((allowed) => allowed.toLowerCase() === suffix)
}

function checkedSuffix(issuer: IssuerPolicy, login: string): void {
  const suffix = suffixOf(login)
  if (suffix === undefined) {
    throw refused(
      `the login '${login}' is not a user principal name`,
      'Choose another delegatedLoginIdentity for the app.',
    )
  }
  if (issuer.upnSuffixes.length === 0 || mayAssertSuffix(issuer, suffix)) return
  throw refused(
    `the issuer ${issuer.issuer} may not assert logins of @${suffix}`,
    `Add ${suffix} to upnSuffixes of this issuer in the connector's policy, if that is what you want.`,
  )
}

/** Which part of a token names the account is the policy's choice: the gateway only picks among what it lists. */
function checkKind(issuer: IssuerPolicy, kind: LoginIdentity): void {
  if (issuer.loginIdentities.includes(kind)) return
  throw refused(
    `the policy does not take ${kind} from the issuer ${issuer.issuer}`,
    `Add ${kind} to loginIdentities of this issuer in the connector's policy, if no two people can share such a name.`,
  )
}

/**
 * Finds out whom a proof names.
 *
 * @param verdict - A proof that was found good.
 * @param kind - The app's delegated login identity.
 * @returns The login and the account's key in the directory.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED without the claim, or when the issuer may not assert it in this way.
 */
export function loginFrom(verdict: Verdict, kind: LoginIdentity): Login {
  checkKind(verdict.issuer, kind)
  const login = loginOf(verdict, claimNameOf(verdict.issuer, kind))
  if (kind === 'onPremisesSAMAccountName') {
    if (suffixOf(login) === undefined) return { login, key: { by: 'sAMAccountName', value: login } }
    throw refused(
      `the login '${login}' is not a sAMAccountName`,
      'Name the claim that holds it as onPremisesSAMAccountNameClaim in the policy.',
    )
  }
  checkedSuffix(verdict.issuer, login)
  if (kind === 'userPrincipalUsername' || kind === 'onPremisesUserPrincipalUsername') {
    return { login, key: { by: 'sAMAccountName', value: login.slice(0, login.lastIndexOf('@')) } }
  }
  return { login, key: { by: 'userPrincipalName', value: login } }
}

/**
 * Checks that the issuer may assert the account which was found, not just its name.
 *
 * @param issuer - Who asserts.
 * @param account - What the directory has.
 * @param login - The login as asserted.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED.
 */
export function checkAccountOf(
  issuer: IssuerPolicy,
  account: DirectoryAccount,
  login: string,
): void {
  if (issuer.realms.length > 0) {
    if (issuer.realms.some((realm) => realm.toLowerCase() === account.realm.toLowerCase())) return
    throw refused(
      `the issuer ${issuer.issuer} may not assert accounts of realm ${account.realm}`,
      "Add the realm to realms of this issuer in the connector's policy, if that is what you want.",
    )
  }
  // Without realms the suffix is the limit: of the login itself, or of the account when the login has none.
  const suffix = suffixOf(login) ?? suffixOf(account.userPrincipalName ?? '')
  if (suffix !== undefined && mayAssertSuffix(issuer, suffix)) return
  throw refused(
    `the issuer ${issuer.issuer} may not assert ${account.sAMAccountName}: its UPN suffix is not listed`,
    "List the realm under realms of this issuer in the connector's policy, if that is what you want.",
  )
}
