/**
 * The checksum type -138, KERB_CHECKSUM_HMAC_MD5 (RFC 4757 section 4).
 *
 * PA-FOR-USER (MS-SFU 2.2.1) wants it with any key, also an AES one; a PAC may carry it. The protocol fixes it; where
 * OpenSSL runs in FIPS mode MD5 is absent (native-notes/kerberos-binding.md says what that means).
 *
 * @module
 */

import { createHash, createHmac, getFips } from 'node:crypto'
import { KerberosError } from '../errors.ts'
import type { EncryptionKey } from './etype.ts'

const SIGNATURE_KEY = new TextEncoder().encode('signaturekey\0')

/**
 * Whether OpenSSL computes MD5 here: not in FIPS mode, nor where an administrator took it away.
 *
 * @returns True when it does.
 */
export function hasMd5(): boolean {
  if (getFips() === 1) return false
  try {
    createHash('md5')
    return true
  } catch {
    return false
  }
}

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
    const signingKey = createHmac('md5', key.value).update(SIGNATURE_KEY).digest()
    const digest = createHash('md5').update(usageOctets).update(data).digest()
    return createHmac('md5', signingKey).update(digest).digest()
  } catch (cause) {
    throw new KerberosError(
      'ERR_KRB_ETYPE',
      'checksum type -138 (HMAC-MD5) is refused by OpenSSL',
      {
        cause,
        mend: 'OpenSSL runs in FIPS mode: see native-notes/kerberos-binding.md.',
      },
    )
  }
}
