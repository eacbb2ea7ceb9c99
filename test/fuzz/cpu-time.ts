/** How long a decoder takes for an input, on a machine that has other things to do. */

import { performance } from 'node:perf_hooks'
import type { Target } from './target.ts'

/** The system's clock steps so far at most; what it did not count yet is less than that. */
const TICK_MS = 10

/**
 * Decodes once.
 *
 * @returns Milliseconds by the clock.
 */
export function decodeOnceMs(target: Target, input: Uint8Array): number {
  const before = performance.now()
  try {
    target.decode(input)
  } catch {
    // Refusing may take no longer than accepting.
  }
  return performance.now() - before
}

/**
 * CPU time that decoding takes, milliseconds: the least of several measurements by the clock. A busy machine can spoil
 * all of those for a slow input, so that it also counts what the system says of this thread: in steps of a few
 * milliseconds, hence over all measurements together.
 *
 * @param target - The decoder.
 * @param input - What it decodes.
 * @param options - How often, and from which time by the clock on the system is asked too.
 */
export function cpuMs(
  target: Target,
  input: Uint8Array,
  { times, slowMs }: { readonly times: number; readonly slowMs: number },
): number {
  const before = process.threadCpuUsage()
  let least = Infinity
  for (let left = times; left > 0; left -= 1) least = Math.min(least, decodeOnceMs(target, input))
  const { user, system } = process.threadCpuUsage(before)
  return least > slowMs ? Math.min(least, ((user + system) / 1000 + TICK_MS) / times) : least
}
