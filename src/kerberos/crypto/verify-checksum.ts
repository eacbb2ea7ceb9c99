/**
 * Checking a keyed checksum, in constant time. A key makes the one type that is its own (RFC 3961 section 4): who may choose
 * another for it, such as HMAC-MD5 for an AES key, chooses a weaker one, and MD5 where FIPS forbids it.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import { ChecksumType, EncryptionType } from '../iana/index.ts'
import { checksum } from './encryption.ts'
import { checksumTypeOf, type EncryptionKey } from './etype.ts'
import { hmacMd5 } from './hmac-md5.ts'

/**
 * Says whether a keyed checksum fits. One of another type than the key's own never does.
 *
 * @param key - The base key.
 * @param usage - Key usage number, unsigned 32-bit.
 * @param checksumType - 15, 16, 19 or 20 for AES keys; -138 for an RC4 key, as a domain controller's PAC signature may have.
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
  if (key.etype === EncryptionType.RC4_HMAC) {
    return checksumType === ChecksumType.HMAC_MD5 ? hmacMd5(key, usage, data) : undefined
  }
  return checksumType === checksumTypeOf(key.etype) ? checksum(key, usage, data) : undefined
}
