/**
 * What the rest of Sallyport asks of a directory: one account, by one key.
 *
 * @module
 */

import { foldName } from '../platform/index.ts'
import type { FilterTemplate } from './filter-template.ts'

/** Where an account can only be: elsewhere it is not looked for. */
interface KeyScope {
  /** Kerberos realms, any letter case. Absent or empty: anywhere. */
  readonly realms?: readonly string[]
  /** The suffix that was cut off a user principal name: where a directory is known to have it, no other is asked. */
  readonly suffix?: string
}

/** How an account is named by what every account has. */
export interface NamedKey extends KeyScope {
  /** The attribute that must be equal to the value, letter case aside. */
  readonly by: 'userPrincipalName' | 'sAMAccountName' | 'sid' | 'objectGUID'
  /** A name as people write it, a SID as `S-1-5-…`, or a GUID as `decodeGuid` gives it; escaped before it reaches a filter. */
  readonly value: string
}

/** How an account is named by any other attribute. */
export interface TemplateKey extends KeyScope {
  readonly by: 'filter'
  readonly value: string
  readonly template: FilterTemplate
  /** True when global catalogs hold what the template asks for. */
  readonly inGlobalCatalog?: boolean
}

/** How an account is named. */
export type AccountKey = NamedKey | TemplateKey

/**
 * A key in words, for messages.
 *
 * @param key - Which account.
 * @returns For example `sAMAccountName 'alice'`.
 */
export function describeKey(key: AccountKey): string {
  return `${key.by === 'filter' ? key.template.source : key.by} '${key.value}'`
}

/**
 * What is equal for two keys of the same account, and of no other: what look-ups are kept under.
 *
 * @param key - Which account.
 * @returns Some text.
 */
export function accountKeyId(key: AccountKey): string {
  const { realms = [], suffix = '' } = key
  const where = foldName(`${realms.join(' ')}\n${suffix}`)
  if (key.by !== 'filter') return `${key.by}\n${where}\n${foldName(key.value)}`
  const { template } = key
  return `filter\n${where}\n${template.identity}\n${template.fold(key.value)}`
}

/** One account as the directory has it. Whether it may be used is the caller's decision. */
export interface DirectoryAccount {
  /** Where it is, RFC 4514. */
  readonly distinguishedName: string
  /** Its plain Kerberos name in `realm`. */
  readonly sAMAccountName: string
  /** Its userPrincipalName, where one is set. */
  readonly userPrincipalName?: string
  /** Its objectSid, `S-1-5-21-…`: equal to the SID in every PAC of this account. */
  readonly sid: string
  /** Its objectGUID, where it may be read. */
  readonly objectGUID?: string
  /** The Kerberos realm of its domain, in capitals. */
  readonly realm: string
  /** False when ACCOUNTDISABLE is set. */
  readonly enabled: boolean
  /** True when NOT_DELEGATED is set: "sensitive and cannot be delegated". */
  readonly sensitive: boolean
  /** When the account expires (accountExpires), milliseconds since 1970. Absent: never. */
  readonly expiresMs?: number
  /** True while too many wrong passwords lock it (UF_LOCKOUT); absent where that may not be read. */
  readonly locked?: boolean
  /** True when its password has expired or must be changed (UF_PASSWORD_EXPIRED); absent where that may not be read. */
  readonly passwordExpired?: boolean
  /** True for members of Protected Users, nested groups and the primary group included. */
  readonly protectedUser: boolean
  /**
   * Every group it is in, nested ones and the primary group included, each in up to three spellings: SID,
   * sAMAccountName and distinguished name. Names are compared without regard to letter case. A group of another domain
   * has its SID alone.
   */
  readonly memberOf: readonly string[]
}

/** A source of accounts. */
export interface AccountDirectory {
  /**
   * Finds the one account with this key.
   *
   * @param key - Which account.
   * @param signal - Gives up waiting; a shared connection is not cut.
   * @returns The account, as it is now.
   * @throws DirectoryError with ERR_DIRECTORY_NOT_FOUND, ERR_DIRECTORY_AMBIGUOUS, ERR_DIRECTORY_UNREACHABLE,
   *   ERR_DIRECTORY_REFUSED or ERR_DIRECTORY_REPLY.
   */
  findAccount(key: AccountKey, signal?: AbortSignal): Promise<DirectoryAccount>
}
