/**
 * Accounts and groups that Windows treats as privileged: whom the connector never acts for unless a policy row says so.
 *
 * The list is what AdminSDHolder protects (Active Directory's own idea of privilege: "Appendix C: Protected Accounts and
 * Groups in Active Directory"), with the groups beside it from which a domain can be taken over. Numbers are of MS-DTYP
 * section 2.4.2.4. Protected Users is not here: nobody may act for its members, whatever a row says.
 *
 * @module
 */

/** Where a group's or account's number counts. */
export interface PrivilegedEntry {
  /** A relative id, the same in every domain (S-1-5-21-…-RID), or a whole SID. */
  readonly sid: string
  readonly name: string
  /** Why it is here. */
  readonly source: 'AdminSDHolder' | 'takeover'
}

/** Accounts, by the relative id of their own SID. */
export const PRIVILEGED_ACCOUNTS: readonly PrivilegedEntry[] = [
  { sid: '500', name: 'Administrator', source: 'AdminSDHolder' },
  { sid: '502', name: 'krbtgt', source: 'AdminSDHolder' },
]

/** Groups. */
export const PRIVILEGED_GROUPS: readonly PrivilegedEntry[] = [
  { sid: '512', name: 'Domain Admins', source: 'AdminSDHolder' },
  { sid: '516', name: 'Domain Controllers', source: 'AdminSDHolder' },
  { sid: '518', name: 'Schema Admins', source: 'AdminSDHolder' },
  { sid: '519', name: 'Enterprise Admins', source: 'AdminSDHolder' },
  { sid: '521', name: 'Read-only Domain Controllers', source: 'AdminSDHolder' },
  // Since Windows Server 2016.
  { sid: '526', name: 'Key Admins', source: 'AdminSDHolder' },
  { sid: '527', name: 'Enterprise Key Admins', source: 'AdminSDHolder' },
  { sid: 'S-1-5-32-544', name: 'Administrators', source: 'AdminSDHolder' },
  { sid: 'S-1-5-32-548', name: 'Account Operators', source: 'AdminSDHolder' },
  { sid: 'S-1-5-32-549', name: 'Server Operators', source: 'AdminSDHolder' },
  { sid: 'S-1-5-32-550', name: 'Print Operators', source: 'AdminSDHolder' },
  { sid: 'S-1-5-32-551', name: 'Backup Operators', source: 'AdminSDHolder' },
  { sid: 'S-1-5-32-552', name: 'Replicator', source: 'AdminSDHolder' },
  { sid: '498', name: 'Enterprise Read-only Domain Controllers', source: 'takeover' },
  // Writes certificates of other accounts.
  { sid: '517', name: 'Cert Publishers', source: 'takeover' },
  // Makes group policies, which run as the system on the machines they reach.
  { sid: '520', name: 'Group Policy Creator Owners', source: 'takeover' },
  // Makes trusts.
  { sid: 'S-1-5-32-557', name: 'Incoming Forest Trust Builders', source: 'takeover' },
  // S-1-5-9: in the token of every domain controller of the forest.
  { sid: 'S-1-5-9', name: 'Enterprise Domain Controllers', source: 'takeover' },
]

/**
 * Groups without a number of their own, known by their name. They are found in the directory's entry (names of nested groups
 * included); a PAC holds no names.
 */
export const PRIVILEGED_NAMES: readonly string[] = ['DnsAdmins']

/** Further groups whose number is known from the name, for rows that name them. */
export const OTHER_GROUPS: readonly Omit<PrivilegedEntry, 'source'>[] = [
  { sid: '513', name: 'Domain Users' },
  { sid: '514', name: 'Domain Guests' },
  { sid: '515', name: 'Domain Computers' },
  { sid: '525', name: 'Protected Users' },
]
