/**
 * Floor 2: accounts in Active Directory. Pure: searching happens through a port, ./io has LDAP.
 *
 * @module
 */

export type { AccountDirectory, AccountKey, DirectoryAccount } from './account.ts'
export { AccountFinder, type AccountFinderOptions } from './account-finder.ts'
export { DirectoryError, type DirectoryErrorCode } from './errors.ts'
export { accountFilter, escapeFilterValue } from './filter.ts'
export {
  readManagedAccount,
  type ManagedAccount,
  type ManagedAccountDirectory,
} from './managed-account.ts'
export { decodeManagedPassword, type ManagedPassword } from './managed-password.ts'
export type { DirectoryEntry, DirectorySearch, SearchRequest } from './search.ts'
export { decodeSid, encodeSid } from './sid.ts'
