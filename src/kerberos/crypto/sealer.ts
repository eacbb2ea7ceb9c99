/**
 * Encryption of many messages under one key and usage, as {@link encrypt} does one.
 *
 * What OpenSSL makes ready for a key is made once and kept: of a hundred thousand users in turn, making it anew and freeing
 * it takes several times as long as the encryption (src/decisions.md).
 *
 * @module
 */

import { createCipheriv, createSecretKey, type Cipheriv, type KeyObject } from 'node:crypto'
import { swapLastBlocks, wholeBlocks } from './ciphertext-stealing.ts'
import { deriveUsageKey } from './derived-keys.ts'
import { etypeProfile, type EncryptionKey, type EtypeProfile } from './etype.ts'
import { createMacKey, hmacInPlace, type KeyedMessage } from './hmac.ts'

const BLOCK = 16
const WORD = 4
const ZERO_IV = new Uint8Array(BLOCK)

/** Where a ciphertext goes. */
export interface SealTarget {
  /** It is written into this, */
  readonly octets: Buffer
  /** from here on: as many octets as the plaintext with its confounder has, and the HMAC. */
  readonly at: number
}

/**
 * A message that has its confounder and its padding already: 16 octets of confounder, the plaintext, zeros up to whole
 * blocks of 16 octets, and one block more. Its length is that of confounder and plaintext; all of it is written over.
 */
export type PaddedMessage = KeyedMessage

/** A sealer, and what its messages must have before them. */
export interface NewSealer {
  readonly sealer: Sealer
  /** A secret: the HMAC's key under the outer and the inner pad; nothing in FIPS mode. Whoever makes many messages of one form keeps them with it. */
  readonly pads: Uint8Array
}

/**
 * Makes the keys of one usage ready.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param fips - Whether every HMAC is OpenSSL's own. Default: as its FIPS mode is.
 * @returns The sealer and its pads.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function createSealer(key: EncryptionKey, usage: number, fips?: boolean): NewSealer {
  const profile = etypeProfile(key.etype)
  const ke = createSecretKey(deriveUsageKey(key, usage, 'encryption'))
  const ki = createMacKey(profile.hash, deriveUsageKey(key, usage, 'integrity'), fips)
  if (ki instanceof Uint8Array) return { sealer: new Sealer(profile, ke, undefined), pads: ki }
  return { sealer: new Sealer(profile, ke, ki), pads: NO_PADS }
}

const NO_PADS = new Uint8Array(0)

/**
 * Encrypts under one key and usage.
 *
 * One cipher in CBC mode serves all messages. It goes on from the last block of the message before, where each message wants
 * a zero initial vector: so the message's first block, its confounder, is combined with that last block before it goes in.
 */
export class Sealer {
  readonly #profile: EtypeProfile
  readonly #aes: Cipheriv
  /** Where it does not lie before the message: in FIPS mode. */
  readonly #ki: KeyObject | undefined
  /** The cipher's state: the last block it gave out, as four numbers, which lie in the object itself. */
  #state0 = 0
  #state1 = 0
  #state2 = 0
  #state3 = 0

  constructor(profile: EtypeProfile, ke: KeyObject, ki: KeyObject | undefined) {
    this.#profile = profile
    this.#aes = createCipheriv(profile.cipher, ke, ZERO_IV)
    this.#aes.setAutoPadding(false)
    this.#ki = ki
  }

  /**
   * Encrypts. RFC 3961 section 5.3, RFC 8009 section 5.
   *
   * @param message - Two blocks (32 octets) or more.
   * @param target - Takes the ciphertext; elsewhere than the message.
   */
  seal(message: PaddedMessage, { octets, at }: SealTarget): void {
    const { macOctets, family, hash } = this.#profile
    const { memory, length } = message
    let mac: string
    if (family === 'simplified') {
      mac = hmacInPlace(hash, this.#ki, message)
      octets.set(this.#encrypt(message), at)
    } else {
      const encrypted = this.#encrypt(message)
      octets.set(encrypted, at)
      memory.fill(0, message.at, message.at + BLOCK)
      memory.set(encrypted, message.at + BLOCK)
      mac = hmacInPlace(hash, this.#ki, { ...message, length: BLOCK + length })
    }
    octets.write(mac, at + length, macOctets, 'latin1')
  }

  #encrypt({ memory, at, length }: PaddedMessage): Buffer {
    memory.writeInt32LE(memory.readInt32LE(at) ^ this.#state0, at)
    memory.writeInt32LE(memory.readInt32LE(at + WORD) ^ this.#state1, at + WORD)
    memory.writeInt32LE(memory.readInt32LE(at + 2 * WORD) ^ this.#state2, at + 2 * WORD)
    memory.writeInt32LE(memory.readInt32LE(at + 3 * WORD) ^ this.#state3, at + 3 * WORD)
    const blocks = this.#aes.update(memory.subarray(at, at + wholeBlocks(length)))
    const last = blocks.length - BLOCK
    this.#state0 = blocks.readInt32LE(last)
    this.#state1 = blocks.readInt32LE(last + WORD)
    this.#state2 = blocks.readInt32LE(last + 2 * WORD)
    this.#state3 = blocks.readInt32LE(last + 3 * WORD)
    swapLastBlocks(blocks)
    return blocks.subarray(0, length)
  }
}
