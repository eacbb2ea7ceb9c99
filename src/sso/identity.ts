/**
 * Accounts of signed-in users, found in the directory and kept for a while.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { AccountDirectory, AccountKey, DirectoryAccount } from '../directory/index.ts'
import type { S4uUser } from '../kerberos/index.ts'
import { errorCode, type Clock } from '../platform/index.ts'
import { SsoError } from './errors.ts'
import type { SsoLimits } from './limits.ts'
import type { BackendPolicy } from './policy.ts'
import { RefusalMemory } from './refusals.ts'
import { isTransportFailure } from './transport-failure.ts'

/** An account that may be acted for. One object per look-up. */
export interface Identity {
  /** The account's SID: what caches, pools and calls of this user are found by. */
  readonly user: string
  readonly account: DirectoryAccount
  /** Whom the KDC is asked for. */
  readonly s4uUser: S4uUser
  /** Policy rows that were asked about this account and did not object. */
  readonly cleared: WeakSet<BackendPolicy>
  /** Asked for afresh from then on. */
  readonly freshUntilMs: number
}

/** Told when the directory no longer vouches for an account that was in use. */
export type RefusalListener = (user: string) => void

function refuse(account: DirectoryAccount): SsoError | undefined {
  const name = account.sAMAccountName
  if (!account.enabled) {
    return new SsoError('ERR_SSO_ACCOUNT_DISABLED', `the account ${name} is disabled`, {
      mend: 'Enable the account in the directory.',
    })
  }
  const flag = account.sensitive
    ? 'is sensitive and cannot be delegated (NOT_DELEGATED)'
    : 'is a member of Protected Users'
  if (!account.sensitive && !account.protectedUser) return undefined
  return new SsoError('ERR_SSO_NOT_DELEGATABLE', `the account ${name} ${flag}`, {
    mend: 'Remove the flag or the membership, or use another account for this app.',
  })
}

/** The directory's faults about an account, in this room's words; faults of the directory itself stay as they are. */
function translate(error: unknown, key: AccountKey): unknown {
  const cause = { cause: error }
  switch (errorCode(error)) {
    case 'ERR_DIRECTORY_NOT_FOUND':
      return new SsoError(
        'ERR_SSO_ACCOUNT_UNKNOWN',
        `the directory has no account with ${key.by} '${key.value}'`,
        cause,
      )
    case 'ERR_DIRECTORY_AMBIGUOUS':
      return new SsoError(
        'ERR_SSO_ACCOUNT_AMBIGUOUS',
        `several accounts have ${key.by} '${key.value}'`,
        cause,
      )
    default:
      return error
  }
}

function cacheKey(key: AccountKey): string {
  return `${key.by}\n${key.value.toLowerCase()}`
}

/** Finds accounts; concurrent requests for one account ask the directory once. */
export class IdentityFinder {
  readonly #clock: Clock
  readonly #limits: SsoLimits
  readonly #cache: LRUCache<string, Identity, AccountKey>
  readonly #refusals: RefusalMemory

  constructor(
    ports: { directory: AccountDirectory; clock: Clock; onRefused: RefusalListener },
    limits: SsoLimits,
  ) {
    this.#clock = ports.clock
    this.#limits = limits
    this.#refusals = new RefusalMemory(ports.clock, limits)
    this.#cache = new LRUCache<string, Identity, AccountKey>({
      max: limits.identityCount,
      ignoreFetchAbort: true,
      noDeleteOnFetchRejection: true,
      fetchMethod: async (_key, stale, { context }) => {
        try {
          return this.#accept(await ports.directory.findAccount(context))
        } catch (error) {
          if (stale !== undefined && isTransportFailure(error)) return this.#keep(stale)
          this.#cache.delete(cacheKey(context))
          if (stale !== undefined) ports.onRefused(stale.user)
          throw translate(error, context)
        }
      },
    })
  }

  #accept(account: DirectoryAccount): Identity {
    const refusal = refuse(account)
    if (refusal !== undefined) throw refusal
    return {
      user: account.sid,
      account,
      s4uUser: { name: account.sAMAccountName, realm: account.realm, sid: account.sid },
      cleared: new WeakSet(),
      freshUntilMs: this.#clock.nowMs() + this.#limits.identityMs,
    }
  }

  /** The directory cannot be reached: what it said last stands a little longer; its tickets end by themselves. */
  #keep(stale: Identity): Identity {
    return { ...stale, freshUntilMs: this.#clock.nowMs() + this.#limits.transportRetryMs }
  }

  /**
   * An account that was looked up not long ago.
   *
   * @param key - Which.
   * @returns The identity, or undefined when the directory must be asked.
   */
  known(key: AccountKey): Identity | undefined {
    const identity = this.#cache.get(cacheKey(key))
    return identity !== undefined && this.#clock.nowMs() < identity.freshUntilMs
      ? identity
      : undefined
  }

  /**
   * Asks the directory.
   *
   * @param key - Which account.
   * @returns The identity.
   * @throws SsoError ERR_SSO_ACCOUNT_UNKNOWN, _AMBIGUOUS, _DISABLED or ERR_SSO_NOT_DELEGATABLE; the directory's own
   *   errors when it cannot answer.
   */
  async find(key: AccountKey): Promise<Identity> {
    const name = cacheKey(key)
    const identity = await this.#refusals.guard(name, () =>
      this.#cache.fetch(name, { context: key, forceRefresh: true }),
    )
    if (identity === undefined) throw evicted()
    return identity
  }

  /**
   * Drops accounts.
   *
   * @param matches - Which.
   * @returns The users that were dropped.
   */
  drop(matches: (identity: Identity) => boolean): readonly string[] {
    this.#refusals.clear()
    const dropped: string[] = []
    for (const [key, identity] of [...this.#cache.entries()]) {
      if (!matches(identity)) continue
      this.#cache.delete(key)
      dropped.push(identity.user)
    }
    return dropped
  }
}

/** Only reached when the cache is so small that what is being fetched falls out of it. */
function evicted(): SsoError {
  return new SsoError(
    'ERR_BACKEND_ABORTED',
    'the account was dropped from the cache while it was looked up',
    {
      mend: 'Raise identityCount.',
    },
  )
}
