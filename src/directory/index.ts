/**
 * Floor 2: accounts in Active Directory. Pure: searching happens through a port, ./io has LDAP.
 *
 * @module
 */

export {
  accountKeyId,
  describeKey,
  type AccountDirectory,
  type AccountKey,
  type DirectoryAccount,
} from './account.ts'
export { AccountFinder, type AccountFinderOptions, type LookupReport } from './account-finder.ts'
export { DirectoryError, type DirectoryErrorCode } from './errors.ts'
export { accountFilter } from './filter.ts'
export { FilterTemplate, FilterTemplateFault } from './filter-template.ts'
export { escapeFilterValue } from './filter-text.ts'
export { parseGuid } from './guid.ts'
export {
  readManagedAccount,
  type ManagedAccount,
  type ManagedAccountDirectory,
} from './managed-account.ts'
export { decodeManagedPassword, type ManagedPassword } from './managed-password.ts'
export type { DirectoryEntry, DirectorySearch, SearchRequest } from './search.ts'
export { ForestDirectory, SeveralDirectories, type DirectoryPart } from './several.ts'
export { decodeSid, encodeSid } from './sid.ts'
