/**
 * Encryption and checksums of the simplified profile (RFC 3961 section 5.3) with AES and HMAC-SHA1-96 (RFC 3962).
 *
 * A ciphertext is: AES-CTS of (16 octets of confounder, then the plaintext), then 12 octets of HMAC over the same.
 *
 * @module
 */

import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { Random } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { decryptCts, encryptCts } from './ciphertext-stealing.ts'
import { derivedKey } from './derived-keys.ts'
import { etypeProfile, type EncryptionKey } from './etype.ts'

const CONFOUNDER_OCTETS = 16
const MAC_OCTETS = 12

/** By how many octets a ciphertext is longer than its plaintext: confounder and HMAC. */
export const CIPHER_OVERHEAD_OCTETS: number = CONFOUNDER_OCTETS + MAC_OCTETS

function hmacSha1(key: KeyObject, data: Uint8Array): Buffer {
  return createHmac('sha1', key).update(data).digest()
}

/**
 * Encrypts under a key and a usage. RFC 3961 section 5.3.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param plaintext - Any length, also none.
 * @param random - Draws the confounder.
 * @returns The ciphertext, {@link CIPHER_OVERHEAD_OCTETS} longer than the plaintext.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
// eslint-disable-next-line max-params -- RFC 3961 section 3: encrypt takes key, usage and plaintext; chance is a port.
export function encrypt(
  key: EncryptionKey,
  usage: number,
  plaintext: Uint8Array,
  random: Random,
): Uint8Array {
  const ke = derivedKey(key, usage, 'encryption')
  const ki = derivedKey(key, usage, 'integrity')
  const message = Buffer.allocUnsafe(CONFOUNDER_OCTETS + plaintext.length)
  message.set(random.bytes(CONFOUNDER_OCTETS), 0)
  message.set(plaintext, CONFOUNDER_OCTETS)
  const encrypted = encryptCts(etypeProfile(key.etype).cipher, ke, message)
  const mac = hmacSha1(ki, message)
  message.fill(0)
  const cipher = new Uint8Array(encrypted.length + MAC_OCTETS)
  cipher.set(encrypted, 0)
  cipher.set(mac.subarray(0, MAC_OCTETS), encrypted.length)
  return cipher
}

/**
 * Decrypts and checks the HMAC. RFC 3961 section 5.3.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param cipher - The ciphertext, from a peer.
 * @returns The plaintext.
 * @throws KerberosError ERR_KRB_INTEGRITY when the HMAC does not fit (wrong key, wrong usage or changed octets) or
 *   the ciphertext is too short; ERR_KRB_ETYPE for a key we cannot use.
 */
export function decrypt(key: EncryptionKey, usage: number, cipher: Uint8Array): Uint8Array {
  const ke = derivedKey(key, usage, 'encryption')
  const ki = derivedKey(key, usage, 'integrity')
  if (cipher.length < CIPHER_OVERHEAD_OCTETS) {
    throw new KerberosError(
      'ERR_KRB_INTEGRITY',
      `a ciphertext has at least ${CIPHER_OVERHEAD_OCTETS} octets, this one has ${cipher.length}`,
    )
  }
  const end = cipher.length - MAC_OCTETS
  const message = decryptCts(etypeProfile(key.etype).cipher, ke, cipher.subarray(0, end))
  const mac = hmacSha1(ki, message).subarray(0, MAC_OCTETS)
  if (!timingSafeEqual(mac, cipher.subarray(end))) {
    throw new KerberosError(
      'ERR_KRB_INTEGRITY',
      `decryption failed (key usage ${usage}): another key was used, or the octets were changed`,
    )
  }
  return message.subarray(CONFOUNDER_OCTETS)
}

/**
 * The mandatory checksum of the key's type: HMAC-SHA1-96 under Kc. RFC 3961 section 5.4.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param data - What is protected.
 * @returns 12 octets.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function checksum(key: EncryptionKey, usage: number, data: Uint8Array): Uint8Array {
  return hmacSha1(derivedKey(key, usage, 'checksum'), data).subarray(0, MAC_OCTETS)
}
