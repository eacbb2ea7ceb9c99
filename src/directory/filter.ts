/**
 * Search filters in their string form (RFC 4515), built so that a value can never become syntax.
 *
 * @module
 */

import { sameName } from '../platform/index.ts'
import type { AccountKey } from './account.ts'
import { DirectoryError } from './errors.ts'
import { escapeFilterValue } from './filter-text.ts'
import { encodeGuid } from './guid.ts'
import type { OctetAssertion } from './search.ts'
import { encodeSid } from './sid.ts'

/** Longest name that is looked up, UTF-16 units: userPrincipalName is limited to 1024 (MS-ADA3 2.349). */
const MAX_NAME_LENGTH = 1024

/** People only: a computer or a group is never impersonated. */
const PEOPLE = '(objectCategory=person)(objectClass=user)'

/** What finds an account. */
export interface AccountFilter {
  /** RFC 4515. */
  readonly filter: string
  /** An octet string that must be equal as well. */
  readonly octets?: OctetAssertion
}

/**
 * The filter that finds one account.
 *
 * An account without a userPrincipalName has an implicit one, `sAMAccountName@domain` (MS-ADTS 5.1.1.1.1): it is found by
 * that name, but an account with an explicit name only by the explicit one.
 *
 * @param key - Which account.
 * @param domain - DNS name of the domain that is searched; '' for none in particular.
 * @returns The filter. Whatever the key says, it finds people alone.
 * @throws DirectoryError with ERR_DIRECTORY_NOT_FOUND for a value no account can have.
 */
export function accountFilter(key: AccountKey, domain: string): AccountFilter {
  checkName(key)
  if (key.by === 'filter') return { filter: `(&${PEOPLE}${key.template.fill(key.value)})` }
  if (key.by === 'objectGUID') {
    const octets = { attribute: 'objectGUID', value: encodeGuid(key.value) }
    return { filter: `(&${PEOPLE})`, octets }
  }
  const value = escapeFilterValue(key.value)
  if (key.by !== 'userPrincipalName') {
    return { filter: `(&${PEOPLE}(${key.by === 'sid' ? 'objectSid' : key.by}=${value}))` }
  }
  const implicit = implicitAccountName(key.value, domain)
  if (implicit === undefined) return { filter: `(&${PEOPLE}(userPrincipalName=${value}))` }
  const byAccountName = `(&(!(userPrincipalName=*))(sAMAccountName=${escapeFilterValue(implicit)}))`
  return { filter: `(&${PEOPLE}(|(userPrincipalName=${value})${byAccountName}))` }
}

/**
 * A filter as people read it, octets included.
 *
 * @param filter - What finds an account.
 * @returns RFC 4515.
 */
export function filterText({ filter, octets }: AccountFilter): string {
  if (octets === undefined) return filter
  const escaped = Buffer.from(octets.value).toString('hex').replace(/../g, '\\$&')
  return `${filter.slice(0, -1)}(${octets.attribute}=${escaped}))`
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

function checkName(key: AccountKey): void {
  if (key.by === 'sid') return void encodeSid(key.value)
  if (key.value !== '' && key.value.length <= MAX_NAME_LENGTH) return
  throw new DirectoryError(
    'ERR_DIRECTORY_NOT_FOUND',
    `no account can have a ${key.by === 'filter' ? 'name' : key.by} of ${key.value.length} characters`,
  )
}
