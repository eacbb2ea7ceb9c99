/**
 * Commands that change the directory, whole, with the real names filled in: for PowerShell with the ActiveDirectory module, and for root on a
 * Samba domain controller (4.22), where test/interop/delegation and test/interop/doctor-mends run each as it is printed.
 *
 * @module
 */

import {
  actingSids,
  encodeSecurityDescriptor,
  type AccountSettings,
  type SecurityDescriptor,
} from '../directory/index.ts'
import { powershellWord, shellWord } from '../platform/index.ts'

/** The same change twice. */
export interface DirectoryCommands {
  readonly powershell: string
  /** samba-tool, or ldbmodify where samba-tool cannot. */
  readonly sambaTool: string
}

/** What commands need to know of an account. */
export type Target = Pick<AccountSettings, 'sAMAccountName' | 'distinguishedName' | 'kind'>

const CMDLET = { user: 'ADUser', computer: 'ADComputer', managed: 'ADServiceAccount' } as const

/**
 * A change that samba-tool does not know, as input of ldbmodify. The directory's file is found through the controller's own smb.conf.
 *
 * @param distinguishedName - What to change.
 * @param lines - LDIF lines of the change, without the head.
 * @returns A command with its input.
 */
export function ldbModify(distinguishedName: string, lines: readonly string[]): string {
  const file = `"$(testparm -s --parameter-name='private dir' 2>/dev/null)/sam.ldb"`
  const head = [ldifLine('dn', distinguishedName), 'changetype: modify']
  return [`ldbmodify -H ${file} <<'LDIF'`, ...head, ...lines, 'LDIF'].join('\n')
}

/** RFC 2849: what is not plain ASCII, or could be mistaken, is written in base64. */
function ldifLine(name: string, value: string): string {
  const plain = /^[!-9;=-~][ -~]*$/.test(value) && !value.endsWith(' ')
  return plain ? `${name}: ${value}` : `${name}:: ${Buffer.from(value).toString('base64')}`
}

function replaceOne(target: Target, attribute: string, value: string): DirectoryCommands {
  const dn = powershellWord(target.distinguishedName)
  const digits = /^-?\d+$/.test(value) ? value : powershellWord(value)
  return {
    powershell: `Set-ADObject -Identity ${dn} -Replace @{${powershellWord(attribute)}=${digits}}`,
    sambaTool: ldbModify(target.distinguishedName, [
      `replace: ${attribute}`,
      ldifLine(attribute, value),
    ]),
  }
}

function valueOf(
  target: Target,
  change: 'Add' | 'Remove',
  pair: readonly [string, string],
): string {
  const dn = powershellWord(target.distinguishedName)
  return `Set-ADObject -Identity ${dn} -${change} @{${pair.map(powershellWord).join('=')}}`
}

/** Changes of the connector's side: its list and its flags. */
export const connectorCommands = {
  /** Puts a service on the classic list. */
  addService: (connector: Target, spn: string): DirectoryCommands => ({
    powershell: valueOf(connector, 'Add', ['msDS-AllowedToDelegateTo', spn]),
    sambaTool: `samba-tool delegation add-service ${shellWord(connector.sAMAccountName)} ${shellWord(spn)}`,
  }),
  /** Takes a service off the classic list; `spn` as it is written there. */
  removeService: (connector: Target, spn: string): DirectoryCommands => ({
    powershell: valueOf(connector, 'Remove', ['msDS-AllowedToDelegateTo', spn]),
    sambaTool: `samba-tool delegation del-service ${shellWord(connector.sAMAccountName)} ${shellWord(spn)}`,
  }),
  /** Allows or forbids protocol transition. */
  protocolTransition: (connector: Target, on: boolean): DirectoryCommands => ({
    powershell: `Set-ADAccountControl -Identity ${powershellWord(connector.distinguishedName)} -TrustedToAuthForDelegation $${on}`,
    sambaTool: `samba-tool delegation for-any-protocol ${shellWord(connector.sAMAccountName)} ${on ? 'on' : 'off'}`,
  }),
  /** Ends unconstrained delegation. */
  noUnconstrained: (connector: Target): DirectoryCommands => ({
    powershell: `Set-ADAccountControl -Identity ${powershellWord(connector.distinguishedName)} -TrustedForDelegation $false`,
    sambaTool: `samba-tool delegation for-any-service ${shellWord(connector.sAMAccountName)} off`,
  }),
} as const

function principals(service: Target): string {
  const account = powershellWord(service.distinguishedName)
  const cmdlet = CMDLET[service.kind]
  return `@((Get-${cmdlet} -Identity ${account} -Properties PrincipalsAllowedToDelegateToAccount).PrincipalsAllowedToDelegateToAccount)`
}

function setPrincipals(service: Target, list: string): string {
  const account = powershellWord(service.distinguishedName)
  return `Set-${CMDLET[service.kind]} -Identity ${account} -PrincipalsAllowedToDelegateToAccount ${list}`
}

/** Changes of the service's side: who may act on behalf of users (RBCD). */
export const actingCommands = {
  /** Lets the connector act; who may already, still may. */
  add: (service: Target, connector: Target): DirectoryCommands => ({
    powershell: setPrincipals(
      service,
      `(${principals(service)} + ${powershellWord(connector.distinguishedName)} | Where-Object { $_ })`,
    ),
    sambaTool: `samba-tool delegation add-principal ${shellWord(service.sAMAccountName)} ${shellWord(connector.sAMAccountName)}`,
  }),
  /** Takes every entry of a principal away, those that deny included. */
  remove: (service: Target, principal: Target): DirectoryCommands => ({
    powershell: setPrincipals(
      service,
      `(${principals(service)} | Where-Object { $_ -and $_ -ne ${powershellWord(principal.distinguishedName)} })`,
    ),
    sambaTool: `samba-tool delegation del-principal ${shellWord(service.sAMAccountName)} ${shellWord(principal.sAMAccountName)}`,
  }),
  /** Writes the whole descriptor anew: for PowerShell those whom it lets act, by SID, since some may be of another domain. */
  write: (service: Target, descriptor: SecurityDescriptor): DirectoryCommands => ({
    powershell: setPrincipals(service, actingSids(descriptor).map(powershellWord).join(',')),
    sambaTool: ldbModify(service.distinguishedName, [
      'replace: msDS-AllowedToActOnBehalfOfOtherIdentity',
      `msDS-AllowedToActOnBehalfOfOtherIdentity:: ${Buffer.from(encodeSecurityDescriptor(descriptor)).toString('base64')}`,
    ]),
  }),
} as const

/** Changes of any account. */
export const accountCommands = {
  /** Sets msDS-SupportedEncryptionTypes. */
  encryptionTypes: (account: Target, value: number): DirectoryCommands =>
    replaceOne(account, 'msDS-SupportedEncryptionTypes', String(value)),
  /** Gives a service principal name. */
  addSpn: (account: Target, spn: string): DirectoryCommands => ({
    powershell: valueOf(account, 'Add', ['servicePrincipalName', spn]),
    sambaTool: `samba-tool spn add ${shellWord(spn)} ${shellWord(account.sAMAccountName)}`,
  }),
  /** Takes a service principal name away. */
  removeSpn: (account: Target, spn: string): DirectoryCommands => ({
    powershell: valueOf(account, 'Remove', ['servicePrincipalName', spn]),
    sambaTool: `samba-tool spn delete ${shellWord(spn)} ${shellWord(account.sAMAccountName)}`,
  }),
  /** Clears ACCOUNTDISABLE. */
  enable: (account: Target): DirectoryCommands => ({
    powershell: `Enable-ADAccount -Identity ${powershellWord(account.distinguishedName)}`,
    sambaTool: `samba-tool user enable ${shellWord(account.sAMAccountName)}`,
  }),
  /** Ends a lockout. */
  unlock: (account: Target): DirectoryCommands => ({
    powershell: `Unlock-ADAccount -Identity ${powershellWord(account.distinguishedName)}`,
    sambaTool: `samba-tool user unlock ${shellWord(account.sAMAccountName)}`,
  }),
  /** Lets the account never end; the password's age is left alone. */
  neverExpires: (account: Target): DirectoryCommands => ({
    powershell: `Clear-ADAccountExpiration -Identity ${powershellWord(account.distinguishedName)}`,
    sambaTool: ldbModify(account.distinguishedName, [
      'replace: accountExpires',
      'accountExpires: 9223372036854775807',
    ]),
  }),
  /** Counts the password as set now: neither too old nor to be changed. */
  passwordIsFresh: (account: Target): DirectoryCommands => ({
    powershell: `Set-ADObject -Identity ${powershellWord(account.distinguishedName)} -Replace @{'pwdLastSet'=-1}`,
    sambaTool: ldbModify(account.distinguishedName, ['replace: pwdLastSet', 'pwdLastSet: -1']),
  }),
  /** Clears NOT_DELEGATED. */
  notSensitive: (account: Target): DirectoryCommands => ({
    powershell: `Set-ADAccountControl -Identity ${powershellWord(account.distinguishedName)} -AccountNotDelegated $false`,
    sambaTool: `samba-tool user sensitive ${shellWord(account.sAMAccountName)} off`,
  }),
  /** Puts an account into a group. */
  joinGroup: (account: Target, group: string): DirectoryCommands => ({
    powershell: `Add-ADGroupMember -Identity ${powershellWord(group)} -Members ${powershellWord(account.distinguishedName)}`,
    sambaTool: `samba-tool group addmembers ${shellWord(group)} ${shellWord(account.sAMAccountName)}`,
  }),
  /** Takes an account out of a group. */
  leaveGroup: (account: Target, group: string): DirectoryCommands => ({
    powershell: `Remove-ADGroupMember -Identity ${powershellWord(group)} -Members ${powershellWord(account.distinguishedName)} -Confirm:$false`,
    sambaTool: `samba-tool group removemembers ${shellWord(group)} ${shellWord(account.sAMAccountName)}`,
  }),
} as const
