/**
 * What the directory says about one account's delegation: flags, lists, keys, names. For `doctor` and `delegation`; a request asks for
 * less (account.ts).
 *
 * @module
 */

import { accountControl, type AccountControl } from './account-control.ts'
import { domainOf } from './distinguished-name.ts'
import { encryptionTypes, type EncryptionTypes } from './encryption-types.ts'
import { DirectoryError } from './errors.ts'
import { fileTimeMs, generalizedTimeMs } from './file-time.ts'
import { onlyOctets, onlyText, type DirectoryEntry } from './search.ts'
import { decodeSecurityDescriptor, type SecurityDescriptor } from './security-descriptor.ts'
import { decodeSid } from './sid.ts'

/** What kind of account it is, which decides by what command it is changed. */
export type AccountKind = 'user' | 'computer' | 'managed'

/** msDS-AllowedToActOnBehalfOfOtherIdentity, read as far as it can be. */
export type ActingDescriptor =
  | { readonly is: 'absent' }
  | { readonly is: 'read'; readonly descriptor: SecurityDescriptor }
  | { readonly is: 'malformed'; readonly fault: string }

/** One account with everything about its delegation. */
export interface AccountSettings {
  /** Where it is, RFC 4514. */
  readonly distinguishedName: string
  readonly sAMAccountName: string
  readonly userPrincipalName?: string
  /** `S-1-5-21-…`. */
  readonly sid: string
  /** The realm of its domain, in capitals. */
  readonly realm: string
  readonly kind: AccountKind
  readonly control: AccountControl
  /** End of the account, milliseconds since 1970; absent: never. */
  readonly expiresMs?: number
  /** When its password was set, milliseconds since 1970; absent: never, or not to be read. */
  readonly passwordSetMs?: number
  /** pwdLastSet is 0: the password must be changed at the next sign-in. */
  readonly mustChangePassword: boolean
  readonly encryption: EncryptionTypes
  /** msDS-KeyVersionNumber; absent where it may not be read. */
  readonly kvno?: number
  readonly servicePrincipalNames: readonly string[]
  /** The classic list: msDS-AllowedToDelegateTo. */
  readonly allowedToDelegateTo: readonly string[]
  /** The list of RBCD, on the service's side. */
  readonly acting: ActingDescriptor
  /** When it was made, milliseconds since 1970. */
  readonly createdMs?: number
}

const ACTING = 'msDS-AllowedToActOnBehalfOfOtherIdentity'

/** Text attributes settings are made from. */
export const SETTINGS_TEXT: readonly string[] = [
  'sAMAccountName',
  'userPrincipalName',
  'objectClass',
  'userAccountControl',
  'msDS-User-Account-Control-Computed',
  'accountExpires',
  'pwdLastSet',
  'msDS-SupportedEncryptionTypes',
  'msDS-KeyVersionNumber',
  'servicePrincipalName',
  'msDS-AllowedToDelegateTo',
  'whenCreated',
]

/** Binary attributes settings are made from. */
export const SETTINGS_BINARY: readonly string[] = ['objectSid', ACTING]

/**
 * Reads an entry.
 *
 * @param entry - With the attributes of SETTINGS_TEXT and SETTINGS_BINARY.
 * @returns The settings.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when an attribute that every account has is absent or makes no sense.
 */
export function accountSettings(entry: DirectoryEntry): AccountSettings {
  const pwdLastSet = onlyText(entry, 'pwdLastSet')
  return {
    distinguishedName: entry.distinguishedName,
    sAMAccountName: needed(entry, 'sAMAccountName', onlyText(entry, 'sAMAccountName')),
    sid: decodeSid(needed(entry, 'objectSid', onlyOctets(entry, 'objectSid'))),
    realm: domainOf(entry.distinguishedName).toUpperCase(),
    kind: kindOf(all(entry, 'objectClass')),
    control: accountControl(
      needed(entry, 'userAccountControl', wholeNumber(entry, 'userAccountControl')),
      wholeNumber(entry, 'msDS-User-Account-Control-Computed') ?? 0,
    ),
    mustChangePassword: pwdLastSet === '0',
    encryption: encryptionTypes(wholeNumber(entry, 'msDS-SupportedEncryptionTypes')),
    servicePrincipalNames: all(entry, 'servicePrincipalName'),
    allowedToDelegateTo: all(entry, 'msDS-AllowedToDelegateTo'),
    acting: actingOf(entry),
    ...optional('userPrincipalName', onlyText(entry, 'userPrincipalName')),
    ...optional('expiresMs', fileTimeMs(onlyText(entry, 'accountExpires'))),
    ...optional('passwordSetMs', fileTimeMs(pwdLastSet)),
    ...optional('kvno', wholeNumber(entry, 'msDS-KeyVersionNumber')),
    ...optional('createdMs', generalizedTimeMs(onlyText(entry, 'whenCreated'))),
  }
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>)
}

function all(entry: DirectoryEntry, attribute: string): readonly string[] {
  return entry.text.get(attribute.toLowerCase()) ?? []
}

function wholeNumber(entry: DirectoryEntry, attribute: string): number | undefined {
  const text = onlyText(entry, attribute)
  if (text === undefined) return undefined
  if (/^-?\d{1,10}$/.test(text)) return Number(text)
  throw new DirectoryError(
    'ERR_DIRECTORY_REPLY',
    `${attribute} of ${entry.distinguishedName} is not a number`,
  )
}

function needed<Value>(entry: DirectoryEntry, attribute: string, value: Value | undefined): Value {
  if (value !== undefined) return value
  throw new DirectoryError(
    'ERR_DIRECTORY_REPLY',
    `${attribute} of ${entry.distinguishedName} is absent, or may not be read`,
  )
}

function kindOf(classes: readonly string[]): AccountKind {
  const folded = classes.map((name) => name.toLowerCase())
  if (folded.some((name) => /^msds-(group|delegated)?managedserviceaccount$/.test(name))) {
    return 'managed'
  }
  return folded.includes('computer') ? 'computer' : 'user'
}

function actingOf(entry: DirectoryEntry): ActingDescriptor {
  const octets = onlyOctets(entry, ACTING)
  if (octets === undefined) return { is: 'absent' }
  try {
    return { is: 'read', descriptor: decodeSecurityDescriptor(octets) }
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    return { is: 'malformed', fault: error.message }
  }
}
