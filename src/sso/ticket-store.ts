/**
 * Tickets by key: kept, fetched once for everybody who asks at the same time, and dropped so that nothing which was under way
 * meanwhile comes back.
 *
 * lru-cache keeps them. The flights are ours: its `fetch` hands out what is stale, and does not list what is being fetched.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Clock } from '../platform/index.ts'
import type { Identity } from './identity.ts'
import type { FairQueue, Pass, Urgency } from './fair-queue.ts'
import type { SsoLimits } from './limits.ts'
import type { DropReason, TicketCounts } from './ticket-counts.ts'
import type { Kept, TicketWish } from './ticket-types.ts'
import { UserIndex } from './user-index.ts'

/** Keys, flags and times beside the ticket's own octets. */
const OVERHEAD_OCTETS = 2048

interface Flight<T> {
  readonly key: string
  readonly wish: TicketWish
  readonly pass: Pass
  promise: Promise<T | undefined>
  dropped: boolean
}

/** What a store works through. */
export interface StorePorts<T> {
  readonly queue: FairQueue
  readonly counts: TicketCounts
  readonly clock: Clock
  /** Octets of the ticket itself. */
  readonly octetsOf: (kept: T) => number
  /** The SPN it is for; undefined for evidence. */
  readonly spnOf: (of: T | TicketWish) => string | undefined
}

/** One question to a KDC. */
export interface Question<T> {
  readonly wish: TicketWish
  readonly urgency: Urgency
  readonly ask: (pass: Pass) => Promise<T>
}

/** Which tickets an administrator means. */
export interface Selection {
  /** Whose. */
  readonly matches: (identity: Identity) => boolean
  /** For this SPN alone, letter case aside; undefined: all. */
  readonly spn: string | undefined
}

/** What a flush dropped of one kind. */
export interface Dropped {
  /** Whose. */
  readonly users: ReadonlySet<string>
  readonly dropped: number
}

/** A cache of tickets of one kind. */
export class TicketStore<T extends Kept> {
  readonly #ports: StorePorts<T>
  readonly #kept: LRUCache<string, T>
  /** Who asks joins these: for each key the one for the newest sign-in. */
  readonly #flights = new Map<string, Flight<T>>()
  /** Those for older sign-ins too: what drops tickets drops these. */
  readonly #underWay = new UserIndex<Flight<T>>()
  /** Keys of what is kept. */
  readonly #keysOf = new UserIndex<string>()

  constructor(ports: StorePorts<T>, limits: Pick<SsoLimits, 'ticketCount' | 'ticketOctets'>) {
    this.#ports = ports
    this.#kept = new LRUCache<string, T>({
      max: limits.ticketCount,
      maxSize: limits.ticketOctets,
      sizeCalculation: (kept) => ports.octetsOf(kept) + OVERHEAD_OCTETS,
      dispose: (kept, key, reason) => {
        if (reason !== 'set') this.#keysOf.delete(kept.identity.user, key)
        // What its time has ended was not ended by what came after.
        if (this.#isOver(kept)) ports.counts.expired += 1
        else if (reason === 'evict') ports.counts.pushedOut += 1
      },
    })
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size
  }

  /** How much is kept, octets. */
  get octets(): number {
    return this.#kept.calculatedSize
  }

  /**
   * Says whether anything of a user is kept.
   *
   * @param user - Whose.
   * @returns Also true for what may no longer be used.
   */
  holds(user: string): boolean {
    return this.#keysOf.has(user)
  }

  /**
   * What is kept, whether or not it may still be used.
   *
   * @param key - Of which ticket.
   * @returns The ticket; undefined where there is none.
   */
  get(key: string): T | undefined {
    return this.#kept.get(key)
  }

  /**
   * Fetches, together with whoever asks for the same at the same time for the same or an older sign-in.
   *
   * @param key - What is asked for.
   * @param question - How.
   * @returns The ticket, which is kept; undefined when it was dropped meanwhile and must not be used.
   * @throws What `ask` throws.
   */
  fetch(key: string, question: Question<T>): Promise<T | undefined> {
    const { wish, urgency } = question
    const under = this.#flights.get(key)
    if (under !== undefined && under.wish.signedInMs >= wish.signedInMs) {
      if (urgency !== 'ahead') this.#ports.queue.hurry(under.pass)
      return under.promise
    }
    const pass: Pass = { user: wish.identity.user, urgency }
    const flight: Flight<T> = { key, wish, pass, promise: NOTHING, dropped: false }
    this.#underWay.add(pass.user, flight)
    this.#flights.set(key, flight)
    flight.promise = this.#fly(flight, question)
    return flight.promise
  }

  async #fly(flight: Flight<T>, question: Question<T>): Promise<T | undefined> {
    const { key } = flight
    try {
      const fetched = await question.ask(flight.pass)
      if (flight.dropped) return undefined
      if (this.#flights.get(key) === flight) this.#keep(key, fetched)
      return fetched
    } finally {
      this.#land(flight)
    }
  }

  #keep(key: string, fetched: T): void {
    this.#kept.set(key, fetched)
    // What is larger than the whole cache is not kept.
    if (!this.#kept.has(key)) return
    this.#keysOf.add(fetched.identity.user, key)
  }

  /**
   * Drops everything of a user, kept or under way.
   *
   * @param user - Whose.
   * @param reason - Counted.
   */
  dropUser(user: string, reason: DropReason): void {
    for (const flight of this.#underWay.of(user)) this.#ground(flight)
    for (const key of this.#keysOf.of(user)) this.#evict(key, reason)
  }

  /**
   * Drops what is kept and what is under way.
   *
   * @param selection - Which.
   * @returns The users whose something was kept, and how much of that could still be used.
   */
  flush(selection: Selection): Dropped {
    const meant = this.#meant(selection)
    const users = new Set<string>()
    let dropped = 0
    for (const flight of this.#underWay.all()) {
      if (meant(flight.wish)) this.#ground(flight)
    }
    for (const [key, kept] of [...this.#kept.entries()]) {
      if (!meant(kept)) continue
      users.add(kept.identity.user)
      if (!this.#isOver(kept)) dropped += 1
      this.#evict(key, 'flushed')
    }
    return { users, dropped }
  }

  /**
   * Lists what is kept, whether or not it may still be used. Nothing counts as used by that.
   *
   * @param selection - Which.
   * @param most - No more of them.
   * @returns Those, used last first, and how many more there are.
   */
  list(
    selection: Selection,
    most: number,
  ): { readonly listed: readonly T[]; readonly more: number } {
    const meant = this.#meant(selection)
    const listed: T[] = []
    let more = 0
    for (const kept of this.#kept.values()) {
      if (!meant(kept)) continue
      if (listed.length < most) listed.push(kept)
      else more += 1
    }
    return { listed, more }
  }

  #meant({ matches, spn }: Selection): (of: T | TicketWish) => boolean {
    const wanted = spn?.toLowerCase()
    return (of) =>
      matches(of.identity) &&
      (wanted === undefined || this.#ports.spnOf(of)?.toLowerCase() === wanted)
  }

  /**
   * Drops one that was refused, kept or under way.
   *
   * @param key - Of which ticket.
   * @param user - Whose it is.
   */
  evict(key: string, user: string): void {
    for (const flight of this.#underWay.of(user)) if (flight.key === key) this.#ground(flight)
    this.#evict(key, 'refused')
  }

  #ground(flight: Flight<T>): void {
    flight.dropped = true
    this.#land(flight)
  }

  #land(flight: Flight<T>): void {
    this.#underWay.delete(flight.pass.user, flight)
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key)
  }

  #evict(key: string, reason: DropReason): void {
    const kept = this.#kept.peek(key)
    if (kept === undefined) return
    if (!this.#isOver(kept)) this.#ports.counts[reason] += 1
    this.#kept.delete(key)
  }

  #isOver({ endMs }: T): boolean {
    return this.#ports.clock.nowMs() >= endMs
  }
}

const NOTHING = Promise.resolve(undefined)
