/**
 * Reads the password of a group managed service account (MS-ADTS 3.1.1.4.5.39).
 *
 * @module
 */

import { domainOf } from './distinguished-name.ts'
import { DirectoryError } from './errors.ts'
import { sameName } from '../platform/index.ts'
import { escapeFilterValue } from './filter-text.ts'
import { decodeManagedPassword, type ManagedPassword } from './managed-password.ts'
import { onlyOctets, onlyText, type DirectoryEntry, type DirectorySearch } from './search.ts'

/** A group managed service account with its password, which is never written anywhere. */
export interface ManagedAccount {
  /** With the `$` at its end. */
  readonly sAMAccountName: string
  /** DNS name of its domain, in small letters. */
  readonly domain: string
  /** Its passwords, and for how long they are good. */
  readonly password: ManagedPassword
}

/** A source of managed passwords. */
export interface ManagedAccountDirectory {
  /**
   * Reads a managed password.
   *
   * @param sAMAccountName - Whose, with the `$` at its end.
   * @param signal - Gives up waiting.
   * @throws DirectoryError with ERR_DIRECTORY_NOT_FOUND when there is no such group managed service account,
   *   ERR_DIRECTORY_REFUSED when we may not read its password, or as a search does.
   */
  readManagedAccount(sAMAccountName: string, signal?: AbortSignal): Promise<ManagedAccount>
}

const PASSWORD = 'msDS-ManagedPassword'

/**
 * Reads a managed password.
 *
 * @param search - Searches over TLS: a domain controller hands the password out over nothing less.
 * @param sAMAccountName - Whose.
 * @param signal - Gives up waiting.
 * @returns The account.
 * @throws DirectoryError; see ManagedAccountDirectory.
 */
export async function readManagedAccount(
  search: DirectorySearch,
  sAMAccountName: string,
  signal?: AbortSignal,
): Promise<ManagedAccount> {
  const base = await search.namingContext(signal)
  const name = `(sAMAccountName=${escapeFilterValue(sAMAccountName)})`
  const entries = await search.search(
    {
      base,
      scope: 'sub',
      filter: `(&(objectClass=msDS-GroupManagedServiceAccount)${name})`,
      text: ['sAMAccountName'],
      binary: [PASSWORD],
      sizeLimit: 2,
    },
    signal,
  )
  const found = entries.find((entry) => isNamed(entry, sAMAccountName))
  if (found !== undefined) return accountOf(found, sAMAccountName)
  throw new DirectoryError(
    'ERR_DIRECTORY_NOT_FOUND',
    `no group managed service account ${sAMAccountName} under ${base}`,
    { mend: 'Its name ends in $; create it with New-ADServiceAccount.' },
  )
}

function isNamed(entry: DirectoryEntry, sAMAccountName: string): boolean {
  return sameName(onlyText(entry, 'sAMAccountName') ?? '', sAMAccountName)
}

function accountOf(entry: DirectoryEntry, asked: string): ManagedAccount {
  const blob = onlyOctets(entry, PASSWORD)
  if (blob === undefined) throw mayNotRead(entry, asked)
  return {
    sAMAccountName: onlyText(entry, 'sAMAccountName') ?? asked,
    domain: domainOf(entry.distinguishedName),
    password: decodeManagedPassword(blob),
  }
}

function mayNotRead(entry: DirectoryEntry, asked: string): DirectoryError {
  const name = asked.replace(/\$$/, '')
  return new DirectoryError(
    'ERR_DIRECTORY_REFUSED',
    `the password of ${entry.distinguishedName} may not be read by the account that asks`,
    {
      mend:
        `Allow it: Set-ADServiceAccount ${name} -PrincipalsAllowedToRetrieveManagedPassword READER$, on Samba ` +
        `samba-tool service-account group-msa-membership add --name=${name} --principal='READER$'. ` +
        'A membership in a group counts from the reader’s next ticket-granting ticket on.',
    },
  )
}
