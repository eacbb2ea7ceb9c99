/**
 * From an LDAP entry to an account: which attributes are read and what their values mean.
 *
 * @module
 */

import { sameName } from '../platform/index.ts'
import type { AccountKey, DirectoryAccount, NamedKey } from './account.ts'
import { accountControl, UserAccountControl } from './account-control.ts'
import { domainOf } from './distinguished-name.ts'
import { DirectoryError } from './errors.ts'
import { fileTimeMs } from './file-time.ts'
import { implicitAccountName } from './filter.ts'
import { decodeGuid } from './guid.ts'
import { onlyOctets, onlyText, type DirectoryEntry } from './search.ts'
import { decodeSid, siblingSid } from './sid.ts'

/** Relative identifier of the Protected Users group, MS-DTYP 2.4.2.4. */
const RID_PROTECTED_USERS = 525

/** Text attributes an account is made from. */
export const ACCOUNT_TEXT: readonly string[] = [
  'sAMAccountName',
  'userPrincipalName',
  'userAccountControl',
  'accountExpires',
  'msDS-User-Account-Control-Computed',
]

/** Binary attributes an account is made from. */
export const ACCOUNT_BINARY: readonly string[] = ['objectSid', 'objectGUID']

/** An account before its groups are known. */
export type BareAccount = Omit<DirectoryAccount, 'protectedUser' | 'memberOf'>

/**
 * Reads an entry.
 *
 * @param entry - With the attributes of ACCOUNT_TEXT and ACCOUNT_BINARY.
 * @returns The account without its groups.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when an attribute that every account has is absent or makes no sense.
 */
export function bareAccount(entry: DirectoryEntry): BareAccount {
  const control = flags(entry, 'userAccountControl', need(entry, 'userAccountControl', onlyText))
  const userPrincipalName = onlyText(entry, 'userPrincipalName')
  const guid = onlyOctets(entry, 'objectGUID')
  return {
    distinguishedName: entry.distinguishedName,
    sAMAccountName: need(entry, 'sAMAccountName', onlyText),
    ...(userPrincipalName === undefined ? {} : { userPrincipalName }),
    sid: decodeSid(need(entry, 'objectSid', onlyOctets)),
    ...(guid === undefined ? {} : { objectGUID: decodeGuid(guid) }),
    realm: domainOf(entry.distinguishedName).toUpperCase(),
    enabled: (control & UserAccountControl.ACCOUNTDISABLE) === 0,
    sensitive: (control & UserAccountControl.NOT_DELEGATED) !== 0,
    ...standing(entry),
  }
}

function flags(entry: DirectoryEntry, attribute: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value)) return value
  throw new DirectoryError(
    'ERR_DIRECTORY_REPLY',
    `${attribute} of ${entry.distinguishedName} is not a number`,
  )
}

/** What ends an account's use for a time, as far as it may be read. */
function standing(
  entry: DirectoryEntry,
): Pick<DirectoryAccount, 'expiresMs' | 'locked' | 'passwordExpired'> {
  const expiresMs = fileTimeMs(onlyText(entry, 'accountExpires'))
  const computed = onlyText(entry, 'msDS-User-Account-Control-Computed')
  const state = computed === undefined ? undefined : flags(entry, 'its state', computed)
  const control = state === undefined ? undefined : accountControl(0, state)
  return {
    ...(expiresMs !== undefined && { expiresMs }),
    ...(control && { locked: control.lockedOut, passwordExpired: control.passwordExpired }),
  }
}

/**
 * Whether an answer is the account that was asked for: a server's comparison is looser than ours.
 *
 * @param entry - What the server found.
 * @param key - What was asked.
 * @returns True when the key's value is this account's own.
 */
export function isAnswer(entry: DirectoryEntry, key: AccountKey): boolean {
  if (key.by !== 'filter') return hasName(bareAccount(entry), key)
  return key.template.matches(key.value, (name) => entry.text.get(name.toLowerCase()) ?? [])
}

/**
 * Whether an account has this name.
 *
 * @param account - Who.
 * @param key - The name.
 * @returns True when it is this account's own, letter case aside.
 */
export function hasName(account: BareAccount, key: NamedKey): boolean {
  if (key.by === 'sid') return sameName(account.sid, key.value)
  if (key.by === 'objectGUID') return sameName(account.objectGUID ?? '', key.value)
  if (key.by === 'sAMAccountName') return sameName(account.sAMAccountName, key.value)
  if (account.userPrincipalName !== undefined) return sameName(account.userPrincipalName, key.value)
  const implicit = implicitAccountName(key.value, account.realm)
  return implicit !== undefined && sameName(account.sAMAccountName, implicit)
}

/**
 * Adds the groups.
 *
 * @param account - Who.
 * @param sids - SIDs of all groups, nested ones and the primary group included.
 * @param memberOf - The same groups in every spelling a policy may use.
 * @returns The whole account.
 */
export function withGroups(
  account: BareAccount,
  sids: readonly string[],
  memberOf: readonly string[],
): DirectoryAccount {
  const protectedUser = sids.includes(siblingSid(account.sid, RID_PROTECTED_USERS))
  return { ...account, protectedUser, memberOf }
}

function need<Value>(
  entry: DirectoryEntry,
  attribute: string,
  read: (entry: DirectoryEntry, attribute: string) => Value | undefined,
): Value {
  const value = read(entry, attribute)
  if (value !== undefined) return value
  throw new DirectoryError(
    'ERR_DIRECTORY_REFUSED',
    `${entry.distinguishedName} was found, but its ${attribute} may not be read`,
    {
      mend: 'Give the connector account the right to read accounts (Authenticated Users have it by default).',
    },
  )
}
