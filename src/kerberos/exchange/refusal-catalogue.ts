/**
 * What a KDC's refusals mean and what to do about them: one table for errors, diagnosis and the page in native-notes.
 *
 * Sources: RFC 4120 section 7.5.9, MS-SFU 3.2.5.2 (NTSTATUS of a refused S4U2Proxy), MS-KILE 3.1.5 (NTSTATUS in e-data), and what
 * Samba was seen to answer. In commands `<connector>`, `<spn>`, `<service>` and `<user>`, in mends `<account>`, stand
 * for names.
 *
 * @module
 */

import type { KerberosErrorCode } from '../errors.ts'
import { KrbErrorCode as Krb, NtStatus } from '../iana/index.ts'

/** In which exchange a KDC refused. */
export type ExchangeName = 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy'

/** What a request was about, where that decides what a refusal means. */
export type RefusalContext =
  /** S4U2Self for a user of another realm, at the KDC of our own. */
  | 'foreign-user-at-home'
  /** The same at any other KDC. */
  | 'foreign-user-abroad'
  /** A ticket-granting ticket of another realm. */
  | 'way-to-realm'

/** What a diagnosis found out about a delegation. */
export type DelegationFindingKind =
  | 'granted'
  | 'not-forwardable'
  | 'no-delegation-list'
  | 'spn-not-listed'
  | 'not-granted'
  | 'spn-unknown'
  | 'account-restricted'
  | 'client-refused'
  | 'other'

/** How to mend something, ready to be typed. */
export interface MendCommands {
  /** For Windows, with the ActiveDirectory module. */
  readonly powershell: string
  /** For Samba, on a domain controller. */
  readonly samba: string
}

/** What something means, and its mend. */
export interface Meaning {
  /** What it means. */
  readonly means: string
  /** What to do. */
  readonly mend?: string | undefined
  /** The same as commands, where commands do it. */
  readonly commands?: MendCommands | undefined
}

/** A refusal. The first row that fits counts. */
export interface RefusalMeaning extends Meaning {
  /** error-code of the KRB-ERROR; absent: any. */
  readonly krbErrorCode?: number
  /** NTSTATUS in its e-data; absent: any or none. */
  readonly ntStatus?: number
  /** In this exchange alone; absent: in any. */
  readonly exchange?: ExchangeName
  /** About this alone; absent: about anything. */
  readonly context?: RefusalContext
  /** The stable code of our error. */
  readonly code: KerberosErrorCode
  /** What a diagnosis calls it. */
  readonly finding?: DelegationFindingKind
}

/** Why evidence cannot be used for delegation, found before anything is sent. */
export const NOT_FORWARDABLE: Meaning = {
  means:
    'The connector has no protocol transition, or the user is marked sensitive or is in Protected Users.',
  mend: 'Allow the connector protocol transition (samba-tool delegation for-any-protocol, or "use any authentication protocol"), and check that the user is neither sensitive nor in Protected Users.',
  commands: {
    powershell: "Set-ADAccountControl -Identity '<connector>' -TrustedToAuthForDelegation $true",
    samba: "samba-tool delegation for-any-protocol '<connector>' on",
  },
}

const DISABLED: Meaning = {
  means: 'The account is disabled, expired or locked.',
  mend: 'Enable or unlock the account, or extend its expiry, in the directory.',
  commands: {
    powershell: "Enable-ADAccount -Identity '<user>'; Unlock-ADAccount -Identity '<user>'",
    samba: "samba-tool user enable '<user>'; samba-tool user unlock '<user>'",
  },
}

const GRANT: MendCommands = {
  powershell:
    "Set-ADObject (Get-ADComputer '<connector>') -Add @{'msDS-AllowedToDelegateTo'='<spn>'}",
  samba: "samba-tool delegation add-service '<connector>' '<spn>'",
}

/** Seen of Samba 4.22; MS-SFU 4.2 has Windows do it where the trust goes both ways. */
const FOREIGN_USER = {
  exchange: 'S4U2Self',
  code: 'ERR_KRB_FOREIGN_USER',
  mend: 'Let users of that domain sign in with tickets of their own (frontEndKerberos), which Samba delegates across a trust, or give them accounts in the connector’s domain. Between Windows domains the trust must go both ways (native-notes/login-identity.md).',
} as const

const NO_AES: Meaning = {
  means: '',
  mend: 'Renew the AES keys of <account>: allow AES in msDS-SupportedEncryptionTypes of the account, set its password anew, then write its keytab again.',
}

const STALE: Meaning = {
  means:
    'Our ticket-granting ticket is stale: it ended, or the domain changed its keys. One new AS exchange has not helped.',
  mend: 'Check the clocks, and that every KDC has the present keys (replication).',
}

/** Every refusal we can say more about than its number. */
export const REFUSALS: readonly RefusalMeaning[] = [
  {
    krbErrorCode: Krb.KDC_ERR_BADOPTION,
    ntStatus: NtStatus.STATUS_NOT_SUPPORTED,
    exchange: 'S4U2Proxy',
    code: 'ERR_KRB_DELEGATION_REFUSED',
    finding: 'no-delegation-list',
    means:
      'The connector account’s delegation list is empty. Only a request without the RBCD bit is told so.',
    mend: 'The connector account has no delegation list: add the service with samba-tool delegation add-service, or in its Delegation tab.',
    commands: GRANT,
  },
  {
    krbErrorCode: Krb.KDC_ERR_BADOPTION,
    ntStatus: NtStatus.STATUS_NO_MATCH,
    exchange: 'S4U2Proxy',
    code: 'ERR_KRB_DELEGATION_REFUSED',
    finding: 'spn-not-listed',
    means:
      'The connector account has a delegation list, but this service is not on it. Only a request without the RBCD bit is told so.',
    mend: 'Add the service principal name to the connector account’s delegation list (msDS-AllowedToDelegateTo), and allow any protocol.',
    commands: GRANT,
  },
  {
    krbErrorCode: Krb.KDC_ERR_BADOPTION,
    ntStatus: NtStatus.STATUS_NOT_FOUND,
    exchange: 'S4U2Proxy',
    code: 'ERR_KRB_DELEGATION_REFUSED',
    finding: 'not-granted',
    means: 'Neither list grants it: the service’s own (resource-based) was looked at last.',
    mend: 'Neither the connector’s delegation list nor the service’s own list (PrincipalsAllowedToDelegateToAccount) grants this.',
    commands: {
      powershell:
        "Set-ADUser '<service>' -PrincipalsAllowedToDelegateToAccount (Get-ADComputer '<connector>')",
      samba: "samba-tool delegation add-principal '<service>' '<connector>'",
    },
  },
  {
    krbErrorCode: Krb.KDC_ERR_BADOPTION,
    ntStatus: NtStatus.STATUS_ACCOUNT_RESTRICTION,
    exchange: 'S4U2Proxy',
    code: 'ERR_KRB_DELEGATION_REFUSED',
    finding: 'account-restricted',
    means:
      'The evidence ticket may not be used for delegation, for the user’s sake or the connector’s.',
    mend: 'The user is marked sensitive or is in Protected Users, or the connector lacks protocol transition.',
    commands: {
      powershell: "Get-ADUser '<user>' -Properties AccountNotDelegated, MemberOf",
      samba: "samba-tool user sensitive '<user>' show",
    },
  },
  {
    krbErrorCode: Krb.KDC_ERR_BADOPTION,
    exchange: 'S4U2Proxy',
    code: 'ERR_KRB_DELEGATION_REFUSED',
    finding: 'not-granted',
    means:
      'The delegation is not granted. The KDC does not say whether the list is empty or the service not on it (Samba, MIT krb5).',
    mend: 'Check that the service is on the connector account’s delegation list, that protocol transition is allowed, and that the service is of the connector’s own domain: Samba delegates to no trusted one.',
    commands: {
      powershell: "Get-ADComputer '<connector>' -Properties msDS-AllowedToDelegateTo",
      samba: "samba-tool delegation show '<connector>'",
    },
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_NOT_US,
    exchange: 'S4U2Proxy',
    code: 'ERR_KRB_DELEGATION_REFUSED',
    finding: 'not-granted',
    means: 'The KDC of a trusted realm does not delegate with our realm’s evidence: Samba says so.',
    mend: 'Delegate within one realm, or across realms that both have Windows Server 2012 or later, or MIT krb5 1.18 or later.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_POLICY,
    exchange: 'S4U2Proxy',
    code: 'ERR_KRB_KDC_REPLY',
    finding: 'client-refused',
    means:
      'The KDC’s policy forbids it: a disabled user, a layout of forests that is not supported, or selective authentication.',
    mend: 'The user may be disabled by now; with several forests check selective authentication and the trust.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_POLICY,
    exchange: 'S4U2Self',
    code: 'ERR_KRB_CLIENT_REVOKED',
    ...DISABLED,
    means: 'The account is disabled: Samba says so by this code in S4U2Self.',
  },
  {
    ...FOREIGN_USER,
    krbErrorCode: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN,
    context: 'foreign-user-at-home',
    means:
      'The connector’s own KDC acts for no user of a trusted realm: Samba says so, whether or not that realm has the user.',
  },
  {
    ...FOREIGN_USER,
    krbErrorCode: Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    context: 'foreign-user-abroad',
    means:
      'The KDC of the user’s realm does not refer us back to our own, as Active Directory does: MIT krb5 says so.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    context: 'way-to-realm',
    code: 'ERR_KRB_SPN_UNKNOWN',
    means: 'The KDC knows no way to that realm: there is no trust, or not in this direction.',
    mend: 'Look at the trusts of the connector’s domain (samba-tool domain trust list, Get-ADTrust), and at [capaths] where realms lie between.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    exchange: 'S4U2Self',
    code: 'ERR_KRB_SPN_UNKNOWN',
    means: 'The KDC gives no tickets to the connector account itself.',
    mend: 'A connector account that is a user, not a computer, needs a service principal name.',
    commands: {
      powershell: "Set-ADUser '<connector>' -ServicePrincipalNames @{Add='HTTP/<connector>'}",
      samba: "samba-tool spn add 'HTTP/<connector>' '<connector>'",
    },
  },
  { ntStatus: NtStatus.STATUS_ACCOUNT_DISABLED, code: 'ERR_KRB_CLIENT_REVOKED', ...DISABLED },
  {
    krbErrorCode: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN,
    code: 'ERR_KRB_CLIENT_UNKNOWN',
    finding: 'client-refused',
    means: 'The KDC has no such account, or lets the connector account not read it.',
    mend: 'Check that the account exists, and that the connector account may read it (Windows Authorization Access Group).',
    commands: {
      powershell:
        "Add-ADGroupMember 'Windows Authorization Access Group' -Members (Get-ADComputer '<connector>')",
      samba: "samba-tool group addmembers 'Windows Authorization Access Group' '<connector>'",
    },
  },
  {
    krbErrorCode: Krb.KDC_ERR_WRONG_REALM,
    code: 'ERR_KRB_CLIENT_UNKNOWN',
    means: 'The account belongs to another realm.',
    mend: 'Use the realm that holds the account.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    code: 'ERR_KRB_SPN_UNKNOWN',
    finding: 'spn-unknown',
    means: 'No account holds this service principal name, or more than one does.',
    mend: 'Check that exactly one account holds this service principal name: setspn -Q, or samba-tool spn list.',
    commands: { powershell: "setspn -Q '<spn>'", samba: "samba-tool spn list '<service>'" },
  },
  {
    krbErrorCode: Krb.KDC_ERR_CLIENT_REVOKED,
    code: 'ERR_KRB_CLIENT_REVOKED',
    finding: 'client-refused',
    ...DISABLED,
  },
  {
    krbErrorCode: Krb.KDC_ERR_NAME_EXP,
    code: 'ERR_KRB_CLIENT_REVOKED',
    finding: 'client-refused',
    ...DISABLED,
    means: 'The account has expired.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_KEY_EXPIRED,
    code: 'ERR_KRB_CLIENT_KEY_EXPIRED',
    finding: 'client-refused',
    means: 'The password has expired or must be changed at the next sign-in.',
    mend: 'The user has to change the password first.',
    commands: {
      powershell: "Set-ADAccountPassword -Identity '<user>' -Reset",
      samba: "samba-tool user setpassword '<user>'",
    },
  },
  {
    krbErrorCode: Krb.KRB_AP_ERR_SKEW,
    code: 'ERR_KRB_SKEW',
    means:
      'Our clock and the KDC’s differ by more than five minutes, and by more than maxClockCorrectionMs makes up for.',
    mend: 'Set the clock, for instance with chrony against the domain.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_ETYPE_NOSUPP,
    exchange: 'AS',
    code: 'ERR_KRB_ETYPE',
    ...NO_AES,
    means: 'Our own account has no AES keys, or may not use them. RC4 and DES are never asked for.',
    commands: {
      powershell: "Set-ADComputer '<connector>' -KerberosEncryptionType AES128,AES256",
      samba: "net ads enctypes set '<connector>' 24",
    },
  },
  {
    krbErrorCode: Krb.KDC_ERR_ETYPE_NOSUPP,
    exchange: 'S4U2Self',
    code: 'ERR_KRB_ETYPE',
    ...NO_AES,
    means: 'Our own account, to which the ticket would be, has no AES keys, or may not use them.',
    commands: {
      powershell: "Set-ADComputer '<connector>' -KerberosEncryptionType AES128,AES256",
      samba: "net ads enctypes set '<connector>' 24",
    },
  },
  {
    krbErrorCode: Krb.KDC_ERR_ETYPE_NOSUPP,
    code: 'ERR_KRB_ETYPE',
    ...NO_AES,
    means:
      'The service’s account has no AES keys, or may not use them. RC4 and DES are never asked for.',
    commands: {
      powershell: "Set-ADUser '<service>' -KerberosEncryptionType AES128,AES256",
      samba: "net ads enctypes set '<service>' 24",
    },
  },
  {
    krbErrorCode: Krb.KDC_ERR_PREAUTH_FAILED,
    code: 'ERR_KRB_PREAUTH_FAILED',
    means:
      'The keytab or password is not the account’s: it was changed since, or the keytab was written for another account.',
    mend: 'The keytab or password is not the account’s present one: export it again.',
    commands: {
      powershell:
        "ktpass /princ '<connector>' /mapuser '<connector>' /pass * /ptype KRB5_NT_PRINCIPAL /crypto AES256-SHA1 /out connector.keytab",
      samba: "samba-tool domain exportkeytab connector.keytab --principal='<connector>'",
    },
  },
  { krbErrorCode: Krb.KRB_AP_ERR_BAD_INTEGRITY, code: 'ERR_KRB_KDC_REPLY', ...STALE },
  { krbErrorCode: Krb.KRB_AP_ERR_TKT_EXPIRED, code: 'ERR_KRB_KDC_REPLY', ...STALE },
  { krbErrorCode: Krb.KRB_AP_ERR_MODIFIED, code: 'ERR_KRB_KDC_REPLY', ...STALE },
  {
    krbErrorCode: Krb.KRB_AP_ERR_TKT_NYV,
    code: 'ERR_KRB_SKEW',
    means:
      'Our ticket-granting ticket begins in this KDC’s future: its clock is behind that of the KDC that issued it. One new AS exchange has not helped.',
    mend: 'Set the clocks of the domain controllers, for instance with chrony.',
  },
  {
    krbErrorCode: Krb.KDC_ERR_SVC_UNAVAILABLE,
    code: 'ERR_KRB_KDC_REPLY',
    means:
      'Every KDC that was asked cannot answer now, for instance a read-only domain controller that reaches no writable one.',
    mend: 'Look at the domain controllers’ event log; the next request is tried again.',
  },
  {
    krbErrorCode: Krb.KRB_ERR_RESPONSE_TOO_BIG,
    code: 'ERR_KRB_KDC_REPLY',
    means: 'The reply is too large for UDP.',
    mend: 'Ask over TCP.',
  },
]

/** A refusal nobody can say more about. */
const UNKNOWN: RefusalMeaning = {
  code: 'ERR_KRB_KDC_REPLY',
  means: 'A refusal that this table does not know.',
}

/** What was asked of a KDC. */
export interface RefusedQuestion {
  /** Name of the exchange. */
  readonly exchange: ExchangeName
  /** What it was about, where that matters. */
  readonly context?: RefusalContext | undefined
}

/**
 * Looks a refusal up.
 *
 * @param asked - What was asked.
 * @param krbErrorCode - error-code of the KRB-ERROR.
 * @param ntStatus - NTSTATUS out of its e-data.
 * @returns The first row that fits.
 */
export function refusalMeaning(
  { exchange, context }: RefusedQuestion,
  krbErrorCode: number,
  ntStatus: number | undefined,
): RefusalMeaning {
  const fits = (row: RefusalMeaning): boolean =>
    (row.krbErrorCode ?? krbErrorCode) === krbErrorCode &&
    (row.ntStatus ?? ntStatus) === ntStatus &&
    (row.exchange ?? exchange) === exchange &&
    (row.context ?? context) === context
  return REFUSALS.find(fits) ?? UNKNOWN
}
