/**
 * The n-fold operation (RFC 3961 section 5.1).
 *
 * Stretches or shrinks octets so that every input bit has the same weight in the result.
 *
 * @module
 */

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** The octet at `index` of the input when the copy number `copy` is rotated right by 13 bits a copy. */
function rotatedOctet(input: Uint8Array, copy: number, index: number): number {
  const bits = input.length * 8
  const start = (((index * 8 - 13 * copy) % bits) + bits) % bits
  const first = input[start >>> 3] ?? 0
  const second = input[((start >>> 3) + 1) % input.length] ?? 0
  return (((first << 8) | second) >>> (8 - (start & 7))) & 0xff
}

/** Adds with end-around carry, in place: ones' complement addition of equally long octet strings. */
function addOnesComplement(sum: Uint8Array, addend: Uint8Array): void {
  let carry = 0
  for (let i = sum.length - 1; i >= 0; i--) {
    const total = (sum[i] ?? 0) + (addend[i] ?? 0) + carry
    sum[i] = total & 0xff
    carry = total >>> 8
  }
  for (let i = sum.length - 1; carry > 0; i = i === 0 ? sum.length - 1 : i - 1) {
    const total = (sum[i] ?? 0) + carry
    sum[i] = total & 0xff
    carry = total >>> 8
  }
}

/**
 * Folds octets to a wanted length. RFC 3961 section 5.1.
 *
 * @param input - 1 octet or more.
 * @param octets - Length of the result, 1 or more.
 * @returns The folded octets.
 * @throws RangeError when either length is below 1.
 */
export function nFold(input: Uint8Array, octets: number): Uint8Array {
  if (input.length < 1 || !Number.isInteger(octets) || octets < 1) {
    throw new RangeError('n-fold needs at least one octet in and one octet out')
  }
  const total = (input.length * octets) / greatestCommonDivisor(input.length, octets)
  const stretched = new Uint8Array(total)
  for (let i = 0; i < total; i++) {
    stretched[i] = rotatedOctet(input, Math.floor(i / input.length), i % input.length)
  }
  const folded = new Uint8Array(octets)
  for (let at = 0; at < total; at += octets) {
    addOnesComplement(folded, stretched.subarray(at, at + octets))
  }
  return folded
}
