/**
 * Whether an issuer may name an account at all, by the suffix of its login and its realm: for commands that look before anyone signs in.
 *
 * @module
 */

import type { DirectoryAccount } from '../directory/index.ts'
import { checkAccountOf, loginBy } from './login.ts'
import type { IssuerPolicy } from './policy.ts'

/** A person, as the directory has them and as somebody wrote their name. */
export interface Person {
  readonly account: DirectoryAccount
  /** A user principal name, or an account name. */
  readonly login: string
}

const PRINCIPAL_NAMES: ReadonlySet<string> = new Set([
  'userPrincipalName',
  'userPrincipalUsername',
  'onPremisesUserPrincipalName',
  'onPremisesUserPrincipalUsername',
])

/**
 * What a token is expected to call a person.
 *
 * @param kind - The app's delegated login identity.
 * @param person - Who.
 * @returns The value of the claim; undefined for kinds whose value cannot be known here.
 */
export function expectedLogin(kind: string, { account, login }: Person): string | undefined {
  const { sAMAccountName, userPrincipalName, realm } = account
  if (kind === 'onPremisesSAMAccountName') return sAMAccountName
  if (!PRINCIPAL_NAMES.has(kind)) return undefined
  if (login.includes('@')) return login
  return userPrincipalName ?? `${sAMAccountName}@${realm.toLowerCase()}`
}

/**
 * Checks that an issuer may assert a person: the suffix of the login, then the realm of the account.
 *
 * @param issuer - Who asserts.
 * @param kind - The app's delegated login identity.
 * @param person - Who is asserted.
 * @throws SsoError ERR_SSO_LOGIN_REFUSED, as a request would meet it.
 */
export function checkAssertable(issuer: IssuerPolicy, kind: string, person: Person): void {
  const value = expectedLogin(kind, person)
  const suffix = value === undefined ? undefined : loginBy(issuer, kind, () => value).suffix
  checkAccountOf(issuer, person.account, { suffix })
}
