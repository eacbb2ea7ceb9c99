/**
 * Remembers refusals for a moment, so that a page with a hundred parts does not ask the directory or a KDC a hundred
 * times for what it has just refused.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Clock } from '../platform/index.ts'
import type { SsoLimits } from './limits.ts'
import { isTransportFailure } from './transport-failure.ts'

interface Refusal {
  readonly error: unknown
  readonly untilMs: number
}

/** Refusals by key, forgotten soon. */
export class RefusalMemory {
  readonly #clock: Clock
  readonly #limits: SsoLimits
  readonly #refusals: LRUCache<string, Refusal>

  constructor(clock: Clock, limits: SsoLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#refusals = new LRUCache({ max: limits.refusalCount })
  }

  /**
   * Asks, unless that was refused a moment ago.
   *
   * @param key - What is asked for.
   * @param ask - Asks.
   * @returns What it yields.
   * @throws What it throws, or threw a moment ago. That no server answered is not remembered.
   */
  async guard<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const refusal = this.#refusals.get(key)
    if (refusal !== undefined && this.#clock.nowMs() < refusal.untilMs) throw refusal.error
    try {
      return await ask()
    } catch (error) {
      if (!isTransportFailure(error) && this.#limits.refusalMs > 0) {
        this.#refusals.set(key, { error, untilMs: this.#clock.nowMs() + this.#limits.refusalMs })
      }
      throw error
    }
  }

  /** Forgets everything: something has changed. */
  clear(): void {
    this.#refusals.clear()
  }
}
