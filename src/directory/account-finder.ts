/**
 * Finds one account of a domain over anything that can be searched.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'
import {
  ACCOUNT_BINARY,
  ACCOUNT_TEXT,
  bareAccount,
  isAnswer,
  withGroups,
  type BareAccount,
} from './account-entry.ts'
import {
  describeKey,
  type AccountDirectory,
  type AccountKey,
  type DirectoryAccount,
} from './account.ts'
import { domainName, domainOf } from './distinguished-name.ts'
import { DirectoryError } from './errors.ts'
import { accountFilter, filterText } from './filter.ts'
import { GroupReader, type GroupLimits } from './groups.ts'
import type { DirectoryEntry, DirectorySearch } from './search.ts'

/** One search for an account: what was asked where, and how many accounts answered. */
export interface LookupReport {
  /** Which directory. */
  readonly directory: string
  readonly base: string
  /** RFC 4515. */
  readonly filter: string
  /** Accounts whose values are really those that were asked for. */
  readonly found: number
}

/** Settings of a finder. */
export interface AccountFinderOptions extends GroupLimits {
  /** Where accounts are looked for, a distinguished name that ends in `DC=` parts. Default: the whole domain. */
  readonly baseDn?: string
  /** DNS name of the domain. Default: the server's own. */
  readonly domain?: string
  /** What reports call the directory. Default: the base. */
  readonly name?: string
  /** Told about every search for an account. */
  readonly onLookup?: (report: LookupReport) => void
}

/** Entries asked for: enough to tell one from several although a server compares names loosely. */
const SIZE_LIMIT = 10

/** An AccountDirectory over a search port. */
export class AccountFinder implements AccountDirectory {
  readonly #search: DirectorySearch
  readonly #groups: GroupReader
  readonly #options: AccountFinderOptions
  readonly #base: string | undefined

  constructor(search: DirectorySearch, clock: Clock, options: AccountFinderOptions = {}) {
    const { baseDn, domain } = options
    if (baseDn !== undefined) domainOf(baseDn)
    this.#search = search
    this.#options = options
    this.#base = baseDn ?? (domain === undefined ? undefined : domainName(domain))
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
    const base = this.#base ?? (await this.#search.namingContext(signal))
    const domain = domainOf(base)
    const filter = accountFilter(key, domain)
    const entries = await this.#search.search({ ...searchOf(key), ...filter, base }, signal)
    for (const entry of entries) checkDomain(entry, domain)
    const answers = entries.filter((entry) => isAnswer(entry, key))
    const { name: directory = base, onLookup } = this.#options
    onLookup?.({ directory, base, filter: filterText(filter), found: answers.length })
    return bareAccount(onlyAnswer(key, { base, answers, cut: entries.length >= SIZE_LIMIT }))
  }
}

/**
 * The parts of a search for an account that do not depend on where.
 *
 * @param key - Which account.
 * @returns Scope, attributes and limit.
 */
export function searchOf(key: AccountKey): {
  scope: 'sub'
  text: readonly string[]
  binary: readonly string[]
  sizeLimit: number
} {
  const compared = key.by === 'filter' ? key.template.attributes : []
  const text = [...new Set([...ACCOUNT_TEXT, ...compared])]
  return { scope: 'sub', text, binary: ACCOUNT_BINARY, sizeLimit: SIZE_LIMIT }
}

/** No server vouches for accounts of another domain than its own. */
function checkDomain(entry: DirectoryEntry, domain: string): void {
  if (domainOf(entry.distinguishedName) === domain) return
  throw new DirectoryError(
    'ERR_DIRECTORY_REPLY',
    `asked for accounts of ${domain}, the server answered with ${entry.distinguishedName}`,
  )
}

/** What came back for a key. */
export interface Answers {
  readonly base: string
  readonly answers: readonly DirectoryEntry[]
  /** Whether the server may have had more. */
  readonly cut: boolean
}

/**
 * The one answer to a key.
 *
 * @param key - What was asked.
 * @param found - What came back.
 * @returns The answer.
 * @throws DirectoryError with ERR_DIRECTORY_NOT_FOUND or ERR_DIRECTORY_AMBIGUOUS.
 */
export function onlyAnswer(key: AccountKey, { base, answers, cut }: Answers): DirectoryEntry {
  const [answer] = answers
  const asked = describeKey(key)
  if (!answer) {
    const where = base === '' ? 'in the global catalog' : `under ${base}`
    throw new DirectoryError('ERR_DIRECTORY_NOT_FOUND', `no account with ${asked} ${where}`)
  }
  if (answers.length === 1 && !cut) return answer
  throw ambiguous(
    asked,
    answers.map((each) => each.distinguishedName),
  )
}

/**
 * More than one account.
 *
 * @param asked - The key in words.
 * @param names - Distinguished names.
 * @returns The error.
 */
export function ambiguous(asked: string, names: readonly string[]): DirectoryError {
  return new DirectoryError(
    'ERR_DIRECTORY_AMBIGUOUS',
    `more than one account answers to ${asked}: ${names.join('; ')}`,
    { mend: 'Give every account a name of its own, or delegate by another attribute.' },
  )
}
