/**
 * Accounts by login: kept, looked up once for everybody who asks at the same time, and dropped so that nothing which was under
 * way meanwhile comes back.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { DirectoryAccount } from '../directory/index.ts'
import type { S4uUser } from '../kerberos/index.ts'
import { Departures } from './departures.ts'
import type { BackendPolicy } from './policy.ts'
import { UserIndex } from './user-index.ts'

/** What a ticket's key was made of, and the key. */
export interface TicketKey {
  /** This very account: a changed copy of it has other keys. */
  readonly of: Identity
  /** Own principal and version of its keys. */
  readonly own: string
  readonly how: 'S4U2Self' | 'AP-REQ'
  readonly spn: string
  readonly key: string
}

/** An account that may be acted for. One object per look-up. */
export interface Identity {
  /** The account's SID: what caches, pools and calls of this user are found by. */
  readonly user: string
  readonly account: DirectoryAccount
  /** Whom the KDC is asked for. */
  readonly s4uUser: S4uUser
  /** Policy rows that were asked about this account and did not object. */
  readonly cleared: WeakSet<BackendPolicy>
  /** The last that was asked for: most requests of a user are for the same ticket (./ticket-keys.ts). */
  lastTicketKey: TicketKey | undefined
  /** Asked for afresh from then on. */
  readonly freshUntilMs: number
}

type Flight = Promise<Identity | undefined>

/** A cache of accounts. */
export class IdentityStore {
  readonly #kept: LRUCache<string, Identity>
  /** Who asks joins these. */
  readonly #flights = new Map<string, Flight>()
  readonly #departures = new Departures()
  /** Logins of what is kept. */
  readonly #loginsOf = new UserIndex<string>()

  constructor(most: number) {
    this.#kept = new LRUCache<string, Identity>({
      max: most,
      dispose: ({ user }, login) => {
        this.#loginsOf.delete(user, login)
      },
    })
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size
  }

  /**
   * What is kept, however old.
   *
   * @param login - Which.
   * @returns The account; undefined where there is none.
   */
  get(login: string): Identity | undefined {
    return this.#kept.get(login)
  }

  /**
   * Looks up, together with whoever asks for the same at the same time.
   *
   * @param login - Which.
   * @param ask - How.
   * @returns The account, which is kept; undefined when it was dropped meanwhile and must not be used.
   * @throws What `ask` throws.
   */
  fetch(login: string, ask: () => Promise<Identity>): Flight {
    const under = this.#flights.get(login)
    if (under !== undefined) return under
    const flight: Flight = this.#fly(login, ask, () => this.#flights.get(login) === flight)
    this.#flights.set(login, flight)
    return flight
  }

  async #fly(login: string, ask: () => Promise<Identity>, isNewest: () => boolean): Flight {
    const trip = this.#departures.begin()
    try {
      const identity = await ask()
      if (this.#departures.hasLeft(identity.user, trip)) return undefined
      if (isNewest()) this.#keep(login, identity)
      return identity
    } finally {
      this.#departures.end(trip)
      if (isNewest()) this.#flights.delete(login)
    }
  }

  #keep(login: string, identity: Identity): void {
    this.#kept.set(login, identity)
    this.#loginsOf.add(identity.user, login)
  }

  /**
   * Drops one.
   *
   * @param login - Which.
   */
  delete(login: string): void {
    this.#kept.delete(login)
  }

  /**
   * Drops a user, kept or under way.
   *
   * @param user - Who.
   */
  dropUser(user: string): void {
    this.#departures.leave(user)
    for (const login of this.#loginsOf.of(user)) {
      this.#kept.delete(login)
      // Who asks from now on is not to wait for what will be thrown away.
      this.#flights.delete(login)
    }
  }

  /**
   * Drops what is kept, and everything that is under way: whose it is nobody knows yet.
   *
   * @param matches - Which.
   * @returns The users that were kept.
   */
  flush(matches: (identity: Identity) => boolean): readonly string[] {
    this.#departures.leaveAll()
    this.#flights.clear()
    const kept = [...this.#kept.values()].filter(matches)
    for (const { user } of kept) this.dropUser(user)
    return kept.map(({ user }) => user)
  }
}
