/**
 * The salt of computer and managed service accounts (MS-KILE 3.1.1.2).
 *
 * @module
 */

/**
 * The salt from which a domain controller makes the keys of a computer account: the realm, "host", the account's name without
 * its `$` and the domain's DNS name.
 *
 * @param sAMAccountName - For instance `CONN1$`.
 * @param domain - DNS name of its domain.
 * @returns For instance `CORP.EXAMPLEhostconn1.corp.example`.
 */
export function computerSalt(sAMAccountName: string, domain: string): string {
  const host = sAMAccountName.replace(/\$$/, '').toLowerCase()
  return `${domain.toUpperCase()}host${host}.${domain.toLowerCase()}`
}
