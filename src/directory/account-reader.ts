/**
 * Finds accounts and what they are about to delegation, over anything that can be searched.
 *
 * @module
 */

import {
  accountSettings,
  SETTINGS_BINARY,
  SETTINGS_TEXT,
  type AccountSettings,
} from './account-settings.ts'
import { sameName } from '../platform/index.ts'
import { escapeFilterValue } from './filter-text.ts'
import { groupsFilter } from './filter.ts'
import { onlyOctets, onlyText, type DirectorySearch, type SearchRequest } from './search.ts'
import {
  parseSpn,
  sameSpn,
  spnAlias,
  withoutRealm,
  type SpnAliases,
} from './service-principal-name.ts'
import { decodeSid } from './sid.ts'

/** Most accounts that one name may lead to; more are not looked at. */
const MAX_HOLDERS = 20
/** Most accounts that are told to delegate to one service. */
const MAX_DELEGATES = 500
/** Most accounts whose own lists are read. */
const MAX_LETTING_ACT = 2000
/** Most accounts that a name may have been meant for. */
const MAX_CANDIDATES = 5
const PAGE = 250
const SIDS_PER_SEARCH = 100

/** An account as far as a global catalog knows it. */
export interface NamedAccount {
  readonly distinguishedName: string
  readonly sAMAccountName: string
}

/** Who has a service principal name. */
export interface SpnHolders {
  /** Accounts that have it as it is. KDCs refuse it where there are several. */
  readonly exact: readonly AccountSettings[]
  /** Accounts that have the name that stands for it, `HOST/…`; looked for where nobody has it as it is. */
  readonly byAlias: readonly AccountSettings[]
  /** The name that stands for it, where there is one. */
  readonly alias?: string
}

/** Accounts of a domain with everything about their delegation. */
export class AccountReader {
  readonly #search: DirectorySearch
  readonly #base: string | undefined

  /**
   * Nothing is asked yet.
   *
   * @param search - A domain controller's own domain.
   * @param baseDn - Where accounts are looked for. Default: all of the domain.
   */
  constructor(search: DirectorySearch, baseDn?: string) {
    this.#search = search
    this.#base = baseDn
  }

  /**
   * The account with this name.
   *
   * @param sAMAccountName - Letter case aside; a computer's has a `$` at its end.
   * @param signal - Gives up waiting.
   * @returns Undefined when there is none.
   * @throws DirectoryError as a search does.
   */
  async byName(sAMAccountName: string, signal?: AbortSignal): Promise<AccountSettings | undefined> {
    const filter = `(sAMAccountName=${escapeFilterValue(sAMAccountName)})`
    const found = await this.#accounts(filter, MAX_HOLDERS, signal)
    return found.find((account) => sameName(account.sAMAccountName, sAMAccountName))
  }

  /**
   * The account at this place.
   *
   * @param distinguishedName - RFC 4514.
   * @param signal - Gives up waiting.
   * @returns Undefined when there is none.
   * @throws DirectoryError as a search does.
   */
  async at(distinguishedName: string, signal?: AbortSignal): Promise<AccountSettings | undefined> {
    const request = {
      ...settingsSearch(distinguishedName, '(objectClass=user)', 1),
      scope: 'base',
    } as const
    const [entry] = await this.#search.search(request, signal)
    return entry && accountSettings(entry)
  }

  /**
   * The accounts that have a service principal name.
   *
   * @param spn - A realm at its end is left out.
   * @param aliases - Of the domain; see spnAliases.
   * @param signal - Gives up waiting.
   * @returns Who has it, and who has the name that stands for it.
   * @throws DirectoryError as a search does.
   */
  async holders(spn: string, aliases: SpnAliases, signal?: AbortSignal): Promise<SpnHolders> {
    const exact = await this.#having(withoutRealm(spn), signal)
    const alias = spnAlias(withoutRealm(spn), aliases)
    if (alias === undefined) return { exact, byAlias: [] }
    return { exact, byAlias: exact.length > 0 ? [] : await this.#having(alias, signal), alias }
  }

  async #having(spn: string, signal?: AbortSignal): Promise<readonly AccountSettings[]> {
    const filter = `(servicePrincipalName=${escapeFilterValue(spn)})`
    const found = await this.#accounts(filter, MAX_HOLDERS, signal)
    return found.filter((account) =>
      account.servicePrincipalNames.some((name) => sameSpn(name, spn)),
    )
  }

  /**
   * Accounts that a name nobody has may have been meant for: those with a name of another class, port or spelling for the same host, its
   * computer account, and those that are called after it.
   *
   * @param spn - The name that nobody has.
   * @param signal - Gives up waiting.
   * @returns Up to 5, the likeliest first.
   * @throws DirectoryError as a search does.
   */
  async meantFor(spn: string, signal?: AbortSignal): Promise<readonly AccountSettings[]> {
    const host = escapeFilterValue(parseSpn(spn)?.host ?? '')
    const [label = ''] = host.split('.')
    if (label === '') return []
    const classes = ['HTTP', 'HTTPS', 'HOST', 'WWW']
    const names = classes.flatMap((each) => [
      `${each}/${label}`,
      `${each}/${label}.*`,
      `${each}/${label}:*`,
    ])
    const filters = [
      names.map((name) => `(servicePrincipalName=${name})`).join(''),
      `(dNSHostName=${host})(sAMAccountName=${label}$)`,
      `(sAMAccountName=${label})(sAMAccountName=*-${label})(sAMAccountName=*_${label})(sAMAccountName=${label}-*)`,
    ]
    const found = new Map<string, AccountSettings>()
    for (const filter of filters) {
      for (const account of await this.#accounts(`(|${filter})`, MAX_HOLDERS, signal)) {
        found.set(account.sid, account)
      }
    }
    return [...found.values()].slice(0, MAX_CANDIDATES)
  }

  /**
   * The accounts on whose classic list a service is.
   *
   * @param spn - A realm at its end is left out.
   * @param signal - Gives up waiting.
   * @returns Up to 500 of them.
   * @throws DirectoryError as a search does.
   */
  async delegatingTo(spn: string, signal?: AbortSignal): Promise<readonly AccountSettings[]> {
    const filter = `(msDS-AllowedToDelegateTo=${escapeFilterValue(withoutRealm(spn))})`
    const found = await this.#accounts(filter, MAX_DELEGATES, signal)
    return found.filter((account) => account.allowedToDelegateTo.some((name) => sameSpn(name, spn)))
  }

  /**
   * The accounts that have a list of who may act towards them (RBCD).
   *
   * @param signal - Gives up waiting.
   * @returns Up to 2000 of them.
   * @throws DirectoryError as a search does.
   */
  lettingOthersAct(signal?: AbortSignal): Promise<readonly AccountSettings[]> {
    const filter = '(msDS-AllowedToActOnBehalfOfOtherIdentity=*)'
    return this.#accounts(filter, MAX_LETTING_ACT, signal)
  }

  /**
   * What accounts and groups are called.
   *
   * @param sids - Any number.
   * @param signal - Gives up waiting.
   * @returns Names by SID; those that this domain does not know are missing.
   * @throws DirectoryError as a search does.
   */
  async names(
    sids: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, NamedAccount>> {
    const names = new Map<string, NamedAccount>()
    for (let from = 0; from < sids.length; from += SIDS_PER_SEARCH) {
      const chunk = sids.slice(from, from + SIDS_PER_SEARCH)
      const entries = await this.#search.search(
        {
          base: await this.#searchBase(signal),
          scope: 'sub',
          filter: groupsFilter(chunk),
          text: ['sAMAccountName'],
          binary: ['objectSid'],
          sizeLimit: chunk.length,
        },
        signal,
      )
      for (const entry of entries) {
        const sid = onlyOctets(entry, 'objectSid')
        const sAMAccountName = onlyText(entry, 'sAMAccountName')
        const { distinguishedName } = entry
        if (sid && sAMAccountName !== undefined) {
          names.set(decodeSid(sid), { distinguishedName, sAMAccountName })
        }
      }
    }
    return names
  }

  async #accounts(
    filter: string,
    sizeLimit: number,
    signal?: AbortSignal,
  ): Promise<readonly AccountSettings[]> {
    const request = settingsSearch(
      await this.#searchBase(signal),
      `(&(objectClass=user)${filter})`,
      sizeLimit,
    )
    const entries = await this.#search.search(request, signal)
    return entries.slice(0, sizeLimit).map(accountSettings)
  }

  async #searchBase(signal?: AbortSignal): Promise<string> {
    return this.#base ?? (await this.#search.namingContext(signal))
  }
}

function settingsSearch(base: string, filter: string, sizeLimit: number): SearchRequest {
  return {
    base,
    scope: 'sub',
    filter,
    text: SETTINGS_TEXT,
    binary: SETTINGS_BINARY,
    sizeLimit,
    ...(sizeLimit > PAGE && { pageSize: PAGE }),
  }
}

/**
 * The accounts of a whole forest that have a service principal name, as a global catalog tells it.
 *
 * @param catalog - A search at port 3269.
 * @param spn - A realm at its end is left out.
 * @param signal - Gives up waiting.
 * @returns Their names.
 * @throws DirectoryError as a search does.
 */
export async function forestHolders(
  catalog: DirectorySearch,
  spn: string,
  signal?: AbortSignal,
): Promise<readonly NamedAccount[]> {
  const entries = await catalog.search(
    {
      base: '',
      scope: 'sub',
      filter: `(servicePrincipalName=${escapeFilterValue(withoutRealm(spn))})`,
      text: ['sAMAccountName', 'servicePrincipalName'],
      binary: [],
      sizeLimit: MAX_HOLDERS,
    },
    signal,
  )
  return entries
    .filter((entry) =>
      (entry.text.get('serviceprincipalname') ?? []).some((name) => sameSpn(name, spn)),
    )
    .map((entry) => ({
      distinguishedName: entry.distinguishedName,
      sAMAccountName: onlyText(entry, 'sAMAccountName') ?? '',
    }))
}
