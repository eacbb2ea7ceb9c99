/**
 * Keys from passwords (RFC 3962 section 4) and from chance.
 *
 * @module
 */

import { pbkdf2Sync } from 'node:crypto'
import type { Random } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { deriveKey } from './derived-keys.ts'
import { etypeProfile, type EncryptionKey } from './etype.ts'

/** RFC 3962 section 4: the iteration count when the KDC names none. */
export const DEFAULT_ITERATIONS = 4096

/**
 * Most iterations we do. A reply that nobody signed names the count (RFC 3962 section 8), and the work is done in one
 * piece: this many take about a tenth of a second.
 */
export const MAX_ITERATIONS = 100_000

const KERBEROS = new TextEncoder().encode('kerberos')

/**
 * Makes a long-term key from a password: PBKDF2 with HMAC-SHA1, then DK with "kerberos". RFC 3962 section 4.
 *
 * @param etype - 17 or 18.
 * @param password - Taken as UTF-8.
 * @param salt - As the KDC's ETYPE-INFO2 says; by default the realm and the name's components run together. UTF-8.
 * @param iterations - As the KDC's s2kparams say. Default 4096.
 * @returns The key.
 * @throws KerberosError ERR_KRB_ETYPE for a type we do not speak or more than {@link MAX_ITERATIONS}.
 */
// eslint-disable-next-line max-params -- RFC 3961 section 3: string-to-key takes the type, string, salt and parameters.
export function stringToKey(
  etype: number,
  password: string,
  salt: string,
  iterations: number = DEFAULT_ITERATIONS,
): EncryptionKey {
  const { keyOctets } = etypeProfile(etype)
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAX_ITERATIONS) {
    throw new KerberosError(
      'ERR_KRB_ETYPE',
      `string-to-key takes 1 to ${MAX_ITERATIONS} iterations, the key distribution center wants ${iterations}`,
    )
  }
  const value = pbkdf2Sync(password, salt, iterations, keyOctets, 'sha1')
  return { etype, value: deriveKey({ etype, value }, KERBEROS) }
}

/**
 * Draws a fresh key: a session key or a subkey. For AES any octets are a key (RFC 3962 section 6).
 *
 * @param etype - 17 or 18.
 * @param random - Where the octets come from.
 * @returns The key.
 * @throws KerberosError ERR_KRB_ETYPE for a type we do not speak.
 */
export function generateKey(etype: number, random: Random): EncryptionKey {
  return { etype, value: random.bytes(etypeProfile(etype).keyOctets) }
}
