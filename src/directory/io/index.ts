/**
 * Active Directory over LDAPS.
 *
 * @module
 */

export { LdapDirectory, type LdapDirectoryOptions } from './ldap-directory.ts'
export { LdapSearch, type LdapPorts } from './ldap-search.ts'
export type { LdapBinder, LdapCredentials } from './bound-socket.ts'
export type { LdapOptions } from './ldap-options.ts'
export { SimpleBinder } from './simple-bind.ts'
