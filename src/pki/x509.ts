/**
 * Makes certificates (RFC 5280): version 3, P-256 keys, ECDSA with SHA-256.
 *
 * @module
 */

import type { KeyObject } from 'node:crypto'
import type { Random } from '../platform/index.ts'
import {
  bitString,
  commonName,
  encode,
  encoded,
  explicit,
  integer,
  oid,
  sequence,
  time,
  type DerNode,
} from './der.ts'
import { signSha256 } from './keys.ts'
import { Oid } from './oids.ts'

/** RFC 5280 section 4.1.2.2 allows 20 octets; 16 carry 126 bits of chance here. */
const SERIAL_OCTETS = 16
const VERSION_3 = Uint8Array.of(2)
const PEM_COLUMNS = 64

/** From when to when. */
export interface Validity {
  readonly notBeforeMs: number
  /** The last moment. */
  readonly notAfterMs: number
}

/** What goes into a certificate. */
export interface CertificateContent {
  readonly serial: Uint8Array
  /** Name of the CA. */
  readonly issuer: DerNode
  readonly subject: DerNode
  readonly validity: Validity
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  readonly extensions: readonly DerNode[]
}

/**
 * A new serial number: positive, 16 octets whatever chance gives.
 *
 * @param random - Where its bits come from.
 * @returns Big-endian octets.
 */
export function newSerial(random: Random): Uint8Array {
  const serial = random.bytes(SERIAL_OCTETS)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}

/**
 * The algorithm under every signature here (RFC 5758 section 3.2: no parameters).
 *
 * @returns AlgorithmIdentifier.
 */
export function signatureAlgorithm(): DerNode {
  return sequence(oid(Oid.ecdsaWithSha256))
}

/**
 * Puts octets between PEM lines.
 *
 * @param label - What they are.
 * @param der - The octets.
 * @returns PEM text with a final line break.
 */
export function toPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64')
  const lines = base64.match(new RegExp(`.{1,${PEM_COLUMNS}}`, 'g')) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/**
 * Signs a certificate.
 *
 * @param content - What it says.
 * @param key - The CA's private key, P-256.
 * @returns PEM.
 */
export function signCertificate(content: CertificateContent, key: KeyObject): string {
  const toBeSigned = sequence(
    explicit(0, integer(VERSION_3)),
    integer(content.serial),
    signatureAlgorithm(),
    content.issuer,
    sequence(time(content.validity.notBeforeMs), time(content.validity.notAfterMs)),
    content.subject,
    encoded(content.spki),
    explicit(3, sequence(...content.extensions)),
  )
  const signature = signSha256(key, encode(toBeSigned))
  const der = encode(sequence(toBeSigned, signatureAlgorithm(), bitString(signature)))
  return toPem('CERTIFICATE', der)
}

/**
 * A Name of one commonName.
 *
 * @param text - 1 to 64 characters, none of them a control character.
 * @returns The node.
 * @throws RangeError for a name that X.520 does not allow.
 */
export function subjectName(text: string): DerNode {
  const { length } = Array.from(text)
  if (length < 1 || length > 64 || /\p{Cc}/u.test(text)) {
    throw new RangeError('a common name has 1 to 64 characters, none of them a control character')
  }
  return commonName(text)
}
