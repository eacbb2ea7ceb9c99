/**
 * Finds one account over anything that can be searched.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'
import {
  ACCOUNT_BINARY,
  ACCOUNT_TEXT,
  bareAccount,
  isAccount,
  withGroups,
  type BareAccount,
} from './account-entry.ts'
import type { AccountDirectory, AccountKey, DirectoryAccount } from './account.ts'
import { domainOf } from './distinguished-name.ts'
import { DirectoryError } from './errors.ts'
import { accountFilter } from './filter.ts'
import { GroupReader, type GroupLimits } from './groups.ts'
import type { DirectorySearch } from './search.ts'

/** Settings of a finder. */
export interface AccountFinderOptions extends GroupLimits {
  /** Where accounts are looked for, a distinguished name that ends in `DC=` parts. Default: the server's own domain. */
  readonly baseDn?: string
}

/** Entries asked for: enough to tell one from several although a server compares names loosely. */
const SIZE_LIMIT = 10

/** An AccountDirectory over a search port. */
export class AccountFinder implements AccountDirectory {
  readonly #search: DirectorySearch
  readonly #groups: GroupReader
  readonly #baseDn: string | undefined

  constructor(search: DirectorySearch, clock: Clock, options: AccountFinderOptions = {}) {
    if (options.baseDn !== undefined) domainOf(options.baseDn)
    this.#search = search
    this.#baseDn = options.baseDn
    this.#groups = new GroupReader(search, clock, options)
  }

  /**
   * Finds the one account with this key; see AccountDirectory.
   *
   * @param key - Which account.
   * @param signal - Gives up waiting.
   * @returns The account with all its groups.
   */
  async findAccount(key: AccountKey, signal?: AbortSignal): Promise<DirectoryAccount> {
    const account = await this.#findBare(key, signal)
    const sids = await this.#groups.sidsOf(account, signal)
    return withGroups(account, sids, await this.#groups.spell(account, sids, signal))
  }

  async #findBare(key: AccountKey, signal: AbortSignal | undefined): Promise<BareAccount> {
    const base = this.#baseDn ?? (await this.#search.namingContext(signal))
    const entries = await this.#search.search(
      {
        base,
        scope: 'sub',
        filter: accountFilter(key, domainOf(base)),
        text: ACCOUNT_TEXT,
        binary: ACCOUNT_BINARY,
        sizeLimit: SIZE_LIMIT,
      },
      signal,
    )
    const accounts = entries.map(bareAccount).filter((account) => isAccount(account, key))
    const [account] = accounts
    const asked = `${key.by} ${JSON.stringify(key.value)}`
    if (!account) {
      throw new DirectoryError('ERR_DIRECTORY_NOT_FOUND', `no account with ${asked} under ${base}`)
    }
    if (accounts.length === 1 && entries.length < SIZE_LIMIT) return account
    throw new DirectoryError('ERR_DIRECTORY_AMBIGUOUS', ambiguity(asked, accounts), {
      mend: 'give every account a name of its own, or delegate by another attribute',
    })
  }
}

function ambiguity(asked: string, accounts: readonly BareAccount[]): string {
  const where = accounts.map((account) => account.distinguishedName).join('; ')
  return `more than one account answers to ${asked}: ${where}`
}
