/**
 * How many registrations are tried, by address and altogether, within a minute.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'

/** Limits of the attempts. */
export interface RegistrationRate {
  /** Attempts from one address within a minute. Default 20. */
  readonly perAddress: number
  /** Attempts from all addresses within a minute. Default 300. */
  readonly overall: number
}

/** What holds when nothing is said. */
export const DEFAULT_REGISTRATION_RATE: RegistrationRate = { perAddress: 20, overall: 300 }

const WINDOW_MS = 60_000

/** Counts attempts in windows of a minute. It never remembers more addresses than `overall`. */
export class RegistrationCounter {
  readonly #limits: RegistrationRate
  readonly #clock: Clock
  readonly #attempts = new Map<string, number>()
  #windowStartMs = -Infinity
  #total = 0

  constructor(limits: RegistrationRate, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /**
   * Counts an attempt.
   *
   * @param address - Where it comes from.
   * @returns False when it must be refused; a refused attempt is not counted.
   */
  take(address: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#windowStartMs >= WINDOW_MS) this.#begin(nowMs)
    const attempts = this.#attempts.get(address) ?? 0
    if (attempts >= this.#limits.perAddress || this.#total >= this.#limits.overall) return false
    this.#attempts.set(address, attempts + 1)
    this.#total += 1
    return true
  }

  #begin(nowMs: number): void {
    this.#windowStartMs = nowMs
    this.#attempts.clear()
    this.#total = 0
  }
}
