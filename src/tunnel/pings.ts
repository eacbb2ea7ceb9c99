/**
 * The numbers of PING frames, and how long their PONGs took. PROTOCOL.md section 5.8.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'

/** Most round trips that are waited for at once: a peer that answers none holds no more. */
const MAX_AWAITED = 16

interface Awaited {
  readonly value: number
  readonly sentMs: number
  readonly onPong: (roundTripMs: number) => void
}

/** Numbers the pings of one tunnel. */
export class Pings {
  readonly #clock: Clock
  readonly #write: (value: number) => void
  #last = 0
  #awaited: readonly Awaited[] = []

  constructor(clock: Clock, write: (value: number) => void) {
    this.#clock = clock
    this.#write = write
  }

  /**
   * Sends one.
   *
   * @param onPong - Told of its round trip, milliseconds. Beyond 16 at once the oldest is given up.
   */
  send(onPong?: (roundTripMs: number) => void): void {
    this.#last = (this.#last + 1) >>> 0
    if (onPong) {
      const sent = { value: this.#last, sentMs: this.#clock.monotonicMs(), onPong }
      this.#awaited = [...this.#awaited, sent].slice(-MAX_AWAITED)
    }
    this.#write(this.#last)
  }

  /**
   * Takes a PONG; one that nobody waits for is passed over.
   *
   * @param value - Its number.
   */
  answered(value: number): void {
    const pong = this.#awaited.find((each) => each.value === value)
    if (pong === undefined) return
    this.#awaited = this.#awaited.filter((each) => each !== pong)
    pong.onPong(this.#clock.monotonicMs() - pong.sentMs)
  }
}
