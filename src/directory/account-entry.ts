/**
 * From an LDAP entry to an account: which attributes are read and what their values mean.
 *
 * @module
 */

import type { AccountKey, DirectoryAccount } from './account.ts'
import { domainOf } from './distinguished-name.ts'
import { DirectoryError } from './errors.ts'
import { implicitAccountName, sameName } from './filter.ts'
import { onlyOctets, onlyText, type DirectoryEntry } from './search.ts'
import { decodeSid, siblingSid } from './sid.ts'

/** userAccountControl bits, MS-ADTS 2.2.16. */
const UF_ACCOUNTDISABLE = 0x2
const UF_NOT_DELEGATED = 0x100000

/** Relative identifier of the Protected Users group, MS-DTYP 2.4.2.4. */
const RID_PROTECTED_USERS = 525

/** Text attributes an account is made from. */
export const ACCOUNT_TEXT: readonly string[] = [
  'sAMAccountName',
  'userPrincipalName',
  'userAccountControl',
]

/** Binary attributes an account is made from. */
export const ACCOUNT_BINARY: readonly string[] = ['objectSid']

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
  const control = Number(need(entry, 'userAccountControl', onlyText))
  if (!Number.isInteger(control)) {
    throw new DirectoryError(
      'ERR_DIRECTORY_REPLY',
      `userAccountControl of ${entry.distinguishedName} is not a number`,
    )
  }
  const userPrincipalName = onlyText(entry, 'userPrincipalName')
  return {
    distinguishedName: entry.distinguishedName,
    sAMAccountName: need(entry, 'sAMAccountName', onlyText),
    ...(userPrincipalName === undefined ? {} : { userPrincipalName }),
    sid: decodeSid(need(entry, 'objectSid', onlyOctets)),
    realm: domainOf(entry.distinguishedName).toUpperCase(),
    enabled: (control & UF_ACCOUNTDISABLE) === 0,
    sensitive: (control & UF_NOT_DELEGATED) !== 0,
  }
}

/**
 * Whether an account is the one that was asked for: a server's comparison is looser than ours.
 *
 * @param account - What the server found.
 * @param key - What was asked.
 * @returns True when the key's value is this account's own.
 */
export function isAccount(account: BareAccount, key: AccountKey): boolean {
  if (key.by === 'sid') return sameName(account.sid, key.value)
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
      mend: 'give the connector account the right to read accounts (Authenticated Users have it by default)',
    },
  )
}
