/**
 * Several directories that together are asked for one account: a forest behind its global catalog, and domains or forests
 * side by side. An account is used only when it is the only one; a directory that cannot be asked leaves that open, and the
 * look-up fails.
 *
 * @module
 */

import { errorCode, sameName } from '../platform/index.ts'
import { hasName, isAnswer } from './account-entry.ts'
import { ambiguous, onlyAnswer, searchOf, type AccountFinderOptions } from './account-finder.ts'
import {
  describeKey,
  type AccountDirectory,
  type AccountKey,
  type DirectoryAccount,
} from './account.ts'
import { domainOf } from './distinguished-name.ts'
import { DomainSids } from './domain-sids.ts'
import { DirectoryError } from './errors.ts'
import { accountFilter, filterText } from './filter.ts'
import type { DirectorySearch } from './search.ts'
import { decodeSid } from './sid.ts'
import { onlyOctets } from './search.ts'

/** One of several directories. */
export interface DirectoryPart {
  readonly directory: AccountDirectory
  /** DNS names of its domains. */
  readonly domains: readonly string[]
  /** Suffixes of user principal names, besides its domains, that are looked for here. */
  readonly upnSuffixes: readonly string[]
}

function suffixOf(key: AccountKey): string | undefined {
  return key.by === 'userPrincipalName'
    ? key.value.slice(key.value.lastIndexOf('@') + 1)
    : key.suffix
}

function includesName(names: readonly string[], name: string): boolean {
  return names.some((each) => sameName(each, name))
}

/** Asks each of several directories where an account may be. */
export class SeveralDirectories implements AccountDirectory {
  readonly #parts: readonly DirectoryPart[]
  readonly #sids: DomainSids

  constructor(parts: readonly DirectoryPart[]) {
    this.#parts = parts
    this.#sids = new DomainSids(parts.flatMap(({ domains }) => domains))
  }

  /**
   * Finds the one account with this key; see AccountDirectory.
   *
   * @param key - Which account. Its realms, then the suffix of a user principal name, whole or cut off, say which directories are asked.
   * @param signal - Gives up waiting.
   * @returns The account.
   */
  async findAccount(key: AccountKey, signal?: AbortSignal): Promise<DirectoryAccount> {
    const asked = this.#partsFor(key)
    const answers = await Promise.allSettled(
      asked.map(({ directory }) => directory.findAccount(key, signal)),
    )
    const account = onlyAccount(key, answers)
    this.#sids.check(account)
    return account
  }

  #partsFor(key: AccountKey): readonly DirectoryPart[] {
    const { realms = [] } = key
    const suffix = suffixOf(key)
    const possible = this.#parts.filter(({ domains }) => {
      return realms.length === 0 || domains.some((domain) => includesName(realms, domain))
    })
    if (possible.length === 0) {
      throw new DirectoryError(
        'ERR_DIRECTORY_NOT_FOUND',
        `no directory has a domain of ${realms.join(', ')}`,
        { mend: 'Add the domain to directories in connector.yaml.' },
      )
    }
    const named = possible.filter(({ domains, upnSuffixes }) => {
      return suffix !== undefined && includesName([...domains, ...upnSuffixes], suffix)
    })
    return named.length > 0 ? named : possible
  }
}

/** One account among the answers of several directories, each of which was asked. */
function onlyAccount(
  key: AccountKey,
  answers: readonly PromiseSettledResult<DirectoryAccount>[],
): DirectoryAccount {
  const faults = answers.filter((answer) => answer.status === 'rejected')
  const grave = faults.find(({ reason }) => errorCode(reason) !== 'ERR_DIRECTORY_NOT_FOUND')
  if (grave) throw grave.reason
  const accounts = answers.flatMap((answer) =>
    answer.status === 'fulfilled' ? [answer.value] : [],
  )
  const [account] = accounts
  if (!account) {
    const [only] = faults
    if (only && faults.length === 1) throw only.reason
    throw new DirectoryError(
      'ERR_DIRECTORY_NOT_FOUND',
      `no account with ${describeKey(key)} in any of ${answers.length} directories`,
    )
  }
  if (accounts.length === 1) return account
  throw ambiguous(
    describeKey(key),
    accounts.map((each) => each.distinguishedName),
  )
}

/** A forest: its global catalog, and a finder for each domain whose accounts may be used. */
export interface ForestParts {
  readonly catalog: DirectorySearch
  /** By DNS name, in small letters. */
  readonly domains: ReadonlyMap<string, AccountDirectory>
}

/** Looks in the global catalog, then reads the account in its own domain: the catalog lacks most attributes and groups. */
export class ForestDirectory implements AccountDirectory {
  readonly #parts: ForestParts
  readonly #options: Pick<AccountFinderOptions, 'name' | 'onLookup'>
  readonly #everyDomain: SeveralDirectories

  constructor(parts: ForestParts, options: Pick<AccountFinderOptions, 'name' | 'onLookup'> = {}) {
    this.#parts = parts
    this.#options = options
    this.#everyDomain = new SeveralDirectories(
      [...parts.domains].map(([domain, directory]) => {
        return { directory, domains: [domain], upnSuffixes: [] }
      }),
    )
  }

  /**
   * Finds the one account of the forest with this key; see AccountDirectory.
   *
   * @param key - Which account. What global catalogs do not hold is asked of every domain.
   * @param signal - Gives up waiting.
   * @returns The account as its own domain has it.
   */
  async findAccount(key: AccountKey, signal?: AbortSignal): Promise<DirectoryAccount> {
    if (key.by === 'filter' && key.inGlobalCatalog !== true) {
      return this.#everyDomain.findAccount(key, signal)
    }
    const { domain, sid } = await this.#locate(key, signal)
    const directory = this.#parts.domains.get(domain)
    if (!directory) throw unlisted(domain)
    const account = await directory.findAccount(
      key.by === 'filter' ? key : { by: 'sid', value: sid },
      signal,
    )
    if (account.sid === sid && (key.by === 'filter' || hasName(account, key))) return account
    // The catalog is replicated, and was behind: what it says of an account may be another's by now.
    throw new DirectoryError('ERR_DIRECTORY_NOT_FOUND', `no account with ${describeKey(key)}`)
  }

  async #locate(key: AccountKey, signal?: AbortSignal): Promise<{ domain: string; sid: string }> {
    const suffix = key.by === 'userPrincipalName' ? suffixOf(key)?.toLowerCase() : undefined
    const filter = accountFilter(
      key,
      suffix !== undefined && this.#parts.domains.has(suffix) ? suffix : '',
    )
    const request = { ...searchOf(key), ...filter, base: '' }
    const entries = await this.#parts.catalog.search(request, signal)
    const { realms = [] } = key
    const answers = entries.filter((entry) => {
      const here = realms.length === 0 || includesName(realms, domainOf(entry.distinguishedName))
      return here && isAnswer(entry, key)
    })
    const { name: directory = 'global catalog', onLookup } = this.#options
    onLookup?.({ directory, base: '', filter: filterText(filter), found: answers.length })
    const answer = onlyAnswer(key, { base: '', answers, cut: entries.length >= request.sizeLimit })
    const sid = onlyOctets(answer, 'objectSid')
    if (!sid) throw new DirectoryError('ERR_DIRECTORY_REPLY', 'the global catalog tells no SID')
    return { domain: domainOf(answer.distinguishedName), sid: decodeSid(sid) }
  }
}

function unlisted(domain: string): DirectoryError {
  return new DirectoryError(
    'ERR_DIRECTORY_NOT_FOUND',
    `the account is in the domain ${domain}, which is not listed for this forest`,
    { mend: `Add ${domain} to the domains of the forest in connector.yaml.` },
  )
}
