/**
 * Encryption types we speak (RFC 3962 section 7, RFC 8009 section 6) and the ones we name when we refuse them.
 *
 * Only AES is spoken: RC4 and DES are broken, and every directory since 2008 has AES keys.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'
import { ChecksumType, EncryptionType } from '../iana/index.ts'

/** One AES block of chance before every plaintext. */
export const CONFOUNDER_OCTETS = 16

/** A Kerberos key (RFC 4120 section 5.2.9). Treat as immutable: keys derived from it are remembered per object. */
export interface EncryptionKey {
  /** Encryption type number. */
  readonly etype: number
  /** The key itself: 32 octets for etypes 18 and 20, 16 for etypes 17 and 19. */
  readonly value: Uint8Array
}

/** What differs between the encryption types. */
export interface EtypeProfile {
  /** Name in the IANA registry. */
  readonly name: string
  /** Length of the key and of Ke, octets. */
  readonly keyOctets: 16 | 32
  /** Length of Kc and Ki, octets. */
  readonly integrityKeyOctets: 16 | 24 | 32
  /** OpenSSL's name of the block cipher in CBC mode. */
  readonly cipher: 'aes-128-cbc' | 'aes-256-cbc'
  /** OpenSSL's name of the hash in every HMAC. */
  readonly hash: 'sha1' | 'sha256' | 'sha384'
  /** To how many octets HMACs are cut. */
  readonly macOctets: 12 | 16 | 24
  /**
   * RFC 3961's simplified profile derives keys by n-fold and AES, and its HMAC covers the plaintext. RFC 8009 derives by
   * HMAC, and its HMAC covers the ciphertext, so that nothing is decrypted that was not checked first.
   */
  readonly family: 'simplified' | 'hmac-sha2'
  /** The mandatory checksum type. */
  readonly checksumType: number
  /** PBKDF2 iterations when the KDC names none. */
  readonly defaultIterations: number
}

const SHA1 = {
  hash: 'sha1',
  macOctets: 12,
  family: 'simplified',
  defaultIterations: 4096,
} as const

const SHA2 = { family: 'hmac-sha2', defaultIterations: 32_768 } as const

const AES128 = { keyOctets: 16, integrityKeyOctets: 16, cipher: 'aes-128-cbc' } as const

const AES256 = { keyOctets: 32, cipher: 'aes-256-cbc' } as const

/** In order of preference; src/decisions.md says why. */
const PROFILES: ReadonlyMap<number, EtypeProfile> = new Map<number, EtypeProfile>([
  [
    EncryptionType.AES256_CTS_HMAC_SHA384_192,
    {
      ...AES256,
      ...SHA2,
      name: 'aes256-cts-hmac-sha384-192',
      integrityKeyOctets: 24,
      hash: 'sha384',
      macOctets: 24,
      checksumType: ChecksumType.HMAC_SHA384_192_AES256,
    },
  ],
  [
    EncryptionType.AES128_CTS_HMAC_SHA256_128,
    {
      ...AES128,
      ...SHA2,
      name: 'aes128-cts-hmac-sha256-128',
      hash: 'sha256',
      macOctets: 16,
      checksumType: ChecksumType.HMAC_SHA256_128_AES128,
    },
  ],
  [
    EncryptionType.AES256_CTS_HMAC_SHA1_96,
    {
      ...AES256,
      ...SHA1,
      name: 'aes256-cts-hmac-sha1-96',
      integrityKeyOctets: 32,
      checksumType: ChecksumType.HMAC_SHA1_96_AES256,
    },
  ],
  [
    EncryptionType.AES128_CTS_HMAC_SHA1_96,
    {
      ...AES128,
      ...SHA1,
      name: 'aes128-cts-hmac-sha1-96',
      checksumType: ChecksumType.HMAC_SHA1_96_AES128,
    },
  ],
])

/** Encryption types we speak, the preferred first. */
export const SUPPORTED_ETYPES: readonly number[] = [...PROFILES.keys()]

/** Types that a directory may offer and we refuse, so that the refusal can name them. */
const REFUSED_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'des-cbc-crc'],
  [2, 'des-cbc-md4'],
  [3, 'des-cbc-md5'],
  [5, 'des3-cbc-md5'],
  [7, 'des3-cbc-sha1'],
  [16, 'des3-cbc-sha1-kd'],
  [EncryptionType.RC4_HMAC, 'rc4-hmac'],
  [24, 'rc4-hmac-exp'],
])

/** How an account that has no AES keys gets them. */
export const RENEW_AES_KEYS =
  'Renew the AES keys: allow AES in msDS-SupportedEncryptionTypes, set the password anew, then write the keytab again.'

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
 * Whether a type is broken: DES, triple DES or RC4 (RFC 6649, RFC 8429).
 *
 * @param etype - Encryption type number.
 * @returns True for one of these; false for ours, and for those that we do not know.
 */
export function isBrokenEtype(etype: number): boolean {
  return REFUSED_NAMES.has(etype)
}

/**
 * The parameters of an encryption type.
 *
 * @param etype - Encryption type number.
 * @returns Lengths, cipher, hash and checksum type.
 * @throws KerberosError ERR_KRB_ETYPE for any type we do not speak.
 */
export function etypeProfile(etype: number): EtypeProfile {
  const profile = PROFILES.get(etype)
  if (profile === undefined) {
    throw new KerberosError('ERR_KRB_ETYPE', `encryption type not supported: ${etypeName(etype)}`, {
      mend: RENEW_AES_KEYS,
    })
  }
  return profile
}

/**
 * The mandatory checksum type of an encryption type (RFC 3962 section 7, RFC 8009 section 6).
 *
 * @param etype - Encryption type number.
 * @returns 20 for etype 20, 19 for etype 19, 16 for etype 18, 15 for etype 17.
 * @throws KerberosError ERR_KRB_ETYPE for any type we do not speak.
 */
export function checksumTypeOf(etype: number): number {
  return etypeProfile(etype).checksumType
}

/**
 * By how many octets a ciphertext is longer than its plaintext: a confounder of one block, and the HMAC.
 *
 * @param etype - Encryption type number.
 * @returns 28 for etypes 17 and 18, 32 for etype 19, 40 for etype 20.
 * @throws KerberosError ERR_KRB_ETYPE for any type we do not speak.
 */
export function cipherOverheadOctets(etype: number): number {
  return CONFOUNDER_OCTETS + etypeProfile(etype).macOctets
}
