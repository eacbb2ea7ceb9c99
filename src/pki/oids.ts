/**
 * Object identifiers and names that certificates carry (RFC 5280, RFC 5480, RFC 5758).
 *
 * @module
 */

/** Object identifiers, dotted decimal. */
export const Oid = {
  ecPublicKey: '1.2.840.10045.2.1',
  prime256v1: '1.2.840.10045.3.1.7',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

/** URI name that every gateway certificate carries. */
export const GATEWAY_URI = 'urn:sallyport:gateway'

/** What the URI name of a connector certificate begins with; the connector's UUID follows. */
export const CONNECTOR_URI_PREFIX = 'urn:sallyport:connector:'

/** A UUID as we write them: lower case, any version. */
export const UUID: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
