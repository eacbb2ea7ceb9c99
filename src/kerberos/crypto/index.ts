/**
 * Kerberos cryptography: AES with HMAC-SHA1 (RFC 3961, 3962) and with HMAC-SHA2 (RFC 8009), and checksum type -138.
 * Crypto never parses.
 *
 * @module
 */

export { combineKeys, type PepperedKey } from './combine-keys.ts'
export { checkKey } from './derived-keys.ts'
export {
  checksumTypeOf,
  cipherOverheadOctets,
  etypeName,
  etypeProfile,
  isBrokenEtype,
  RENEW_AES_KEYS,
  SUPPORTED_ETYPES,
  type EncryptionKey,
  type EtypeProfile,
} from './etype.ts'
export { checksum, decrypt, encrypt } from './encryption.ts'
export { hmacMd5 } from './hmac-md5.ts'
export { allowOwnMd5, hasMd5, md5 } from './md5.ts'
export { generateKey, MAX_ITERATIONS, stringToKey } from './make-key.ts'
export { pseudoRandom } from './pseudo-random.ts'
export { verifyChecksum } from './verify-checksum.ts'
