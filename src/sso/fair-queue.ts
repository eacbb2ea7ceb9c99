/**
 * How many questions run at once, and who waits for whom: ten thousand users who arrive in one second neither flood those
 * who answer nor keep each other out.
 *
 * Users take turns. Who is in the middle of something comes first, then who has nothing, then what is renewed ahead of its
 * end: nobody waits for that.
 *
 * @module
 */

import type { Clock, Timer } from '../platform/index.ts'
import type { SsoError } from './errors.ts'
import { FairLine, type Spot } from './fair-line.ts'
import { WaitingLine, type Place } from './waiting-line.ts'

/** Who waits: a request whose other exchange has just been made, a request, or nobody (renewal ahead). */
export type Urgency = 'begun' | 'waiting' | 'ahead'

/** One question's place. The queue changes its urgency when told to hurry. */
export interface Pass {
  readonly user: string
  urgency: Urgency
}

/** What the queue has seen. */
export interface QueueCounts {
  /** Under way now. */
  inFlight: number
  mostInFlight: number
  /** Waiting now. */
  waiting: number
  mostWaiting: number
  /** Exchanges that waited. */
  waits: number
  /** How long they waited together, and the longest of them, milliseconds. */
  waitedMs: number
  longestWaitMs: number
  /** Turned away because the queue was full, and because the wait was too long. */
  full: number
  late: number
}

interface Waiter {
  readonly pass: Pass
  readonly sinceMs: number
  readonly go: () => void
  readonly fail: (error: SsoError) => void
  spot: Spot<Waiter> | undefined
  place: Place<Waiter> | undefined
}

/** How much is asked and waits, and what is said to those who are turned away. */
export interface QueueBounds {
  /** Questions at a time. */
  readonly atOnce: number
  /** Questions that may wait. */
  readonly waiting: number
  /** Longest wait. */
  readonly waitMs: number
  readonly full: () => SsoError
  readonly late: () => SsoError
}

const ORDER: readonly Urgency[] = ['begun', 'waiting', 'ahead']

/** A queue before those who are asked. */
export class FairQueue {
  readonly counts: QueueCounts = {
    inFlight: 0,
    mostInFlight: 0,
    waiting: 0,
    mostWaiting: 0,
    waits: 0,
    waitedMs: 0,
    longestWaitMs: 0,
    full: 0,
    late: 0,
  }
  readonly #clock: Clock
  readonly #bounds: QueueBounds
  readonly #lines: Readonly<Record<Urgency, FairLine<Waiter>>> = {
    begun: new FairLine(),
    waiting: new FairLine(),
    ahead: new FairLine(),
  }
  readonly #arrivals = new WaitingLine<Waiter>()
  readonly #waiters = new WeakMap<Pass, Waiter>()
  #timer: Timer | undefined

  constructor(clock: Clock, bounds: QueueBounds) {
    this.#clock = clock
    this.#bounds = bounds
  }

  /**
   * Asks when its turn has come.
   *
   * @param pass - Whose, and how urgent; one object for each exchange.
   * @param exchange - Asks.
   * @returns What it yields.
   * @throws What it throws; SsoError of the bounds, when the queue is full or the wait too long.
   */
  async run<T>(pass: Pass, exchange: () => Promise<T>): Promise<T> {
    const { counts } = this
    if (counts.inFlight < this.#bounds.atOnce) this.#took()
    else await this.#turn(pass)
    try {
      return await exchange()
    } finally {
      counts.inFlight -= 1
      this.#callNext()
    }
  }

  /**
   * A request has begun to wait for what was to be renewed ahead.
   *
   * @param pass - Whose turn comes sooner, if it still waits.
   */
  hurry(pass: Pass): void {
    if (pass.urgency !== 'ahead') return
    pass.urgency = 'waiting'
    const waiter = this.#waiters.get(pass)
    if (waiter?.spot === undefined) return
    this.#lines.ahead.leave(waiter.spot)
    waiter.spot = this.#lines.waiting.join(pass.user, waiter)
  }

  /**
   * Turns everybody away.
   *
   * @param error - What they are told.
   */
  close(error: SsoError): void {
    for (let waiter = this.#arrivals.first; waiter; waiter = this.#arrivals.first) {
      this.#leave(waiter)
      waiter.fail(error)
    }
    this.#timer?.cancel()
  }

  #took(): void {
    const { counts } = this
    counts.inFlight += 1
    counts.mostInFlight = Math.max(counts.mostInFlight, counts.inFlight)
  }

  #turn(pass: Pass): Promise<void> {
    if (this.#arrivals.size >= this.#bounds.waiting) this.#makeRoom(pass)
    return new Promise((go, fail) => {
      const sinceMs = this.#clock.monotonicMs()
      const waiter: Waiter = { pass, sinceMs, go, fail, spot: undefined, place: undefined }
      waiter.spot = this.#lines[pass.urgency].join(pass.user, waiter)
      waiter.place = this.#arrivals.join(waiter)
      this.#waiters.set(pass, waiter)
      this.#noteLength()
      this.#watch()
    })
  }

  /** A renewal that nobody waits for gives way. */
  #makeRoom(pass: Pass): void {
    const displaced = pass.urgency === 'ahead' ? undefined : this.#lines.ahead.next()
    this.counts.full += 1
    if (displaced === undefined) throw this.#bounds.full()
    this.#leave(displaced)
    displaced.fail(this.#bounds.full())
  }

  #leave(waiter: Waiter): void {
    if (waiter.spot !== undefined) this.#lines[waiter.pass.urgency].leave(waiter.spot)
    if (waiter.place !== undefined) this.#arrivals.leave(waiter.place)
    waiter.spot = undefined
    waiter.place = undefined
    this.#noteLength()
  }

  #noteLength(): void {
    const { counts } = this
    counts.waiting = this.#arrivals.size
    counts.mostWaiting = Math.max(counts.mostWaiting, counts.waiting)
  }

  #callNext(): void {
    for (const urgency of ORDER) {
      const waiter = this.#lines[urgency].next()
      if (waiter === undefined) continue
      this.#leave(waiter)
      this.#took()
      this.#noteWait(waiter)
      waiter.go()
      return
    }
  }

  #noteWait({ sinceMs }: Waiter): void {
    const { counts } = this
    const waitedMs = this.#clock.monotonicMs() - sinceMs
    counts.waits += 1
    counts.waitedMs += waitedMs
    counts.longestWaitMs = Math.max(counts.longestWaitMs, waitedMs)
  }

  /** One timer, for whoever has waited longest. */
  #watch(): void {
    const { first } = this.#arrivals
    if (this.#timer !== undefined || first === undefined) return
    const leftMs = first.sinceMs + this.#bounds.waitMs - this.#clock.monotonicMs()
    this.#timer = this.#clock.setTimer(Math.max(0, leftMs), () => {
      this.#timer = undefined
      this.#turnLateAway()
      this.#watch()
    })
  }

  #turnLateAway(): void {
    const since = this.#clock.monotonicMs() - this.#bounds.waitMs
    for (let waiter = this.#arrivals.first; waiter; waiter = this.#arrivals.first) {
      if (waiter.sinceMs > since) return
      this.#leave(waiter)
      this.counts.late += 1
      waiter.fail(this.#bounds.late())
    }
  }
}
