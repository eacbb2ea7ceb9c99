/**
 * Keys from passwords (RFC 3962 section 4, RFC 8009 section 4) and from chance.
 *
 * @module
 */

import { pbkdf2Sync } from 'node:crypto'
import type { Random } from '../../platform/index.ts'
import { KerberosError } from '../errors.ts'
import { deriveKey } from './derived-keys.ts'
import { etypeProfile, type EncryptionKey } from './etype.ts'

/**
 * Most iterations we ever do, as MIT krb5 has it: seconds of work in one piece. What a KDC may ask for is bounded far
 * lower where its replies are read (RFC 3962 section 8).
 */
export const MAX_ITERATIONS = 0x1000000

const KERBEROS = new TextEncoder().encode('kerberos')

/**
 * Makes a long-term key from a password: PBKDF2 with the type's hash, then a derivation with "kerberos". RFC 3962
 * section 4, RFC 8009 section 4.
 *
 * @param etype - 17 to 20.
 * @param password - Taken as UTF-8.
 * @param salt - As the KDC's ETYPE-INFO2 says; by default the realm and the name's components run together. UTF-8.
 * @param iterations - As the KDC's s2kparams say. Default 4096 for etypes 17 and 18, 32 768 for 19 and 20.
 * @returns The key.
 * @throws KerberosError ERR_KRB_ETYPE for a type we do not speak or more than {@link MAX_ITERATIONS}.
 */
// eslint-disable-next-line max-params -- RFC 3961 section 3: string-to-key takes the type, string, salt and parameters.
export function stringToKey(
  etype: number,
  password: string,
  salt: string,
  iterations: number = etypeProfile(etype).defaultIterations,
): EncryptionKey {
  const { keyOctets, hash, family, name } = etypeProfile(etype)
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAX_ITERATIONS) {
    throw new KerberosError(
      'ERR_KRB_ETYPE',
      `string-to-key takes 1 to ${MAX_ITERATIONS} iterations, the key distribution center wants ${iterations}`,
    )
  }
  // RFC 8009 section 4: the type's name keeps keys of the same password apart.
  const salted = family === 'hmac-sha2' ? `${name}\0${salt}` : salt
  const value = pbkdf2Sync(password, salted, iterations, keyOctets, hash)
  return { etype, value: deriveKey({ etype, value }, KERBEROS) }
}

/**
 * Draws a fresh key: a session key or a subkey. For AES any octets are a key (RFC 3962 section 6).
 *
 * @param etype - 17 to 20.
 * @param random - Where the octets come from.
 * @returns The key.
 * @throws KerberosError ERR_KRB_ETYPE for a type we do not speak.
 */
export function generateKey(etype: number, random: Random): EncryptionKey {
  return { etype, value: random.bytes(etypeProfile(etype).keyOctets) }
}
