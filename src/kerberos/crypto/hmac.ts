/**
 * HMAC (RFC 2104) by two calls of the hash: half the time of node's own, which allocates and frees for each.
 *
 * In FIPS mode it is OpenSSL's own: a validated provider stands for its own HMAC, not for ours.
 *
 * @module
 */

import { createHmac, createSecretKey, getFips, hash, type KeyObject } from 'node:crypto'
import type { EtypeProfile } from './etype.ts'

/** RFC 2104 section 2: the octets that the key is combined with, repeated over a whole block of the hash. */
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c

/** Blocks of the hashes (FIPS 180-4 section 1), octets. */
const BLOCK = { sha1: 64, sha256: 64, sha384: 128 } as const

/** Which hash. */
export type HashName = EtypeProfile['hash']

/** A key made ready: a secret. As octets, it is combined with both pads, a block each: the outer one, then the inner one. */
export type MacKey = Uint8Array | KeyObject

/** Octets that lie in the memory right behind the key's own (nothing where OpenSSL holds it), which are written over. */
export interface KeyedMessage {
  readonly memory: Buffer
  /** Here it begins. */
  readonly at: number
  /** Octets. */
  readonly length: number
}

/**
 * Makes a key ready.
 *
 * @param name - For which hash.
 * @param key - At most a block of the hash: 64 octets, 128 for SHA-384.
 * @param fips - Whether the HMAC is OpenSSL's own. Default: as its FIPS mode is.
 * @returns The key.
 */
export function createMacKey(
  name: HashName,
  key: Uint8Array,
  fips: boolean = getFips() === 1,
): MacKey {
  if (fips) return createSecretKey(key)
  const block = BLOCK[name]
  const pads = Buffer.alloc(2 * block, OUTER_PAD).fill(INNER_PAD, block)
  for (const [at, octet] of key.entries()) {
    pads[at] = octet ^ OUTER_PAD
    pads[block + at] = octet ^ INNER_PAD
  }
  return pads
}

/**
 * HMAC of a message with its key before it.
 *
 * @param name - Which hash.
 * @param key - Undefined: it lies before the message.
 * @param message - The message.
 * @returns The whole HMAC as latin1 text: octets of its own would be memory of OpenSSL's, and take three times as long.
 */
export function hmacInPlace(
  name: HashName,
  key: KeyObject | undefined,
  { memory, at, length }: KeyedMessage,
): string {
  if (key !== undefined) {
    return createHmac(name, key)
      .update(memory.subarray(at, at + length))
      .digest('binary')
  }
  const block = BLOCK[name]
  const inner = hash(name, memory.subarray(at - block, at + length), 'binary')
  memory.write(inner, at - block, 'latin1')
  return hash(name, memory.subarray(at - 2 * block, at - block + inner.length), 'binary')
}

/** Where keys and messages are put together: most are short, and memory that a processor's cache has is fast. */
const work = Buffer.alloc(4096)

/**
 * HMAC of octets.
 *
 * @param name - Which hash.
 * @param key - Made ready for it.
 * @param parts - The octets, in order.
 * @returns The whole HMAC.
 */
export function hmac(name: HashName, key: MacKey, ...parts: readonly Uint8Array[]): Buffer {
  if (!(key instanceof Uint8Array)) {
    const mac = createHmac(name, key)
    for (const part of parts) mac.update(part)
    return mac.digest()
  }
  let end = key.length
  for (const { length } of parts) end += length
  const memory = end <= work.length ? work : Buffer.alloc(end)
  memory.set(key)
  let at = key.length
  for (const part of parts) {
    memory.set(part, at)
    at += part.length
  }
  const mac = hmacInPlace(name, undefined, { memory, at: key.length, length: end - key.length })
  memory.fill(0, 0, end)
  return Buffer.from(mac, 'latin1')
}
