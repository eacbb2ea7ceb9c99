/**
 * Whether a text can be what it is trusted for: Node takes an empty list of authorities for none given, and trusts the system's.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'

/**
 * Whether a PEM text begins with a whole certificate.
 *
 * @param pem - What a file holds; it may be empty, or written half.
 * @returns False where nobody could be trusted by it.
 */
export function holdsCertificate(pem: string): boolean {
  try {
    return pem.includes('-----BEGIN') && new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
