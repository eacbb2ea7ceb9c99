/**
 * Who answers on a TLS port: read from the certificates it shows, whether they can be trusted or not.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'

/** What was seen of a peer. */
export interface PeerFacts {
  /** DER of its certificate and of those above, as far as it sent them. */
  readonly chain: readonly Uint8Array[]
  /** OpenSSL's word against the chain, such as `CERT_HAS_EXPIRED`; undefined where it is good. Names are not looked at. */
  readonly chainFault: string | undefined
  /** The application protocol that it chose. */
  readonly alpn: string | undefined
}

/** What a certificate says. */
export interface CertificateFacts {
  /** One line each. */
  readonly subject: string
  readonly issuer: string
  readonly alternativeNames: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly certificate: X509Certificate
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}

/**
 * Reads a certificate.
 *
 * @param source - DER, or PEM.
 * @returns What it says; undefined where it cannot be read.
 */
export function readCertificate(source: Uint8Array | string): CertificateFacts | undefined {
  try {
    const certificate = new X509Certificate(source)
    return {
      subject: oneLine(certificate.subject),
      issuer: oneLine(certificate.issuer),
      alternativeNames: certificate.subjectAltName ?? 'none',
      notBeforeMs: Date.parse(certificate.validFrom),
      notAfterMs: Date.parse(certificate.validTo),
      certificate,
    }
  } catch {
    return undefined
  }
}

const DAY_MS = 86_400_000

/**
 * Days until a certificate ends.
 *
 * @param facts - Of the certificate.
 * @param nowMs - The present time.
 * @returns Whole days, below 0 where it has ended.
 */
export function daysLeft({ notAfterMs }: CertificateFacts, nowMs: number): number {
  return Math.floor((notAfterMs - nowMs) / DAY_MS)
}

/**
 * Says whether a certificate is not yet or no more valid.
 *
 * @param facts - Of the certificate.
 * @param nowMs - The present time.
 * @returns True outside of its time.
 */
export function isOutOfTime({ notBeforeMs, notAfterMs }: CertificateFacts, nowMs: number): boolean {
  return nowMs < notBeforeMs || nowMs > notAfterMs
}

/**
 * Says whether a text is an IP address rather than a name. Not a check of its form.
 *
 * @param host - Name or address, without brackets.
 * @returns True for an address.
 */
export function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+(?:\.\d+){3}$/.test(host)
}

/**
 * Says whether a certificate is for a host.
 *
 * @param facts - Of the certificate.
 * @param host - Name or address.
 * @returns True where it is.
 */
export function isFor({ certificate }: CertificateFacts, host: string): boolean {
  const check = isAddress(host) ? certificate.checkIP(host) : certificate.checkHost(host)
  return check !== undefined
}
