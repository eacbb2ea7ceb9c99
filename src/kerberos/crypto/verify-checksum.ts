/**
 * Checking a keyed checksum of any type we know, in constant time.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import { ChecksumType } from '../iana/index.ts'
import { checksum } from './encryption.ts'
import { checksumTypeOf, type EncryptionKey } from './etype.ts'
import { hmacMd5 } from './hmac-md5.ts'

/**
 * Says whether a keyed checksum fits. An unkeyed or unknown checksum type never fits.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param checksumType - 15, 16, 19 or 20 with the key of their type, or -138 with any key.
 * @param data - What is protected.
 * @param mac - The checksum a peer sent.
 * @returns True only when type, length and octets fit.
 * @throws KerberosError ERR_KRB_ETYPE for a key we cannot use.
 */
// eslint-disable-next-line max-params -- RFC 3961 section 4: verify_mic takes key, usage, data and checksum; the type is the peer's.
export function verifyChecksum(
  key: EncryptionKey,
  usage: number,
  checksumType: number,
  data: Uint8Array,
  mac: Uint8Array,
): boolean {
  const expected = expectedChecksum({ key, usage, checksumType }, data)
  return expected !== undefined && expected.length === mac.length && timingSafeEqual(expected, mac)
}

function expectedChecksum(
  wanted: { key: EncryptionKey; usage: number; checksumType: number },
  data: Uint8Array,
): Uint8Array | undefined {
  const { key, usage, checksumType } = wanted
  if (checksumType === ChecksumType.HMAC_MD5) return hmacMd5(key, usage, data)
  if (checksumType === checksumTypeOf(key.etype)) return checksum(key, usage, data)
  return undefined
}
