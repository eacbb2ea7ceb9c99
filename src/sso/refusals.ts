/**
 * Remembers refusals for a while, so that a page with a hundred parts does not ask the directory or a KDC a hundred times for
 * what it has just refused.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Clock } from '../platform/index.ts'
import type { SsoLimits } from './limits.ts'
import { countRefusal, rememberedMs, type RefusalHits } from './refusal-kind.ts'

interface Refusal<T> {
  readonly about: T
  readonly error: unknown
  readonly untilMs: number
}

/** Refusals by key, forgotten soon. What each is about says whose a flush drops. */
export class RefusalMemory<T extends object> {
  readonly #clock: Clock
  readonly #limits: SsoLimits
  readonly #refusals: LRUCache<string, Refusal<T>>
  #drops = 0
  /** Questions that were not asked because the answer was remembered, by its kind. */
  readonly hits: RefusalHits = { policy: 0, unknown: 0, transport: 0, other: 0 }

  constructor(clock: Clock, limits: SsoLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#refusals = new LRUCache({ max: limits.refusalCount })
  }

  /** Refusals remembered; some may be over. */
  get size(): number {
    return this.#refusals.size
  }

  /**
   * Asks, unless that was refused a moment ago.
   *
   * @param key - What is asked for.
   * @param about - What a flush is told by.
   * @param ask - Asks.
   * @returns What it yields.
   * @throws What it throws, or threw a moment ago; how long that is remembered is a setting for each kind.
   */
  async guard<V>(key: string, about: T, ask: () => Promise<V>): Promise<V> {
    const refusal = this.#refusals.get(key)
    if (refusal !== undefined && this.#clock.nowMs() < refusal.untilMs) {
      countRefusal(this.hits, refusal.error)
      throw refusal.error
    }
    const drops = this.#drops
    try {
      return await ask()
    } catch (error) {
      const forMs = rememberedMs(error, this.#limits)
      // What was asked before a flush is no answer after it.
      if (forMs > 0 && drops === this.#drops) {
        this.#refusals.set(key, { about, error, untilMs: this.#clock.nowMs() + forMs })
      }
      throw error
    }
  }

  /** How many are remembered at this moment, by the kind of no they are. */
  remembered(): RefusalHits {
    const remembered: RefusalHits = { policy: 0, unknown: 0, transport: 0, other: 0 }
    const now = this.#clock.nowMs()
    for (const { error, untilMs } of this.#refusals.values()) {
      if (now < untilMs) countRefusal(remembered, error)
    }
    return remembered
  }

  /**
   * Forgets: something has changed.
   *
   * @param matches - What is forgotten, by what was asked for and what was thrown.
   * @returns How many that were still remembered.
   */
  drop(matches: (about: T, error: unknown) => boolean): number {
    this.#drops += 1
    const now = this.#clock.nowMs()
    let dropped = 0
    for (const [key, { about, error, untilMs }] of [...this.#refusals.entries()]) {
      if (!matches(about, error)) continue
      this.#refusals.delete(key)
      if (now < untilMs) dropped += 1
    }
    return dropped
  }
}
