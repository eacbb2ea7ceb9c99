/**
 * Encryption and checksum types (IANA "Kerberos Parameters"; RFC 3962, RFC 8009, RFC 4757).
 *
 * @module
 */

/** Encryption types. */
export const EncryptionType = {
  AES128_CTS_HMAC_SHA1_96: 17,
  AES256_CTS_HMAC_SHA1_96: 18,
  AES128_CTS_HMAC_SHA256_128: 19,
  AES256_CTS_HMAC_SHA384_192: 20,
  RC4_HMAC: 23,
} as const

/** Checksum types. */
export const ChecksumType = {
  HMAC_SHA1_96_AES128: 15,
  HMAC_SHA1_96_AES256: 16,
  HMAC_SHA256_128_AES128: 19,
  HMAC_SHA384_192_AES256: 20,
  /** The GSS-API "checksum" that carries flags and channel bindings (RFC 4121 section 4.1.1). */
  GSSAPI: 0x8003,
  /** KERB_CHECKSUM_HMAC_MD5 (RFC 4757). */
  HMAC_MD5: -138,
} as const
