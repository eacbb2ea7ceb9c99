/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import type { Clock, Timer } from '../../src/platform/index.ts'

/** Virtual time. */
export class ManualClock implements Clock {
  #nowMs: number
  readonly #timers = new Map<object, { readonly atMs: number; readonly callback: () => void }>()

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }
  monotonicMs(): number {
    return this.#nowMs
  }
  setTimer(delayMs: number, callback: () => void): Timer {
    const key = {}
    this.#timers.set(key, { atMs: this.#nowMs + delayMs, callback })
    return { cancel: () => void this.#timers.delete(key) }
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on, firing what is due in order; pending promises get a turn after each. */
  async advance(byMs: number): Promise<void> {
    const until = this.#nowMs + byMs
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.atMs <= until)
      const [first] = due.sort(([, left], [, right]) => left.atMs - right.atMs)
      if (!first) break
      this.#timers.delete(first[0])
      this.#nowMs = Math.max(this.#nowMs, first[1].atMs)
      first[1].callback()
      await settled()
    }
    this.#nowMs = until
    await settled()
  }
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A logger that keeps its lines. */
export class MemoryLogger {
  readonly lines: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[] =
    []

  debug(message: string, fields = {}): void {
    this.lines.push({ level: 'debug', message, fields })
  }
  info(message: string, fields = {}): void {
    this.lines.push({ level: 'info', message, fields })
  }
  warn(message: string, fields = {}): void {
    this.lines.push({ level: 'warn', message, fields })
  }
  error(message: string, fields = {}): void {
    this.lines.push({ level: 'error', message, fields })
  }
  child(): this {
    return this
  }
}
