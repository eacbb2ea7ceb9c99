/**
 * Encryption of many messages under one key and usage, as {@link encrypt} does one.
 *
 * What OpenSSL makes ready for a key is made once and kept: of a hundred thousand users in turn, making it anew and freeing
 * it takes several times as long as the encryption (src/decisions.md).
 *
 * @module
 */

import {
  createCipheriv,
  createHmac,
  createSecretKey,
  getFips,
  hash,
  type Cipheriv,
  type KeyObject,
} from 'node:crypto'
import { swapLastBlocks } from './ciphertext-stealing.ts'
import { deriveKey, usageConstant, type DerivedKeyKind } from './derived-keys.ts'
import { etypeProfile, type EncryptionKey, type EtypeProfile } from './etype.ts'

const BLOCK = 16
const WORD = 4
const ZERO_IV = new Uint8Array(BLOCK)

/** RFC 2104 section 2: the octets that the key is combined with, repeated over a whole block of the hash. */
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c

/** Blocks of the hashes (FIPS 180-4 section 1), octets. */
const HASH_BLOCK = { sha1: 64, sha256: 64, sha384: 128 } as const
const MAX_DIGEST_OCTETS = 48

/** Where a ciphertext goes. */
export interface SealTarget {
  /** It is written into this, */
  readonly octets: Buffer
  /** from here on: as many octets as the plaintext with its confounder has, and the HMAC. */
  readonly at: number
}

/** A message that has its confounder and its padding already. */
export interface PaddedMessage {
  /** 16 octets of confounder, the plaintext, zeros up to whole blocks of 16 octets. Changed, and not changed back. */
  readonly padded: Buffer
  /** Length of confounder and plaintext. */
  readonly length: number
}

/** What the inner hash is taken of, and the outer one: the same memory for all keys, so that it is near. */
let innerInput = Buffer.alloc(4096)
const outerInput = Buffer.alloc(HASH_BLOCK.sha384 + MAX_DIGEST_OCTETS)

/** Key of an HMAC. */
interface MacKey {
  /** As text of one octet a character, the digest of these parts one behind the other. */
  digest(first: Uint8Array, second: Uint8Array): string
}

/** HMAC by two calls of the hash (RFC 2104 section 2), half as long as node's own, which allocates and frees for each. */
class PadsMacKey implements MacKey {
  readonly #hash: EtypeProfile['hash']
  /** The key under the inner pad, then under the outer one. */
  readonly #pads: Buffer

  constructor(hashName: EtypeProfile['hash'], key: Uint8Array) {
    this.#hash = hashName
    const block = HASH_BLOCK[hashName]
    this.#pads = Buffer.alloc(2 * block)
    this.#pads.fill(INNER_PAD, 0, block).fill(OUTER_PAD, block)
    for (const [at, octet] of key.entries()) {
      this.#pads[at] = octet ^ INNER_PAD
      this.#pads[block + at] = octet ^ OUTER_PAD
    }
  }

  digest(first: Uint8Array, second: Uint8Array): string {
    const pads = this.#pads
    const block = HASH_BLOCK[this.#hash]
    const octets = block + first.length + second.length
    if (innerInput.length < octets) innerInput = Buffer.alloc(octets)
    pads.copy(innerInput, 0, 0, block)
    innerInput.set(first, block)
    innerInput.set(second, block + first.length)
    const inner = hash(this.#hash, innerInput.subarray(0, octets), 'binary')
    pads.copy(outerInput, 0, block)
    outerInput.write(inner, block, 'latin1')
    return hash(this.#hash, outerInput.subarray(0, block + inner.length), 'binary')
  }
}

/** HMAC inside OpenSSL alone, as a FIPS provider must do it: it stands for its own HMAC, not for ours. */
class ProviderMacKey implements MacKey {
  readonly #hash: EtypeProfile['hash']
  readonly #key: KeyObject

  constructor(hashName: EtypeProfile['hash'], key: Uint8Array) {
    this.#hash = hashName
    this.#key = createSecretKey(key)
  }

  digest(first: Uint8Array, second: Uint8Array): string {
    return createHmac(this.#hash, this.#key).update(first).update(second).digest('binary')
  }
}

const NO_OCTETS = new Uint8Array(0)

/**
 * Encrypts under one key and usage.
 *
 * One cipher in CBC mode serves all messages. It goes on from the last block of the message before, where each message wants
 * a zero initial vector: so the message's first block, its confounder, is combined with that last block before it goes in.
 */
export class Sealer {
  readonly #profile: EtypeProfile
  readonly #aes: Cipheriv
  readonly #macKey: MacKey
  /** The cipher's state: the last block it gave out, as four numbers, which lie in the object itself. */
  #state0 = 0
  #state1 = 0
  #state2 = 0
  #state3 = 0

  /**
   * Makes the keys ready.
   *
   * @param key - The base key.
   * @param usage - Key usage number, unsigned 32-bit.
   * @param fips - Whether every HMAC is OpenSSL's own. Default: as its FIPS mode is.
   * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
   */
  constructor(key: EncryptionKey, usage: number, fips: boolean = getFips() === 1) {
    const profile = etypeProfile(key.etype)
    const derived = (kind: DerivedKeyKind, octets: number): Uint8Array =>
      deriveKey(key, usageConstant(usage, kind), octets)
    const ke = createSecretKey(derived('encryption', profile.keyOctets))
    const ki = derived('integrity', profile.integrityKeyOctets)
    this.#profile = profile
    this.#aes = createCipheriv(profile.cipher, ke, ZERO_IV)
    this.#aes.setAutoPadding(false)
    this.#macKey = new (fips ? ProviderMacKey : PadsMacKey)(profile.hash, ki)
  }

  /**
   * Encrypts. RFC 3961 section 5.3, RFC 8009 section 5.
   *
   * @param message - Two blocks (32 octets) or more.
   * @param target - Takes the ciphertext.
   */
  seal(message: PaddedMessage, target: SealTarget): void {
    const { length } = message
    const { octets, at } = target
    if (this.#profile.family === 'simplified') {
      const mac = this.#macKey.digest(message.padded.subarray(0, length), NO_OCTETS)
      octets.set(this.#encrypt(message), at)
      this.#write(mac, target, length)
    } else {
      const encrypted = this.#encrypt(message)
      octets.set(encrypted, at)
      this.#write(this.#macKey.digest(ZERO_IV, encrypted), target, length)
    }
  }

  /** As text: a digest in octets of its own takes memory of OpenSSL's, and three times as long. */
  #write(mac: string, { octets, at }: SealTarget, length: number): void {
    octets.write(mac, at + length, this.#profile.macOctets, 'latin1')
  }

  #encrypt({ padded, length }: PaddedMessage): Buffer {
    padded.writeInt32LE(padded.readInt32LE(0) ^ this.#state0, 0)
    padded.writeInt32LE(padded.readInt32LE(WORD) ^ this.#state1, WORD)
    padded.writeInt32LE(padded.readInt32LE(2 * WORD) ^ this.#state2, 2 * WORD)
    padded.writeInt32LE(padded.readInt32LE(3 * WORD) ^ this.#state3, 3 * WORD)
    const blocks = this.#aes.update(padded)
    const last = blocks.length - BLOCK
    this.#state0 = blocks.readInt32LE(last)
    this.#state1 = blocks.readInt32LE(last + WORD)
    this.#state2 = blocks.readInt32LE(last + 2 * WORD)
    this.#state3 = blocks.readInt32LE(last + 3 * WORD)
    swapLastBlocks(blocks)
    return blocks.subarray(0, length)
  }
}
