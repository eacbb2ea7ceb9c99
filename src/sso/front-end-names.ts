/**
 * What a user who signed in with Kerberos is called. Names are of one domain: who looks after another one can give its users and
 * groups any name, also one that means somebody here. So only our own realm's count as they are.
 *
 * @module
 */

import type { DirectoryAccount } from '../directory/index.ts'
import { sameName } from '../platform/index.ts'

/** What is looked at. */
export type NamedAccount = Pick<
  DirectoryAccount,
  'sAMAccountName' | 'userPrincipalName' | 'realm' | 'memberOf'
>

/** Whether a suffix is the realm itself, or one above it in its own forest. */
function isOfRealm(suffix: string, realm: string): boolean {
  const labels = realm.split('.')
  return labels.some((_, at) => sameName(labels.slice(at).join('.'), suffix))
}

/**
 * The login name.
 *
 * @param account - Whose.
 * @param ownRealm - The connector's.
 * @returns userPrincipalName; `account@REALM` where there is none, or another realm's account has a suffix that is not its realm's.
 */
export function loginNameOf(account: NamedAccount, ownRealm: string): string {
  const { userPrincipalName, sAMAccountName, realm } = account
  const suffix = userPrincipalName?.slice(userPrincipalName.lastIndexOf('@') + 1) ?? ''
  const isBelieved =
    sameName(account.realm, ownRealm) || (suffix.includes('.') && isOfRealm(suffix, realm))
  if (userPrincipalName !== undefined && isBelieved) return userPrincipalName
  return `${sAMAccountName}@${realm}`
}

/**
 * The groups. A group is in memberOf in up to three spellings: the plain name is the one that is neither SID nor distinguished name.
 *
 * @param account - Whose.
 * @param ownRealm - The connector's.
 * @returns Names (sAMAccountName); `name@REALM` for accounts of another realm.
 */
export function groupNamesOf(account: NamedAccount, ownRealm: string): readonly string[] {
  const names = account.memberOf.filter(
    (name) => !/^S-1-\d/i.test(name) && !/^[a-z]+=.*,dc=/i.test(name),
  )
  return sameName(account.realm, ownRealm) ? names : names.map((name) => `${name}@${account.realm}`)
}
