/**
 * Encryption and checksums with AES (RFC 3961 section 5.3 with RFC 3962; RFC 8009 section 5).
 *
 * Etypes 17 and 18: AES-CTS of (16 octets of confounder, then the plaintext), then 12 octets of HMAC over the same.
 * Etypes 19 and 20: AES-CTS of the same, then 16 or 24 octets of HMAC over (the initial vector, then the ciphertext).
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { decryptCts, encryptPaddedCts, padToBlocks, type CtsKey } from './ciphertext-stealing.ts'
import { derivedCipherKey, derivedMacKey } from './derived-keys.ts'
import { CONFOUNDER_OCTETS, etypeProfile, type EncryptionKey, type EtypeProfile } from './etype.ts'
import { hmac, type MacKey } from './hmac.ts'

/** The initial vector, which RFC 8009's HMAC covers: always zero, since no state goes from message to message. */
const ZERO_IV = new Uint8Array(16)

/** What encrypts and decrypts under one key and usage. */
interface UsageKeys extends CtsKey {
  /** The integrity key Ki. */
  readonly ki: MacKey
  /** Parameters of the encryption type. */
  readonly profile: EtypeProfile
}

/**
 * Makes a key ready for one usage.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @returns Derived keys and parameters.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
function usageKeys(key: EncryptionKey, usage: number): UsageKeys {
  const profile = etypeProfile(key.etype)
  const ke = derivedCipherKey(key, usage)
  return { cipher: profile.cipher, ke, ki: derivedMacKey(key, usage, 'integrity'), profile }
}

/** HMAC over the plaintext (RFC 3961) or the ciphertext (RFC 8009), cut to its length. */
function macOver({ profile, ki }: UsageKeys, octets: Uint8Array): Buffer {
  const { hash, family, macOctets } = profile
  const whole = family === 'hmac-sha2' ? hmac(hash, ki, ZERO_IV, octets) : hmac(hash, ki, octets)
  return whole.subarray(0, macOctets)
}

/**
 * Encrypts under a key and a usage. RFC 3961 section 5.3, RFC 8009 section 5.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param plaintext - Any length, also none.
 * @param random - Draws the confounder.
 * @returns The ciphertext, longer than the plaintext by what cipherOverheadOctets says.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
// eslint-disable-next-line max-params -- RFC 3961 section 3: encrypt takes key, usage and plaintext; chance is a port.
export function encrypt(
  key: EncryptionKey,
  usage: number,
  plaintext: Uint8Array,
  random: Random,
): Uint8Array {
  const keys = usageKeys(key, usage)
  const padded = padToBlocks([random.bytes(CONFOUNDER_OCTETS), plaintext])
  const length = CONFOUNDER_OCTETS + plaintext.length
  const encrypted = encryptPaddedCts(keys, padded, length)
  const simplified = keys.profile.family === 'simplified'
  const mac = macOver(keys, simplified ? padded.subarray(0, length) : encrypted)
  padded.fill(0)
  return Buffer.concat([encrypted, mac])
}

/**
 * Checks the HMAC and decrypts. RFC 3961 section 5.3, RFC 8009 section 5.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param cipher - The ciphertext, from a peer.
 * @returns The plaintext.
 * @throws KerberosError ERR_KRB_INTEGRITY when the HMAC does not fit (wrong key, wrong usage or changed octets) or
 *   the ciphertext is too short; ERR_KRB_ETYPE for a key we cannot use.
 */
export function decrypt(key: EncryptionKey, usage: number, cipher: Uint8Array): Uint8Array {
  const keys = usageKeys(key, usage)
  const { profile } = keys
  const end = cipher.length - profile.macOctets
  if (end < CONFOUNDER_OCTETS) {
    const least = CONFOUNDER_OCTETS + profile.macOctets
    throw integrityError(`a ciphertext has at least ${least} octets, this one has ${cipher.length}`)
  }
  const encrypted = cipher.subarray(0, end)
  const checkMac = (octets: Uint8Array): void => {
    if (timingSafeEqual(macOver(keys, octets), cipher.subarray(end))) return
    throw integrityError(
      `decryption failed (key usage ${usage}): another key was used, or the octets were changed`,
    )
  }
  if (profile.family === 'hmac-sha2') checkMac(encrypted)
  const message = decryptCts(profile.cipher, keys.ke, encrypted)
  if (profile.family === 'simplified') checkMac(message)
  return message.subarray(CONFOUNDER_OCTETS)
}

function integrityError(what: string): KerberosError {
  return new KerberosError('ERR_KRB_INTEGRITY', what)
}

/**
 * The mandatory checksum of the key's type: an HMAC under Kc. RFC 3961 section 5.4, RFC 8009 section 6.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param data - What is protected.
 * @returns 12 octets for etypes 17 and 18, 16 for etype 19, 24 for etype 20.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function checksum(key: EncryptionKey, usage: number, data: Uint8Array): Uint8Array {
  const kc = derivedMacKey(key, usage, 'checksum')
  const { hash, macOctets } = etypeProfile(key.etype)
  return hmac(hash, kc, data).subarray(0, macOctets)
}
