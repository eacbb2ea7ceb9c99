/** Chance that a seed repeats. */

import type { Random } from '../../src/platform/index.ts'

/** Gives whole numbers from 0 to below the argument, 2^32 at most. */
export type Below = (limit: number) => number

/** FNV-1a: one number from a seed and a name, so that each target has its own order of events. */
function mixed(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (const octet of Buffer.from(name)) hash = Math.imul(hash ^ octet, 0x01000193) >>> 0
  return hash === 0 ? 1 : hash
}

/** Xorshift: the same seed and name give the same numbers. */
export function generator(seed: number, name: string): Below {
  let state = mixed(seed, name)
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

/** One of several. */
export function pick<T>(below: Below, from: readonly T[]): T {
  const value = from[below(from.length)]
  if (value === undefined) throw new RangeError('nothing to pick from')
  return value
}

/** The Random port of the rooms, by a fixed seed. */
export function repeatableRandom(name: string): Random {
  const below = generator(1, name)
  return { bytes: (octets) => Uint8Array.from({ length: octets }, () => below(256)) }
}
