/**
 * Times for authenticators that never come twice: acceptors remember (ctime, cusec) to refuse a replay.
 *
 * @module
 */

import type { Clock } from '../../platform/index.ts'

/** A counter that is so far ahead of its clock has seen the clock set back, not many tokens. */
const SET_BACK_MICROSECONDS = 60_000_000

const last = new WeakMap<Clock, number>()

/**
 * The next moment of a clock, later than any given before for the same clock.
 *
 * After the clock was set back by more than a minute the counter follows it, since acceptors refuse times off by five
 * minutes; then a moment of the past can come again.
 *
 * @param clock - Whose time is told, to the millisecond; the microseconds are counted.
 * @param leastCusec - Least microsecond within the second; the moment is put off until then. Default 0.
 * @returns Microseconds since the epoch, an integer.
 */
export function nextMicrosecond(clock: Clock, leastCusec: number = 0): number {
  const now = Math.floor(clock.nowMs()) * 1000
  const before = last.get(clock) ?? -1
  const next = before < now || before - now > SET_BACK_MICROSECONDS ? now : before + 1
  const late = Math.max(next, next - (next % 1_000_000) + leastCusec)
  last.set(clock, late)
  return late
}
