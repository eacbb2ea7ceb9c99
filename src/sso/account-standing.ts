/**
 * Whether an account may be acted for at all, as far as the directory says so plainly.
 *
 * What is refused here a domain controller of Active Directory refuses too: disabled, expired and locked accounts are not in good
 * standing (MS-KILE 3.3.5.7.1). A password that has expired or must be changed is not among that: nobody types it here, and Windows
 * lets S4U2Self pass. Samba refuses it at S4U2Proxy, with a code of its own.
 *
 * @module
 */

import type { DirectoryAccount } from '../directory/index.ts'
import { powershellWord, shellWord } from '../platform/index.ts'
import { SsoError, type SsoErrorCode } from './errors.ts'

/** The directory has the account, and says that nobody is let in with it. */
export class AccountRefusal extends SsoError {
  readonly account: DirectoryAccount

  constructor(
    code: SsoErrorCode,
    message: string,
    { account, mend }: { readonly account: DirectoryAccount; readonly mend: string },
  ) {
    super(code, message, { mend })
    this.account = account
  }
}

function refuse(
  account: DirectoryAccount,
  code: SsoErrorCode,
  [why, mend]: [string, string],
): void {
  const name = `${account.sAMAccountName}@${account.realm}`
  throw new AccountRefusal(code, `the account ${name} ${why}`, { mend, account })
}

/**
 * Refuses accounts that nobody is let in with.
 *
 * @param account - What the directory has.
 * @param nowMs - Wall-clock time, milliseconds since 1970.
 * @throws SsoError ERR_SSO_ACCOUNT_DISABLED, ERR_SSO_ACCOUNT_EXPIRED, ERR_SSO_ACCOUNT_LOCKED or ERR_SSO_NOT_DELEGATABLE.
 */
export function checkStanding(account: DirectoryAccount, nowMs: number): void {
  const { enabled, expiresMs, locked, sensitive, protectedUser, sAMAccountName: name } = account
  const [powershell, shell] = [powershellWord(name), shellWord(name)]
  // Another domain may have a namesake.
  const domain = account.realm.toLowerCase()
  if (!enabled) {
    refuse(account, 'ERR_SSO_ACCOUNT_DISABLED', [
      'is disabled',
      `Enable the account in the directory of ${domain}.`,
    ])
  }
  if (expiresMs !== undefined && expiresMs <= nowMs) {
    const since = new Date(expiresMs).toISOString()
    const mend = `Move its end in ${domain}: Set-ADAccountExpiration ${powershell} -DateTime …, on Samba samba-tool user setexpiry ${shell} --days=…`
    refuse(account, 'ERR_SSO_ACCOUNT_EXPIRED', [`has expired at ${since}`, mend])
  }
  if (locked === true) {
    const mend = `Wait, or unlock it in ${domain}: Unlock-ADAccount ${powershell}, on Samba samba-tool user unlock ${shell}`
    refuse(account, 'ERR_SSO_ACCOUNT_LOCKED', ['is locked after too many wrong passwords', mend])
  }
  if (!sensitive && !protectedUser) return
  refuse(account, 'ERR_SSO_NOT_DELEGATABLE', [
    sensitive
      ? 'is sensitive and cannot be delegated (NOT_DELEGATED)'
      : 'is a member of Protected Users',
    'Remove the flag or the membership, or use another account for this app.',
  ])
}
