/**
 * Exponential backoff with full jitter, for reconnecting and retrying.
 *
 * @module
 */

import { withDefaults } from './defaults.ts'
import { fraction } from './fraction.ts'
import type { Random } from './ports.ts'

/** How long to wait between attempts. */
export interface BackoffOptions {
  /** Longest wait before the second attempt, milliseconds. Default 500. */
  readonly firstDelayMs?: number
  /** Longest wait of all, milliseconds. Default 30 000. */
  readonly maxDelayMs?: number
}

/**
 * Fills in defaults and refuses nonsense, once, where options enter a room.
 *
 * @param options - What the caller chose.
 * @returns Every setting, checked.
 * @throws RangeError unless 0 < firstDelayMs <= maxDelayMs.
 */
export function resolveBackoff(options: BackoffOptions = {}): Required<BackoffOptions> {
  const resolved = withDefaults({ firstDelayMs: 500, maxDelayMs: 30_000 }, options)
  if (!(resolved.firstDelayMs > 0) || !(resolved.maxDelayMs >= resolved.firstDelayMs)) {
    throw new RangeError('backoff needs 0 < firstDelayMs <= maxDelayMs')
  }
  return resolved
}

/**
 * The wait before the next attempt: between half and all of a ceiling that doubles.
 *
 * @param attempt - How many attempts have failed, 1 or more.
 * @param options - Resolved settings.
 * @param random - Spreads a crowd of clients over time.
 * @returns Milliseconds to wait.
 */
export function backoffDelayMs(
  attempt: number,
  options: Required<BackoffOptions>,
  random: Random,
): number {
  const ceiling = Math.min(
    options.maxDelayMs,
    options.firstDelayMs * 2 ** Math.min(attempt - 1, 30),
  )
  return ceiling * (0.5 + fraction(random) / 2)
}
