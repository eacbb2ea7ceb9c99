/**
 * Accounts of signed-in users, found in the directory and kept for a while.
 *
 * @module
 */

import {
  accountKeyId,
  describeKey,
  type AccountDirectory,
  type AccountKey,
  type DirectoryAccount,
} from '../directory/index.ts'
import { errorCode, errorMend, type Clock } from '../platform/index.ts'
import type { AccountFigures } from '../tunnel/index.ts'
import { checkStanding } from './account-standing.ts'
import { accountFigures } from './cache-contents.ts'
import { SsoError } from './errors.ts'
import type { IdentityCounters, IdentityCounts } from './identity-counts.ts'
import type { FairQueue } from './fair-queue.ts'
import { IdentityStore, type Identity } from './identity-store.ts'
import type { SsoLimits } from './limits.ts'
import { isNamed, isRefusalOf } from './named-user.ts'
import { directoryQueue } from './queues.ts'
import { RefusalMemory } from './refusals.ts'
import { isTransportFailure } from './transport-failure.ts'

export type { Identity } from './identity-store.ts'

/** Told when the directory or a KDC does not vouch for an account, with what it said, and whether anything of its was kept. */
export type RefusalListener = (user: string, refusal: unknown, kept: boolean) => void

const UNKNOWN_MEND =
  'Check the login at the identity provider, and that the account is in a domain that connector.yaml names, below baseDn where that is set. ' +
  '`sallyport identity resolve` shows where it was looked for.'
const AMBIGUOUS_MEND =
  'Give the accounts different names, or name the account by a claim that is unique: sid, objectGUID.'

/**
 * The directory's faults about an account, in this room's words; faults of the directory itself stay as they are.
 *
 * @param error - What the directory threw.
 * @param key - Which account was asked for.
 * @returns SsoError ERR_SSO_ACCOUNT_UNKNOWN or ERR_SSO_ACCOUNT_AMBIGUOUS, or the error itself.
 */
export function accountRefusal(error: unknown, key: AccountKey): unknown {
  const mend = errorMend(error)
  const cause = { cause: error, ...(mend !== undefined && { mend }) }
  switch (errorCode(error)) {
    case 'ERR_DIRECTORY_NOT_FOUND':
      return new SsoError(
        'ERR_SSO_ACCOUNT_UNKNOWN',
        `the directory has no account with ${describeKey(key)}`,
        { mend: UNKNOWN_MEND, ...cause },
      )
    case 'ERR_DIRECTORY_AMBIGUOUS':
      return new SsoError(
        'ERR_SSO_ACCOUNT_AMBIGUOUS',
        `several accounts have ${describeKey(key)}`,
        { mend: AMBIGUOUS_MEND, ...cause },
      )
    default:
      return error
  }
}

/** A login is worked out once for each proof, so its key is asked about with every request. */
const ids = new WeakMap<AccountKey, string>()

function cacheKey(key: AccountKey): string {
  let id = ids.get(key)
  if (id === undefined) ids.set(key, (id = accountKeyId(key)))
  return id
}

/** Asked once more where what came was dropped meanwhile. */
const MAX_TRIES = 3

/** What accounts are found by. */
export interface IdentityFinderPorts {
  readonly directory: AccountDirectory
  readonly clock: Clock
  readonly onRefused: RefusalListener
}

/** Finds accounts; concurrent requests for one account ask the directory once. */
export class IdentityFinder {
  readonly #ports: IdentityFinderPorts
  readonly #clock: Clock
  readonly #limits: SsoLimits
  readonly #store: IdentityStore
  readonly #refusals: RefusalMemory<AccountKey>
  readonly #queue: FairQueue
  readonly #counts: IdentityCounts = { hits: 0, lookups: 0, standIns: 0 }

  constructor(ports: IdentityFinderPorts, limits: SsoLimits) {
    this.#ports = ports
    this.#clock = ports.clock
    this.#limits = limits
    this.#refusals = new RefusalMemory(ports.clock, limits)
    this.#queue = directoryQueue(ports.clock, limits)
    this.#store = new IdentityStore(limits.identityCount)
  }

  /** What has been done, and what is kept now. */
  get counters(): IdentityCounters {
    return {
      ...this.#counts,
      refusalHits: { ...this.#refusals.hits },
      kept: this.#store.size,
      queue: { ...this.#queue.counts },
    }
  }

  /** The same for an administrator to look at, with the refusals that are remembered now. */
  inspect(): AccountFigures {
    return accountFigures(this.counters, this.#refusals.remembered())
  }

  async #ask(login: string, key: AccountKey): Promise<Identity> {
    // Whoever has an account at hand is at work; the others have only just come.
    const urgency = this.#store.get(login) === undefined ? 'waiting' : 'begun'
    try {
      const account = await this.#queue.run({ user: login, urgency }, () => {
        this.#counts.lookups += 1
        return this.#ports.directory.findAccount(key)
      })
      return this.#accept(account)
    } catch (error) {
      const stale = this.#store.get(login)
      if (stale !== undefined && isTransportFailure(error)) return this.#keep(stale)
      this.#store.delete(login)
      const refusal = accountRefusal(error, key)
      if (stale !== undefined) this.#ports.onRefused(stale.user, refusal, true)
      throw refusal
    }
  }

  #accept(account: DirectoryAccount): Identity {
    const now = this.#clock.nowMs()
    checkStanding(account, now)
    return {
      user: account.sid,
      account,
      s4uUser: { name: account.sAMAccountName, realm: account.realm, sid: account.sid },
      cleared: new WeakSet(),
      lastTicketKey: undefined,
      freshUntilMs: Math.min(now + this.#limits.identityMs, account.expiresMs ?? Infinity),
    }
  }

  /** The directory cannot be reached: what it said last stands a little longer; its tickets end by themselves. */
  #keep(stale: Identity): Identity {
    this.#counts.standIns += 1
    return { ...stale, freshUntilMs: this.#clock.nowMs() + this.#limits.transportRetryMs }
  }

  /**
   * An account that was looked up not long ago.
   *
   * @param key - Which.
   * @returns The identity, or undefined when the directory must be asked.
   */
  known(key: AccountKey): Identity | undefined {
    const identity = this.#store.get(cacheKey(key))
    if (identity === undefined || this.#clock.nowMs() >= identity.freshUntilMs) return undefined
    this.#counts.hits += 1
    return identity
  }

  /**
   * Asks the directory.
   *
   * @param key - Which account.
   * @returns The identity.
   * @throws SsoError ERR_SSO_ACCOUNT_UNKNOWN, _AMBIGUOUS, _DISABLED, _EXPIRED, _LOCKED or
   *   ERR_SSO_NOT_DELEGATABLE; the directory's own errors when it cannot answer;
   *   ERR_SSO_DIRECTORY_QUEUE_FULL or ERR_SSO_DIRECTORY_QUEUE_TIMEOUT.
   */
  async find(key: AccountKey): Promise<Identity> {
    const login = cacheKey(key)
    return this.#refusals.guard(login, key, async () => {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const identity = await this.#store.fetch(login, () => this.#ask(login, key))
        if (identity !== undefined) return identity
      }
      throw lost()
    })
  }

  /**
   * Drops accounts, and refusals that are remembered.
   *
   * @param user - Whose: a sAMAccountName, a UPN, a SID, or a login that was refused; undefined: all.
   * @returns The users that were dropped, one for each account kept, and how many refusals.
   */
  flush(user?: string): { readonly users: readonly string[]; readonly directoryRefusals: number } {
    const directoryRefusals = this.#refusals.drop(
      (key, error) => user === undefined || isRefusalOf(key, error, user),
    )
    const users = this.#store.flush(({ account }) => user === undefined || isNamed(account, user))
    return { users, directoryRefusals }
  }

  /**
   * Drops a user's account; what is under way for them is not kept.
   *
   * @param user - Whose.
   */
  dropUser(user: string): void {
    this.#store.dropUser(user)
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#queue.close(new SsoError('ERR_SSO_CLOSED', 'the connector is shutting down'))
  }
}

function lost(): SsoError {
  return new SsoError('ERR_BACKEND_ABORTED', 'the account was dropped while it was looked up', {
    mend: 'Try again.',
  })
}
