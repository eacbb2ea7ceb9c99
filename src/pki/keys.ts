/**
 * P-256 keys: made, read, hashed and used for signatures by node:crypto.
 *
 * @module
 */

import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { PkiError } from './errors.ts'

/** OpenSSL's name of P-256, as KeyObject tells it. */
const P256 = 'prime256v1'

/** Octets of an uncompressed P-256 point, which ends every SubjectPublicKeyInfo of such a key. */
const POINT_OCTETS = 65

/**
 * Makes a new P-256 key.
 *
 * @returns The private key.
 */
export function createKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/**
 * A private key as it is stored.
 *
 * @param key - The private key.
 * @returns PEM, PKCS #8, not encrypted.
 */
export function privateKeyToPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * Reads a private key that was stored.
 *
 * @param pem - PEM text.
 * @returns The private key.
 * @throws PkiError ERR_PKI_KEY when it is damaged or not P-256.
 */
export function privateKeyFromPem(pem: string): KeyObject {
  let key
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw new PkiError('ERR_PKI_KEY', 'the private key cannot be read', { cause: error })
  }
  return requireP256(key)
}

/**
 * Refuses every key that is not on P-256.
 *
 * @param key - Private or public key.
 * @returns The same key.
 * @throws PkiError ERR_PKI_KEY.
 */
export function requireP256(key: KeyObject): KeyObject {
  const type = key.asymmetricKeyType
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (type === 'ec' && curve === P256) return key
  throw new PkiError('ERR_PKI_KEY', `the key is ${curve ?? String(type)}, not P-256`, {
    mend: 'Make an EC key on the curve P-256.',
  })
}

/**
 * A public key as certificates hold it.
 *
 * @param key - Public key.
 * @returns DER of SubjectPublicKeyInfo.
 */
export function publicKeyDer(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

/**
 * The key identifier of RFC 7093 section 2, method 1: 160 bits of the SHA-256 of the key's bits.
 *
 * @param spki - DER of SubjectPublicKeyInfo of a P-256 key.
 * @returns 20 octets.
 */
export function keyIdentifier(spki: Buffer): Buffer {
  return createHash('sha256').update(spki.subarray(-POINT_OCTETS)).digest().subarray(0, 20)
}

/**
 * ECDSA with SHA-256.
 *
 * @param key - P-256 private key.
 * @param data - What is signed.
 * @returns DER of Ecdsa-Sig-Value.
 */
export function signSha256(key: KeyObject, data: Uint8Array): Buffer {
  return sign('sha256', data, key)
}

/**
 * The pin of a certificate's key: whoever knows it recognises the key in any certificate.
 *
 * @param certificate - PEM or DER.
 * @returns SHA-256 of the DER of SubjectPublicKeyInfo, 64 lower-case hex digits.
 * @throws PkiError ERR_PKI_CERTIFICATE when it cannot be read.
 */
export function publicKeyPin(certificate: string | Uint8Array): string {
  try {
    const { publicKey } = new X509Certificate(certificate)
    return createHash('sha256').update(publicKeyDer(publicKey)).digest('hex')
  } catch (error) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate cannot be read', { cause: error })
  }
}
