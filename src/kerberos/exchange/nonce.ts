/**
 * Nonces of KDC requests.
 *
 * @module
 */

import type { Random } from '../../platform/index.ts'

/**
 * A nonce of 31 bits: peers that take UInt32 for Int32 understand it too (RFC 4120 section 5.4.1).
 *
 * @param random - Where it comes from.
 * @returns 0 to 2^31 - 1.
 */
export function newNonce(random: Random): number {
  const octets = random.bytes(4)
  return new DataView(octets.buffer, octets.byteOffset).getUint32(0) >>> 1
}
