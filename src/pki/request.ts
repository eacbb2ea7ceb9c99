/**
 * Certification requests, PKCS #10 (RFC 2986):
 *
 * ```asn1
 * CertificationRequest ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }
 * CertificationRequestInfo ::= SEQUENCE { version INTEGER { v1(0) }, subject Name,
 *   subjectPKInfo SubjectPublicKeyInfo, attributes [0] IMPLICIT SET OF Attribute }
 * ```
 *
 * @module
 */

import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { DerReader } from '../asn1/index.ts'
import { bitString, encode, encoded, explicit, integer, sequence } from './der.ts'
import { PkiError } from './errors.ts'
import { publicKeyDer, requireP256, signSha256 } from './keys.ts'
import { Oid } from './oids.ts'
import { signatureAlgorithm, subjectName, toPem } from './x509.ts'

const LABEL = 'CERTIFICATE REQUEST'
/** Largest request that is looked at, characters of PEM. Ours has about 400. */
const MAX_REQUEST_CHARACTERS = 4096
const PEM =
  /^-----BEGIN CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE REQUEST-----\s*$/

interface RequestParts {
  /** DER of certificationRequestInfo: what is signed. */
  readonly signed: Uint8Array
  readonly spki: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Makes a signing request without attributes.
 *
 * @param key - The connector's private key, P-256.
 * @param name - Common name, 1 to 64 characters; for whoever reads it, the gateway does not.
 * @returns PEM.
 */
export function createSigningRequest(key: KeyObject, name: string): string {
  const spki = publicKeyDer(createPublicKey(key))
  const version1 = integer(Uint8Array.of(0))
  const info = sequence(version1, subjectName(name), encoded(spki), explicit(0))
  const signature = bitString(signSha256(key, encode(info)))
  return toPem(LABEL, encode(sequence(info, signatureAlgorithm(), signature)))
}

function refuse(what: string, cause?: unknown): PkiError {
  return new PkiError('ERR_PKI_REQUEST', `the signing request ${what}`, {
    cause,
    mend: 'Send a PKCS #10 request in PEM, signed by its own P-256 key with ECDSA and SHA-256.',
  })
}

function fromPem(pem: string): Buffer {
  if (pem.length > MAX_REQUEST_CHARACTERS) {
    throw refuse(`has more than ${MAX_REQUEST_CHARACTERS} characters`)
  }
  const base64 = PEM.exec(pem)?.[1]?.replaceAll(/[\r\n]/g, '')
  const der = Buffer.from(base64 ?? '', 'base64')
  if (der.length === 0 || der.toString('base64') !== base64) throw refuse('is not PEM')
  return der
}

function parse(der: Uint8Array): RequestParts {
  const outer = new DerReader(der, 'CertificationRequest')
  const request = outer.sequence('CertificationRequest')
  outer.finish()
  const signed = request.any().raw
  const algorithm = request.sequence('signatureAlgorithm')
  if (algorithm.objectIdentifier() !== Oid.ecdsaWithSha256) {
    throw refuse('is not signed with ECDSA and SHA-256')
  }
  algorithm.finish()
  const signature = request.bitString()
  request.finish()
  if (signature.unusedBits !== 0) throw refuse('has a signature that is not whole octets')
  return { signed, spki: readInfo(signed), signature: signature.octets }
}

function readInfo(signed: Uint8Array): Uint8Array {
  const info = new DerReader(signed, 'certificationRequestInfo').sequence('info')
  if (info.integer() !== 0) throw refuse('is not version 1')
  info.sequence('subject')
  const { raw } = info.any()
  info.context(0, 'attributes')
  info.finish()
  return raw
}

function readKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (error) {
    throw refuse('holds a key that cannot be read', error)
  }
}

function parseStrictly(pem: string): RequestParts {
  const der = fromPem(pem)
  try {
    return parse(der)
  } catch (error) {
    if (error instanceof PkiError) throw error
    throw refuse('is not strict DER', error)
  }
}

/**
 * Reads a signing request and proves that its sender holds the key. Subject and attributes are not looked at.
 *
 * @param pem - The request.
 * @returns The public key, P-256.
 * @throws PkiError ERR_PKI_REQUEST, ERR_PKI_KEY.
 */
export function readSigningRequest(pem: string): KeyObject {
  const { signed, spki, signature } = parseStrictly(pem)
  const key = requireP256(readKey(spki))
  if (!verify('sha256', signed, key, signature)) {
    throw refuse('is not signed by the key it holds')
  }
  return key
}
