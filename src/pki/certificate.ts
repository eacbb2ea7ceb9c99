/**
 * Reads certificates that a peer presented: node:crypto for the most, our own strict DER for names.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'
import { DerReader, Tag } from '../asn1/index.ts'
import { PkiError } from './errors.ts'
import { Oid } from './oids.ts'

/** Largest certificate that is looked at, octets of DER. */
const MAX_CERTIFICATE_OCTETS = 16_384
const UNIFORM_RESOURCE_IDENTIFIER = 0x86

/**
 * Reads a certificate.
 *
 * @param octets - PEM text or DER.
 * @returns What node:crypto makes of it.
 * @throws PkiError ERR_PKI_CERTIFICATE.
 */
export function loadCertificate(octets: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(octets)
  } catch (error) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate cannot be read', { cause: error })
  }
}

/**
 * The serial number as the store keeps it.
 *
 * @param certificate - The certificate.
 * @returns Lower-case hex.
 */
export function serialOf(certificate: X509Certificate): string {
  return certificate.serialNumber.toLowerCase()
}

/** Stands before the subject: TBSCertificate's fields up to it are read and left (RFC 5280 section 4.1). */
function openToSubject(der: Uint8Array): DerReader {
  const limits = { maxOctets: MAX_CERTIFICATE_OCTETS }
  const whole = new DerReader(der, 'Certificate', limits).sequence('Certificate')
  const body = whole.sequence('tbsCertificate')
  if (body.nextIsContext(0)) body.any()
  body.integerOctets()
  for (const field of ['signature', 'issuer', 'validity']) body.sequence(field)
  return body
}

/** The extension's content octets, undefined where there is none. */
function findExtension(der: Uint8Array, id: string): Uint8Array | undefined {
  const body = openToSubject(der)
  for (const field of ['subject', 'subjectPublicKeyInfo']) body.sequence(field)
  while (!body.done && !body.nextIsContext(3)) body.any()
  if (body.done) return undefined
  const extensions = body.context(3, 'extensions').sequence('Extensions')
  while (!extensions.done) {
    const extension = extensions.sequence('Extension')
    const found = extension.objectIdentifier()
    if (extension.peek() === Tag.BOOLEAN) extension.boolean()
    const value = extension.octetString()
    if (found === id) return value
  }
  return undefined
}

function refusingBadDer<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate is not strict DER', { cause: error })
  }
}

/**
 * The subject of a certificate.
 *
 * @param der - The certificate.
 * @returns DER of the Name.
 * @throws PkiError ERR_PKI_CERTIFICATE.
 */
export function subjectDer(der: Uint8Array): Uint8Array {
  return refusingBadDer(() => openToSubject(der).any().raw)
}

/**
 * The URI names of a certificate. X509Certificate.subjectAltName tells them as one text, where quoting decides
 * what is a name; here each stands alone.
 *
 * @param der - The certificate.
 * @returns The URIs in their order, none where the extension is absent.
 * @throws PkiError ERR_PKI_CERTIFICATE.
 */
export function certificateUris(der: Uint8Array): readonly string[] {
  return refusingBadDer(() => {
    const extension = findExtension(der, Oid.subjectAltName)
    if (extension === undefined) return []
    const names = new DerReader(extension, 'GeneralNames').sequence('GeneralNames')
    const uris: string[] = []
    while (!names.done) {
      const name = names.any()
      const isUri = name.tag === UNIFORM_RESOURCE_IDENTIFIER
      if (isUri) uris.push(Buffer.from(name.content).toString('latin1'))
    }
    return uris
  })
}
