/**
 * Kerberos cryptography: RFC 3961's simplified profile with AES (RFC 3962), and checksum type -138. Crypto never parses.
 *
 * @module
 */

export { checkKey } from './derived-keys.ts'
export {
  checksumTypeOf,
  etypeName,
  etypeProfile,
  SUPPORTED_ETYPES,
  type EncryptionKey,
} from './etype.ts'
export { hmacMd5 } from './hmac-md5.ts'
export { DEFAULT_ITERATIONS, generateKey, MAX_ITERATIONS, stringToKey } from './make-key.ts'
export { checksum, CIPHER_OVERHEAD_OCTETS, decrypt, encrypt } from './simplified-profile.ts'
export { verifyChecksum } from './verify-checksum.ts'
