/**
 * Chance, for what a crowd must not do all at once.
 *
 * @module
 */

import type { Random } from './ports.ts'

/**
 * Draws a number.
 *
 * @param random - Of 2 octets.
 * @returns From 0 to 1, both included, in steps of 1/65535.
 */
export function fraction(random: Random): number {
  const [high = 0, low = 0] = random.bytes(2)
  return (high * 256 + low) / 0xffff
}
