/**
 * The pseudo-random function of each encryption type (RFC 3961 section 5.3, RFC 3962 section 6, RFC 8009 section 5).
 *
 * @module
 */

import { createHash, createSecretKey } from 'node:crypto'
import { encryptCts } from './ciphertext-stealing.ts'
import { checkKey, deriveKey } from './derived-keys.ts'
import { etypeProfile, type EncryptionKey } from './etype.ts'
import { kdfHmacSha2 } from './kdf-hmac-sha2.ts'

const LABEL = new TextEncoder().encode('prf')

/** AES's block: what the hash is cut to (RFC 3962 section 6). */
const BLOCK_OCTETS = 16

/** RFC 8009 section 5: 256 bits for etype 19, 384 for etype 20. */
const SHA2_OCTETS = { sha1: 0, sha256: 32, sha384: 48 } as const

/** PRF of one key, for several inputs. */
export type PseudoRandom = (input: Uint8Array) => Uint8Array

/**
 * The pseudo-random function with its key set up once.
 *
 * @param key - The key.
 * @returns 16 octets for etypes 17 and 18, 32 for etype 19, 48 for etype 20, for any input.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function pseudoRandomOf(key: EncryptionKey): PseudoRandom {
  checkKey(key)
  const { family, hash, cipher } = etypeProfile(key.etype)
  if (family === 'hmac-sha2') {
    const octets = SHA2_OCTETS[hash]
    return (context) => kdfHmacSha2(hash, key.value, { label: LABEL, context, octets })
  }
  const derived = createSecretKey(deriveKey(key, LABEL))
  return (input) => {
    const digest = createHash(hash).update(input).digest().subarray(0, BLOCK_OCTETS)
    return new Uint8Array(encryptCts(cipher, derived, digest))
  }
}

/**
 * PRF(key, input).
 *
 * @param key - The key.
 * @param input - Any octets.
 * @returns 16 octets for etypes 17 and 18, 32 for etype 19, 48 for etype 20.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function pseudoRandom(key: EncryptionKey, input: Uint8Array): Uint8Array {
  return pseudoRandomOf(key)(input)
}
