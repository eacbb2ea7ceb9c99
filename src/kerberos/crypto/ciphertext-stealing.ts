/**
 * AES in CBC mode with ciphertext stealing and a zero initial vector (RFC 3962 section 5).
 *
 * OpenSSL in Node offers no CTS mode. It is CBC over zero-padded input with the last two blocks swapped and the
 * result cut to the length of the input; the swap is done even when the input ends on a block boundary.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

const BLOCK = 16
const ZERO_IV = new Uint8Array(BLOCK)

/** Which AES. */
export type CbcCipher = 'aes-128-cbc' | 'aes-256-cbc'

/**
 * Rounds a length up to whole blocks.
 *
 * @param octets - The length.
 * @returns A multiple of 16.
 */
export function wholeBlocks(octets: number): number {
  return (octets + BLOCK - 1) & ~(BLOCK - 1)
}

/** A block cipher with its key. */
export interface CtsKey {
  /** Which AES. */
  readonly cipher: CbcCipher
  /** The encryption key Ke. */
  readonly ke: KeyObject
}

/**
 * Encrypts what the caller has padded: one call of OpenSSL's, and no copy but of one block.
 *
 * @param key - Cipher and key.
 * @param padded - The plaintext, then zeros up to whole blocks.
 * @param length - The plaintext's length: one block (16 octets) or more.
 * @returns A fresh array of that length.
 */
export function encryptPaddedCts(
  { cipher, ke }: CtsKey,
  padded: Uint8Array,
  length: number,
): Buffer {
  const aes = createCipheriv(cipher, ke, ZERO_IV)
  aes.setAutoPadding(false)
  const blocks = aes.update(padded)
  if (length === BLOCK) return blocks
  swapLastBlocks(blocks)
  return blocks.subarray(0, length)
}

/**
 * Swaps the last two blocks of what CBC gave out.
 *
 * @param blocks - Two blocks (32 octets) or more; changed.
 */
export function swapLastBlocks(blocks: Uint8Array): void {
  // A loop: for sixteen octets the methods of typed arrays take longer than their work.
  for (let at = blocks.length - BLOCK; at < blocks.length; at++) {
    const octet = blocks[at] ?? 0
    blocks[at] = blocks[at - BLOCK] ?? 0
    blocks[at - BLOCK] = octet
  }
}

/**
 * Copies a plaintext to the beginning of whole blocks, the rest zeros.
 *
 * @param parts - The plaintext's parts, in order.
 * @returns The parts and zeros, a fresh array.
 */
export function padToBlocks(parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat(parts, wholeBlocks(length))
}

/**
 * Encrypts: the result takes as many octets as the plaintext.
 *
 * @param cipher - Which AES.
 * @param key - The encryption key Ke.
 * @param plaintext - One block (16 octets) or more.
 * @returns A fresh array of the plaintext's length.
 * @throws RangeError when the plaintext is shorter than a block.
 */
export function encryptCts(cipher: CbcCipher, key: KeyObject, plaintext: Uint8Array): Buffer {
  if (plaintext.length < BLOCK) throw new RangeError('ciphertext stealing needs at least one block')
  return encryptPaddedCts({ cipher, ke: key }, padToBlocks([plaintext]), plaintext.length)
}

/**
 * Decrypts what {@link encryptCts} made.
 *
 * @param cipher - Which AES.
 * @param key - The encryption key Ke.
 * @param octets - One block (16 octets) or more.
 * @returns The plaintext, of the same length.
 * @throws RangeError when the input is shorter than a block.
 */
export function decryptCts(cipher: CbcCipher, key: KeyObject, octets: Uint8Array): Uint8Array {
  const length = octets.length
  if (length < BLOCK) throw new RangeError('ciphertext stealing needs at least one block')
  const aes = createDecipheriv(cipher, key, ZERO_IV)
  aes.setAutoPadding(false)
  if (length === BLOCK) return aes.update(octets)
  const last = wholeBlocks(length) - BLOCK
  const lastBlock = octets.subarray(last - BLOCK, last)
  // One decipher does both steps: fed first, the last block comes out as its bare decryption (the vector is zero) …
  const stolen = aes.update(lastBlock)
  const chain = Buffer.allocUnsafe(last + BLOCK)
  chain.set(octets.subarray(0, last - BLOCK), 0)
  chain.set(octets.subarray(last), last - BLOCK)
  chain.set(stolen.subarray(length - last), last - BLOCK + (length - last))
  chain.set(lastBlock, last)
  const plaintext = aes.update(chain)
  // … and then stands in for the vector of the first block: take it out again.
  for (let i = 0; i < BLOCK; i++) plaintext[i] = (plaintext[i] ?? 0) ^ (lastBlock[i] ?? 0)
  return plaintext.subarray(0, length)
}
