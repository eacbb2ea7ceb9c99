/**
 * Search filters in their string form (RFC 4515), built so that a value can never become syntax.
 *
 * @module
 */

import type { AccountKey } from './account.ts'
import { DirectoryError } from './errors.ts'
import { encodeSid } from './sid.ts'

/** Longest name that is looked up, UTF-16 units: userPrincipalName is limited to 1024 (MS-ADA3 2.349). */
const MAX_NAME_LENGTH = 1024

/** People only: a computer or a group is never impersonated. */
const PEOPLE = '(objectCategory=person)(objectClass=user)'

/**
 * Escapes a value for a filter. RFC 4515 section 3.
 *
 * Characters beyond ASCII stay as they are: they are legal, and some clients turn an escaped UTF-8 octet into a character.
 *
 * @param value - Any text.
 * @returns The text with `*`, `(`, `)`, `\` and control characters as a backslash and two hex digits.
 */
export function escapeFilterValue(value: string): string {
  return value.replace(
    // eslint-disable-next-line no-control-regex -- control characters are what has to be escaped
    /[*()\\\u0000-\u001f\u007f]/g,
    (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/**
 * The filter that finds one account.
 *
 * An account without a userPrincipalName has an implicit one, `sAMAccountName@domain` (MS-ADTS 5.1.1.1.1): it is found by
 * that name, but an account with an explicit name only by the explicit one.
 *
 * @param key - Which account.
 * @param domain - DNS name of the domain that is searched.
 * @returns An RFC 4515 filter.
 * @throws DirectoryError with ERR_DIRECTORY_NOT_FOUND for a value no account can have.
 */
export function accountFilter(key: AccountKey, domain: string): string {
  checkName(key)
  const value = escapeFilterValue(key.value)
  if (key.by !== 'userPrincipalName') {
    return `(&${PEOPLE}(${key.by === 'sid' ? 'objectSid' : key.by}=${value}))`
  }
  const implicit = implicitAccountName(key.value, domain)
  if (implicit === undefined) return `(&${PEOPLE}(userPrincipalName=${value}))`
  const byAccountName = `(&(!(userPrincipalName=*))(sAMAccountName=${escapeFilterValue(implicit)}))`
  return `(&${PEOPLE}(|(userPrincipalName=${value})${byAccountName}))`
}

/**
 * The filter that finds groups by SID.
 *
 * @param sids - One or more SIDs, `S-1-…`.
 * @returns An RFC 4515 filter.
 */
export function groupsFilter(sids: readonly string[]): string {
  return `(|${sids.map((sid) => `(objectSid=${escapeFilterValue(sid)})`).join('')})`
}

/**
 * The sAMAccountName that a user principal name stands for when no account has it explicitly.
 *
 * @param userPrincipalName - `name@suffix`.
 * @param domain - DNS name of the domain.
 * @returns The name, or undefined when the suffix is not the domain itself.
 */
export function implicitAccountName(userPrincipalName: string, domain: string): string | undefined {
  const at = userPrincipalName.lastIndexOf('@')
  if (at < 1) return undefined
  if (!sameName(userPrincipalName.slice(at + 1), domain)) return undefined
  return userPrincipalName.slice(0, at)
}

/**
 * Whether two names are the same but for letter case.
 *
 * Directories compare more loosely (Active Directory finds `alice` when asked for `álice`), so every answer is compared
 * again with this.
 *
 * @param left - A name.
 * @param right - Another.
 * @returns True when they differ in letter case at most.
 */
export function sameName(left: string, right: string): boolean {
  return left === right || left.toLowerCase() === right.toLowerCase()
}

function checkName(key: AccountKey): void {
  if (key.by === 'sid') return void encodeSid(key.value)
  if (key.value !== '' && key.value.length <= MAX_NAME_LENGTH) return
  throw new DirectoryError(
    'ERR_DIRECTORY_NOT_FOUND',
    `no account can have a ${key.by} of ${key.value.length} characters`,
  )
}
