/**
 * Active Directory over LDAPS.
 *
 * @module
 */

export { LdapDirectory, type LdapDirectoryOptions } from './ldap-directory.ts'
export { LdapSearch, type LdapPorts } from './ldap-search.ts'
export type { LdapBinder } from './bound-socket.ts'
export type { LdapOptions } from './ldap-options.ts'
