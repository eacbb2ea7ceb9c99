/**
 * The requests under way: watched for time, ended with their session.
 *
 * One timer looks at all of them every second, instead of a timer for each.
 *
 * @module
 */

import {
  errorCode,
  Roster,
  type Clock,
  type Logger,
  type RosterMember,
  type Timer,
} from '../platform/index.ts'
import type { GatewayErrorCode } from './errors.ts'
import type { OpenSession } from './open-session.ts'

/** A request under way. */
export interface WatchedExchange extends RosterMember {
  readonly session: OpenSession | undefined
  /** Its connection has switched protocols, or carries server-sent events: it ends when someone ends it. */
  readonly endless: boolean
  /** Looks whether time is up; ends itself then. */
  check(nowMs: number): void
  /** Ends it: a page when nothing was sent yet, else the connection is cut. */
  abort(code: GatewayErrorCode): void
}

const TICK_MS = 1000

/** Requests under way. */
export class ActiveExchanges {
  readonly #all = new Roster<WatchedExchange>()
  readonly #clock: Clock
  readonly #logger: Logger
  #timer: Timer | undefined
  #idle: (() => void) | undefined
  #endless = 0
  /** Monotonic, as of the last tick: good enough for limits of seconds. */
  nowMs: number

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
    this.nowMs = clock.monotonicMs()
  }

  get size(): number {
    return this.#all.size
  }

  /** Starts watching. */
  start(): void {
    this.#timer = this.#clock.setTimer(TICK_MS, () => {
      this.#tick()
      this.start()
    })
  }

  /** Stops watching. */
  stop(): void {
    this.#timer?.cancel()
  }

  /**
   * Takes a request in.
   *
   * @param exchange - Which.
   */
  add(exchange: WatchedExchange): void {
    this.#all.add(exchange)
  }

  /**
   * Lets a request go; harmless when it has gone.
   *
   * @param exchange - Which.
   */
  delete(exchange: WatchedExchange): void {
    const before = this.#all.size
    this.#all.delete(exchange)
    if (exchange.endless && this.#all.size < before) this.#endless--
    this.#tellIdle()
  }

  /** An exchange has become one that lasts until someone ends it: a stop does not wait for it. */
  becameEndless(): void {
    this.#endless++
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#all.size === this.#endless) this.#idle?.()
  }

  /**
   * Ends the requests of sessions.
   *
   * @param idHashes - The sessions.
   */
  endSessions(idHashes: readonly string[]): void {
    const ended = new Set(idHashes)
    for (const exchange of this.#all.list()) {
      if (exchange.session && ended.has(exchange.session.idHash)) {
        exchange.abort('ERR_GATEWAY_SESSION_ENDED')
      }
    }
  }

  /**
   * Waits until no request is under way, then ends those that are left, and those that have no end.
   *
   * @param graceMs - How long.
   */
  async drain(graceMs: number): Promise<void> {
    if (this.#all.size > this.#endless) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimer(graceMs, resolve)
        this.#idle = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    for (const exchange of this.#all.list()) exchange.abort('ERR_GATEWAY_STOPPING')
  }

  #tick(): void {
    this.nowMs = this.#clock.monotonicMs()
    for (const exchange of this.#all.list()) {
      try {
        exchange.check(this.nowMs)
      } catch (error) {
        this.#logger.error('watching a request failed', { code: errorCode(error) })
      }
    }
  }
}
