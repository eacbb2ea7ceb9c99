/**
 * Whom an administrator means by a name (`sallyport cache --user`).
 *
 * @module
 */

import type { AccountKey, DirectoryAccount } from '../directory/index.ts'
import { sameName } from '../platform/index.ts'
import { AccountRefusal } from './account-standing.ts'

/** The part before the last `@`. */
function namePart(name: string): string {
  const at = name.lastIndexOf('@')
  return at > 0 ? name.slice(0, at) : name
}

/** `alice` and `alice@corp.example` may be the same person, alice of two domains are not. */
function mayBeSame(one: string, other: string): boolean {
  if (one.includes('@') && other.includes('@')) return sameName(one, other)
  return sameName(namePart(one), namePart(other))
}

/**
 * Whether an account is meant.
 *
 * @param account - The account.
 * @param user - A sAMAccountName, a UPN, the name with its realm as `cache show` tells it, or a SID, in any letter case.
 * @returns True when it is one of the account's names.
 */
export function isNamed(
  { sAMAccountName, userPrincipalName, realm, sid }: DirectoryAccount,
  user: string,
): boolean {
  const names = [sAMAccountName, userPrincipalName, `${sAMAccountName}@${realm}`, sid]
  return names.some((name) => name !== undefined && sameName(name, user))
}

/**
 * Whether a login is meant that was refused. Where the directory had the account, by its names too; else the login is all there is.
 *
 * @param key - What was looked for.
 * @param refusal - What was thrown.
 * @param user - As for an account, or the login itself.
 * @returns True also for a login that may be the user's: to ask once more costs little.
 */
export function isRefusalOf(key: AccountKey, refusal: unknown, user: string): boolean {
  if (refusal instanceof AccountRefusal && isNamed(refusal.account, user)) return true
  return mayBeSame(key.value, user)
}
