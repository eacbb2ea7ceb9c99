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
export { domainOf } from './distinguished-name.ts'
export { AccountFinder, type AccountFinderOptions, type LookupReport } from './account-finder.ts'
export { DirectoryError, type DirectoryErrorCode } from './errors.ts'
export { accountFilter } from './filter.ts'
export { FilterTemplate, FilterTemplateFault } from './filter-template.ts'
export { escapeFilterValue } from './filter-text.ts'
export { parseGuid } from './guid.ts'
export { AceType, type Ace } from './access-control-entry.ts'
export {
  accountSettings,
  type AccountKind,
  type AccountSettings,
  type ActingDescriptor,
} from './account-settings.ts'
export type { AccountControl } from './account-control.ts'
export {
  AccountReader,
  forestHolders,
  type NamedAccount,
  type SpnHolders,
} from './account-reader.ts'
export {
  actingSids,
  actingVerdict,
  EVERYONES_SIDS,
  FULL_CONTROL,
  type ActingVerdict,
  type IgnoredAce,
  type IgnoredBecause,
} from './acting-rights.ts'
export { GroupReader, type GroupLimits } from './groups.ts'
export {
  aesKeysSinceMs,
  readDomainControllers,
  readDomainRoot,
  readSites,
  readSpnAliases,
  readTrusts,
  type DomainController,
  type DomainRoot,
} from './domain-facts.ts'
export { AES_ONLY, encryptionTypes, type EncryptionTypes } from './encryption-types.ts'
export {
  readManagedAccount,
  type ManagedAccount,
  type ManagedAccountDirectory,
} from './managed-account.ts'
export { decodeManagedPassword, type ManagedPassword } from './managed-password.ts'
export type { DirectoryEntry, DirectorySearch, SearchRequest } from './search.ts'
export { ForestDirectory, SeveralDirectories, type DirectoryPart } from './several.ts'
export { formatSddl } from './sddl.ts'
export {
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  type Acl,
  type SecurityDescriptor,
} from './security-descriptor.ts'
export {
  nearestSpn,
  parseSpn,
  readSpnMappings,
  sameSpn,
  spnAlias,
  withoutRealm,
  type ServicePrincipalName,
  type SpnAliases,
} from './service-principal-name.ts'
export { decodeSid, encodeSid } from './sid.ts'
export type { Trust } from './trust.ts'
