/**
 * The checksum type -138, KERB_CHECKSUM_HMAC_MD5 (RFC 4757 section 4).
 *
 * PA-FOR-USER (MS-SFU 2.2.1) wants it with any key, also an AES one; a PAC may carry it. The protocol fixes it; where
 * OpenSSL runs in FIPS mode MD5 is absent (native-notes/fips.md says what that means).
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import type { EncryptionKey } from './etype.ts'
import { hmacOfMd5, md5 } from './md5.ts'

const SIGNATURE_KEY = new TextEncoder().encode('signaturekey\0')

/**
 * The HMAC-MD5 checksum. RFC 4757 section 4. The usage is taken as Microsoft numbers it: 17 here, always.
 *
 * @param key - Any key; its octets are the HMAC key whatever its type.
 * @param usage - Key usage number, hashed as 32 bits little-endian.
 * @param data - What is protected.
 * @returns 16 octets.
 * @throws KerberosError ERR_KRB_ETYPE where OpenSSL refuses MD5 (FIPS mode).
 */
export function hmacMd5(key: EncryptionKey, usage: number, data: Uint8Array): Uint8Array {
  const usageOctets = new Uint8Array(4)
  new DataView(usageOctets.buffer).setUint32(0, usage, true)
  try {
    return hmacOfMd5(hmacOfMd5(key.value, SIGNATURE_KEY), md5(usageOctets, data))
  } catch (cause) {
    throw new KerberosError(
      'ERR_KRB_ETYPE',
      'checksum type -138 (HMAC-MD5) is refused by OpenSSL',
      {
        cause,
        mend: 'OpenSSL runs in FIPS mode: see native-notes/fips.md.',
      },
    )
  }
}
