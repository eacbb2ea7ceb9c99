/**
 * Encryption types we speak (RFC 3962 section 7) and the ones we name when we refuse them.
 *
 * Only AES with HMAC-SHA1-96 is spoken: RC4 and DES are broken, and every directory since 2008 has AES keys.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { ChecksumType, EncryptionType } from '../iana/index.ts'

/** A Kerberos key (RFC 4120 section 5.2.9). Treat as immutable: keys derived from it are remembered per object. */
export interface EncryptionKey {
  /** Encryption type number. */
  readonly etype: number
  /** The key itself: 32 octets for etype 18, 16 for etype 17. */
  readonly value: Uint8Array
}

/** What differs between the encryption types of RFC 3962. */
export interface EtypeProfile {
  /** Name in the IANA registry. */
  readonly name: string
  /** Key length in octets. */
  readonly keyOctets: 16 | 32
  /** OpenSSL's name of the block cipher in CBC mode. */
  readonly cipher: 'aes-128-cbc' | 'aes-256-cbc'
  /** The mandatory checksum type. */
  readonly checksumType: number
}

const PROFILES: ReadonlyMap<number, EtypeProfile> = new Map<number, EtypeProfile>([
  [
    EncryptionType.AES256_CTS_HMAC_SHA1_96,
    {
      name: 'aes256-cts-hmac-sha1-96',
      keyOctets: 32,
      cipher: 'aes-256-cbc',
      checksumType: ChecksumType.HMAC_SHA1_96_AES256,
    },
  ],
  [
    EncryptionType.AES128_CTS_HMAC_SHA1_96,
    {
      name: 'aes128-cts-hmac-sha1-96',
      keyOctets: 16,
      cipher: 'aes-128-cbc',
      checksumType: ChecksumType.HMAC_SHA1_96_AES128,
    },
  ],
])

/** Encryption types we speak, the preferred first. */
export const SUPPORTED_ETYPES: readonly number[] = [...PROFILES.keys()]

/** Types that a directory may offer and we refuse, so that the refusal can name them. */
const REFUSED_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'des-cbc-crc'],
  [3, 'des-cbc-md5'],
  [16, 'des3-cbc-sha1-kd'],
  [EncryptionType.AES128_CTS_HMAC_SHA256_128, 'aes128-cts-hmac-sha256-128'],
  [EncryptionType.AES256_CTS_HMAC_SHA384_192, 'aes256-cts-hmac-sha384-192'],
  [EncryptionType.RC4_HMAC, 'rc4-hmac'],
  [24, 'rc4-hmac-exp'],
])

const SHA2_ETYPES: readonly number[] = [
  EncryptionType.AES128_CTS_HMAC_SHA256_128,
  EncryptionType.AES256_CTS_HMAC_SHA384_192,
]

function mendFor(etype: number): string {
  if (SHA2_ETYPES.includes(etype)) {
    return 'Let the key distribution center also issue aes256-cts-hmac-sha1-96 (etype 18).'
  }
  return 'Renew the AES keys: allow AES in msDS-SupportedEncryptionTypes, set the password anew, then write the keytab again.'
}

/**
 * The name of an encryption type, for messages.
 *
 * @param etype - Encryption type number.
 * @returns Its registered name with the number, or just the number.
 */
export function etypeName(etype: number): string {
  const name = PROFILES.get(etype)?.name ?? REFUSED_NAMES.get(etype)
  return name === undefined ? `etype ${etype}` : `${name} (etype ${etype})`
}

/**
 * The parameters of an encryption type.
 *
 * @param etype - Encryption type number.
 * @returns Key length, cipher and checksum type.
 * @throws KerberosError ERR_KRB_ETYPE for any type we do not speak.
 */
export function etypeProfile(etype: number): EtypeProfile {
  const profile = PROFILES.get(etype)
  if (profile === undefined) {
    throw new KerberosError('ERR_KRB_ETYPE', `encryption type not supported: ${etypeName(etype)}`, {
      mend: mendFor(etype),
    })
  }
  return profile
}

/**
 * The mandatory checksum type of an encryption type (RFC 3962 section 7).
 *
 * @param etype - Encryption type number.
 * @returns 16 for etype 18, 15 for etype 17.
 * @throws KerberosError ERR_KRB_ETYPE for any type we do not speak.
 */
export function checksumTypeOf(etype: number): number {
  return etypeProfile(etype).checksumType
}
