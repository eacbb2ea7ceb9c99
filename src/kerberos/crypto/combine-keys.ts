/**
 * KRB-FX-CF2 (RFC 6113 section 5.1): one key out of two, of which knowing one is not enough.
 *
 * @module
 */

import { etypeProfile, type EncryptionKey } from './etype.ts'
import { pseudoRandomOf } from './pseudo-random.ts'

/** A key with the text that keeps its part in the combination apart. */
export interface PepperedKey {
  /** The key. */
  readonly key: EncryptionKey
  /** ASCII, by RFC 6113 different for each purpose. */
  readonly pepper: string
}

const encoder = new TextEncoder()

/**
 * PRF+(key, pepper): PRF(key, 1 | pepper) | PRF(key, 2 | pepper) | … RFC 6113 section 5.1.
 *
 * @param peppered - The key and its text.
 * @param octets - How many are wanted; a key's length, so that the counter stays within its octet.
 * @returns The first octets.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
function pseudoRandomPlus({ key, pepper }: PepperedKey, octets: number): Uint8Array {
  const text = encoder.encode(pepper)
  const made = new Uint8Array(octets)
  const prf = pseudoRandomOf(key)
  for (let at = 0, counter = 1; at < octets; counter++) {
    const block = prf(Uint8Array.of(counter, ...text))
    made.set(block.subarray(0, octets - at), at)
    at += block.length
  }
  return made
}

/**
 * KRB-FX-CF2(first, second): PRF+ of both, combined by exclusive or. RFC 6113 section 5.1. For AES any octets are a key.
 *
 * @param first - Gives the type of the result.
 * @param second - Of any type we speak.
 * @returns A key of the first one's type.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
export function combineKeys(first: PepperedKey, second: PepperedKey): EncryptionKey {
  const { etype } = first.key
  const { keyOctets } = etypeProfile(etype)
  const value = pseudoRandomPlus(first, keyOctets)
  const other = pseudoRandomPlus(second, keyOctets)
  for (let i = 0; i < keyOctets; i++) value[i] = (value[i] ?? 0) ^ (other[i] ?? 0)
  return { etype, value }
}
