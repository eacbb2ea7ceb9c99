/**
 * Remembers the authenticators that were accepted, so that each is accepted once (RFC 4120 section 3.2.3).
 *
 * An authenticator is known by the hash of its cipher, as MIT krb5 does it since 1.18: its HMAC lets no other octets stand
 * for it, and clients whose clocks tell the same microsecond do not get into each other's way. It is kept by the minute of its
 * time and forgotten when the clock skew would refuse it anyway.
 *
 * In memory alone: other processes and an earlier run of this one are not known. `refuseEarlier` is for those who have nothing else.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Clock } from '../../platform/index.ts'

/** How much is remembered. */
export interface ReplayCacheOptions {
  /** Most authenticators at a time. Default 250 000, some 30 MB. When it is full nothing is accepted. */
  readonly maxEntries?: number | undefined
  /**
   * Whether authenticators are refused that were made before this cache was, by their own time: an earlier run may have accepted
   * them (RFC 4120 section 3.2.3: a server that loses track must refuse). What a client whose clock is ahead made before
   * that is not seen by it. Default false.
   */
  readonly refuseEarlier?: boolean | undefined
}

const DEFAULT_MAX_ENTRIES = 250_000
const MINUTE_MS = 60_000
const HASH_OCTETS = 16

/** What became of an authenticator: first seen, seen before, made before the cache was, or not to be remembered for want of room. */
export type ReplayVerdict = 'fresh' | 'replay' | 'earlier' | 'full'

/** Authenticators of some minutes. */
export class ReplayCache {
  readonly #clock: Clock
  readonly #maxEntries: number
  /** When it was made, monotonic: the wall clock may be corrected since. Undefined: that does not matter. */
  readonly #begunMs: number | undefined
  /** By the minute of the authenticator's time. */
  readonly #minutes = new Map<number, Set<string>>()
  #entries = 0
  /** The longest that any of the acceptors that share it has asked for. */
  #maxClockSkewMs = 0

  constructor(clock: Clock, options: ReplayCacheOptions = {}) {
    this.#clock = clock
    this.#maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES
    this.#begunMs = options.refuseEarlier === true ? clock.monotonicMs() : undefined
    if (!Number.isSafeInteger(this.#maxEntries) || this.#maxEntries < 1) {
      throw new RangeError('a replay cache needs room for at least one entry')
    }
  }

  /** How many authenticators are remembered. */
  get size(): number {
    return this.#entries
  }

  /**
   * Remembers an authenticator that passed every other check.
   *
   * @param cipher - Its cipher.
   * @param timeMs - Its own time, milliseconds since the epoch.
   * @param maxClockSkewMs - How far that may be off: how long it has to be remembered. Of several acceptors that share the
   *   cache, the longest counts.
   * @returns What became of it.
   */
  remember(cipher: Uint8Array, timeMs: number, maxClockSkewMs: number): ReplayVerdict {
    // What one acceptor would refuse by its time, another that allows more would accept again.
    this.#maxClockSkewMs = Math.max(this.#maxClockSkewMs, maxClockSkewMs)
    this.#forget()
    const minute = Math.floor(timeMs / MINUTE_MS)
    const known = this.#minutes.get(minute)
    const hash = createHash('sha256').update(cipher).digest().subarray(0, HASH_OCTETS)
    const name = hash.toString('latin1')
    if (known?.has(name) === true) return 'replay'
    if (this.#isEarlier(timeMs)) return 'earlier'
    if (this.#entries >= this.#maxEntries) return 'full'
    this.#entries++
    if (known === undefined) this.#minutes.set(minute, new Set([name]))
    else known.add(name)
    return 'fresh'
  }

  #isEarlier(timeMs: number): boolean {
    if (this.#begunMs === undefined) return false
    const ageMs = this.#clock.monotonicMs() - this.#begunMs
    return timeMs < this.#clock.nowMs() - ageMs
  }

  /** Whole minutes whose last millisecond is too long ago. */
  #forget(): void {
    const oldest = Math.floor((this.#clock.nowMs() - this.#maxClockSkewMs) / MINUTE_MS)
    for (const [minute, names] of this.#minutes) {
      if (minute >= oldest) continue
      this.#entries -= names.size
      this.#minutes.delete(minute)
    }
  }
}
