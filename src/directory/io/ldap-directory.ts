/**
 * Accounts of an Active Directory domain, over LDAPS.
 *
 * @module
 */

import {
  AccountFinder,
  AccountReader,
  readManagedAccount,
  type AccountFinderOptions,
} from '../index.ts'
import type {
  AccountDirectory,
  AccountKey,
  AccountSettings,
  DirectoryAccount,
  ManagedAccount,
  ManagedAccountDirectory,
} from '../index.ts'
import { LdapSearch, type LdapPorts } from './ldap-search.ts'
import type { LdapOptions } from './ldap-options.ts'

/** Everything that can be set. */
export interface LdapDirectoryOptions extends LdapOptions, AccountFinderOptions {}

/** AccountDirectory over LDAPS, bound by Kerberos. Connects when first asked. */
export class LdapDirectory implements AccountDirectory, ManagedAccountDirectory {
  readonly #search: LdapSearch
  readonly #finder: AccountFinder

  constructor(options: LdapDirectoryOptions, ports: LdapPorts) {
    this.#search = new LdapSearch(options, ports)
    this.#finder = new AccountFinder(this.#search, ports.clock, options)
  }

  /**
   * Finds the one account with this key; see AccountDirectory.
   *
   * @param key - Which account.
   * @param signal - Gives up waiting; the connection stays.
   * @returns The account, as it is now.
   */
  findAccount(key: AccountKey, signal?: AbortSignal): Promise<DirectoryAccount> {
    return this.#finder.findAccount(key, signal)
  }

  /**
   * Reads everything about an account that was found here, its delegation included.
   *
   * @param account - Which.
   * @param signal - Gives up waiting; the connection stays.
   * @returns Its settings; undefined where it has gone, or another is in its place by now.
   * @throws DirectoryError as findAccount does.
   */
  async settingsOf(
    { distinguishedName, sid }: DirectoryAccount,
    signal?: AbortSignal,
  ): Promise<AccountSettings | undefined> {
    const settings = await new AccountReader(this.#search).at(distinguishedName, signal)
    return settings?.sid === sid ? settings : undefined
  }

  /**
   * Reads a managed password; see ManagedAccountDirectory.
   *
   * @param sAMAccountName - Whose, with the `$` at its end.
   * @param signal - Gives up waiting; the connection stays.
   * @returns The account with its password.
   */
  readManagedAccount(sAMAccountName: string, signal?: AbortSignal): Promise<ManagedAccount> {
    return readManagedAccount(this.#search, sAMAccountName, signal)
  }

  /**
   * Makes sure that a server answers and lets us in.
   *
   * @param signal - Gives up waiting.
   * @throws DirectoryError as findAccount does.
   */
  check(signal?: AbortSignal): Promise<void> {
    return this.#search.check(signal)
  }

  /** Ends the connection. Later look-ups are refused. */
  close(): void {
    this.#search.close()
  }
}
