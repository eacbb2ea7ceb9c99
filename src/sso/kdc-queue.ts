/**
 * How many exchanges with KDCs run at once, and who waits for whom: ten thousand users who arrive in one second neither flood
 * the domain controllers nor keep each other out.
 *
 * Users take turns. Who is in the middle of a first ticket comes first, then who has none, then those whose ticket is renewed
 * ahead of its end: they have one and wait for nothing.
 *
 * @module
 */

import type { Clock, Timer } from '../platform/index.ts'
import { SsoError } from './errors.ts'
import { FairLine, type Spot } from './fair-line.ts'
import type { SsoLimits } from './limits.ts'
import { WaitingLine, type Place } from './waiting-line.ts'

/** Who waits: a request whose other exchange has just been made, a request, or nobody (renewal ahead). */
export type Urgency = 'begun' | 'waiting' | 'ahead'

/** One exchange's place before a KDC. The queue changes its urgency when told to hurry. */
export interface Pass {
  readonly user: string
  urgency: Urgency
}

/** What the queue has seen. */
export interface KdcQueueCounts {
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

type Bounds = Pick<SsoLimits, 'kdcExchanges' | 'kdcQueue' | 'kdcQueueMs'>

const ORDER: readonly Urgency[] = ['begun', 'waiting', 'ahead']

/** The queue before the KDCs. */
export class KdcQueue {
  readonly counts: KdcQueueCounts = {
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
  readonly #bounds: Bounds
  readonly #lines: Readonly<Record<Urgency, FairLine<Waiter>>> = {
    begun: new FairLine(),
    waiting: new FairLine(),
    ahead: new FairLine(),
  }
  readonly #arrivals = new WaitingLine<Waiter>()
  readonly #waiters = new WeakMap<Pass, Waiter>()
  #timer: Timer | undefined

  constructor(clock: Clock, bounds: Bounds) {
    this.#clock = clock
    this.#bounds = bounds
  }

  /**
   * Makes an exchange when its turn has come.
   *
   * @param pass - Whose, and how urgent; one object for each exchange.
   * @param exchange - Asks the KDC.
   * @returns What it yields.
   * @throws What it throws; SsoError ERR_SSO_KDC_QUEUE_FULL or ERR_SSO_KDC_QUEUE_TIMEOUT.
   */
  async run<T>(pass: Pass, exchange: () => Promise<T>): Promise<T> {
    const { counts } = this
    if (counts.inFlight < this.#bounds.kdcExchanges) this.#took()
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
    if (this.#arrivals.size >= this.#bounds.kdcQueue) this.#makeRoom(pass)
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
    if (displaced === undefined) throw full(this.#bounds.kdcQueue)
    this.#leave(displaced)
    displaced.fail(full(this.#bounds.kdcQueue))
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
    const leftMs = first.sinceMs + this.#bounds.kdcQueueMs - this.#clock.monotonicMs()
    this.#timer = this.#clock.setTimer(Math.max(0, leftMs), () => {
      this.#timer = undefined
      this.#turnLateAway()
      this.#watch()
    })
  }

  #turnLateAway(): void {
    const { kdcQueueMs } = this.#bounds
    const since = this.#clock.monotonicMs() - kdcQueueMs
    for (let waiter = this.#arrivals.first; waiter; waiter = this.#arrivals.first) {
      if (waiter.sinceMs > since) return
      this.#leave(waiter)
      this.counts.late += 1
      waiter.fail(late(kdcQueueMs))
    }
  }
}

function full(kdcQueue: number): SsoError {
  return new SsoError(
    'ERR_SSO_KDC_QUEUE_FULL',
    `${kdcQueue} exchanges wait for a domain controller already`,
    { mend: 'Try again. If it happens often, raise sso.kdcExchanges, or add domain controllers.' },
  )
}

function late(kdcQueueMs: number): SsoError {
  return new SsoError(
    'ERR_SSO_KDC_QUEUE_TIMEOUT',
    `the turn to ask a domain controller did not come within ${kdcQueueMs} ms`,
    { mend: 'Try again. If it happens often, raise sso.kdcExchanges, or add domain controllers.' },
  )
}
