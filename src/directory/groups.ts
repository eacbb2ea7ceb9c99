/**
 * Which groups an account is in, and what they are called.
 *
 * tokenGroups (MS-ADTS 3.1.1.4.5.19) is the transitive list the domain controller itself would put into a token: nested groups
 * and the primary group are in it, which memberOf lacks.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Clock } from '../platform/index.ts'
import type { BareAccount } from './account-entry.ts'
import { domainName, domainOf } from './distinguished-name.ts'
import { DirectoryError } from './errors.ts'
import { groupsFilter } from './filter.ts'
import { onlyOctets, onlyText, type DirectoryEntry, type DirectorySearch } from './search.ts'
import { decodeSid } from './sid.ts'

/** Bounds of group look-ups. */
export interface GroupLimits {
  /** Most groups of one account. Default 4096; Windows stops at 1015. */
  readonly maxGroups?: number
}

/** How many groups' names are remembered, and how long. */
const MAX_NAMED_GROUPS = 10_000
const NAMED_MS = 600_000

/** SIDs asked for in one search: a filter of some 5 KB. */
const SIDS_PER_SEARCH = 100

/** Groups of accounts. Memberships are asked for each time, only the groups' names are remembered. */
export class GroupReader {
  readonly #search: DirectorySearch
  readonly #maxGroups: number
  /** Spellings by SID; an empty list for a SID the directory does not know. */
  readonly #names: LRUCache<string, readonly string[]>

  constructor(search: DirectorySearch, clock: Clock, limits: GroupLimits = {}) {
    this.#search = search
    this.#maxGroups = limits.maxGroups ?? 4096
    this.#names = new LRUCache({
      max: MAX_NAMED_GROUPS,
      ttl: NAMED_MS,
      // Otherwise the cache would keep the time for a while by a timer of its own.
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs() },
    })
  }

  /**
   * The SIDs of all groups of an account.
   *
   * @param account - Who.
   * @param signal - Gives up waiting.
   * @returns SIDs, `S-1-…`.
   * @throws DirectoryError with ERR_DIRECTORY_REFUSED when tokenGroups may not be read: without it, group rules of a policy
   *   and Protected Users could not be honoured, so the account is not used.
   */
  async sidsOf(
    account: Pick<BareAccount, 'distinguishedName'>,
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const entries = await this.#search.search(
      {
        base: account.distinguishedName,
        scope: 'base',
        filter: '(objectClass=*)',
        text: [],
        binary: ['tokenGroups'],
        sizeLimit: 1,
      },
      signal,
    )
    const values = entries[0]?.binary.get('tokengroups') ?? []
    if (values.length > this.#maxGroups) {
      throw new DirectoryError(
        'ERR_DIRECTORY_REPLY',
        `${account.distinguishedName} is in ${values.length} groups, more than maxGroups (${this.#maxGroups})`,
      )
    }
    if (values.length > 0) return values.map(decodeSid)
    throw new DirectoryError(
      'ERR_DIRECTORY_REFUSED',
      `tokenGroups of ${account.distinguishedName} may not be read`,
      { mend: 'Add the connector account to the group "Windows Authorization Access Group".' },
    )
  }

  /**
   * Spells groups out.
   *
   * @param account - Whose domain is asked.
   * @param sids - Groups.
   * @param signal - Gives up waiting.
   * @returns Every SID, with sAMAccountName and distinguished name after it where the domain knows the group.
   */
  async spell(
    account: BareAccount,
    sids: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const spellings = new Map<string, readonly string[]>()
    const unknown = sids.filter((sid) => {
      const names = this.#names.get(sid)
      if (names) spellings.set(sid, names)
      return names === undefined
    })
    const base = domainName(domainOf(account.distinguishedName))
    for (let from = 0; from < unknown.length; from += SIDS_PER_SEARCH) {
      const chunk = unknown.slice(from, from + SIDS_PER_SEARCH)
      const entries = await this.#search.search(groupSearch(base, chunk), signal)
      for (const [sid, names] of namesBySid(chunk, entries)) {
        spellings.set(sid, names)
        this.#names.set(sid, names)
      }
    }
    return sids.flatMap((sid) => [sid, ...(spellings.get(sid) ?? [])])
  }
}

function groupSearch(base: string, sids: readonly string[]) {
  return {
    base,
    scope: 'sub',
    filter: groupsFilter(sids),
    text: ['sAMAccountName'],
    binary: ['objectSid'],
    sizeLimit: sids.length,
    // A server whose pages are shorter would else keep groups back, and rules about them would not hold.
    pageSize: SIDS_PER_SEARCH,
  } as const
}

function namesBySid(
  sids: readonly string[],
  entries: readonly DirectoryEntry[],
): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>(sids.map((sid) => [sid, []]))
  for (const entry of entries) {
    const sid = onlyOctets(entry, 'objectSid')
    const name = onlyText(entry, 'sAMAccountName')
    if (sid) {
      names.set(decodeSid(sid), [...(name === undefined ? [] : [name]), entry.distinguishedName])
    }
  }
  return names
}
