/**
 * The machine's own clock and random source.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import type { Clock, Random } from '../ports.ts'

/** Wall and monotonic time of this machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return {
      cancel: () => {
        clearTimeout(timer)
      },
    }
  },
}

/** Small draws are cut from one pool: a confounder or a subkey per request must not cost a system call. */
const POOL_OCTETS = 8192
const pool = new Uint8Array(POOL_OCTETS)
let used = POOL_OCTETS

/** OpenSSL's random source. */
export const systemRandom: Random = {
  bytes(octets) {
    if (octets > POOL_OCTETS / 4) return randomFillSync(new Uint8Array(octets))
    if (used + octets > POOL_OCTETS) {
      randomFillSync(pool)
      used = 0
    }
    const drawn = pool.slice(used, used + octets)
    pool.fill(0, used, used + octets)
    used += octets
    return drawn
  },
}
