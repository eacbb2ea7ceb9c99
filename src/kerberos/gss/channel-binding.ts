/**
 * Channel bindings: `tls-server-end-point` of a TLS server's certificate (RFC 5929 section 4), and their digest for
 * the GSS-API checksum (RFC 4121 section 4.1.1.2).
 *
 *     Certificate ::= SEQUENCE {                          -- RFC 5280 section 4.1
 *             tbsCertificate          TBSCertificate,
 *             signatureAlgorithm      AlgorithmIdentifier,
 *             signatureValue          BIT STRING
 *     }
 *     AlgorithmIdentifier ::= SEQUENCE {
 *             algorithm               OBJECT IDENTIFIER,
 *             parameters              ANY DEFINED BY algorithm OPTIONAL
 *     }
 *     RSASSA-PSS-params ::= SEQUENCE {                    -- RFC 4055 section 3.1
 *             hashAlgorithm           [0] AlgorithmIdentifier DEFAULT sha1Identifier,
 *             ...                                         -- not looked at
 *     }
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { Asn1Error, DerReader } from '../../asn1/index.ts'
import { needOctets } from '../../platform/index.ts'
import { md5 } from '../crypto/index.ts'
import { KerberosError } from '../errors.ts'

const PREFIX = Buffer.from('tls-server-end-point:')

/** RFC 5929 section 4.1: a certificate signed with MD5 or SHA-1 is hashed with SHA-256. */
const HASH_OF_SIGNATURE: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'sha256'], // md5WithRSAEncryption
  ['1.2.840.113549.1.1.5', 'sha256'], // sha1WithRSAEncryption
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.113549.1.1.14', 'sha224'],
  ['1.2.840.10045.4.1', 'sha256'], // ecdsa-with-SHA1
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.10040.4.3', 'sha256'], // dsa-with-SHA1
  ['2.16.840.1.101.3.4.3.1', 'sha224'], // DSA
  ['2.16.840.1.101.3.4.3.2', 'sha256'],
])

const RSASSA_PSS = '1.2.840.113549.1.1.10'
/** Hash functions as RSASSA-PSS names them; SHA-1 is also what it means by none (RFC 4055 section 3.1). */
const HASH_OF_PSS: ReadonlyMap<string, string> = new Map([
  ['1.3.14.3.2.26', 'sha256'], // SHA-1
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
])

/** hashAlgorithm of RSASSA-PSS-params, or SHA-1 by default. */
function pssHash(algorithm: DerReader): string | undefined {
  const parameters = algorithm.sequence('parameters')
  if (!parameters.nextIsContext(0)) return 'sha256'
  const hash = parameters.context(0, 'hashAlgorithm').sequence('AlgorithmIdentifier')
  return HASH_OF_PSS.get(hash.objectIdentifier())
}

/** The signature algorithm's object identifier and the hash that goes with it. */
function signatureHash(certificateDer: Uint8Array): readonly [oid: string, hash?: string] {
  const certificate = new DerReader(certificateDer, 'Certificate').sequence('Certificate')
  certificate.any() // tbsCertificate
  const algorithm = certificate.sequence('signatureAlgorithm')
  const oid = algorithm.objectIdentifier()
  const hash = oid === RSASSA_PSS ? pssHash(algorithm) : HASH_OF_SIGNATURE.get(oid)
  return hash === undefined ? [oid] : [oid, hash]
}

/**
 * The channel binding of a TLS server certificate. RFC 5929 section 4.1.
 *
 * @param certificateDer - The certificate the server sent, DER.
 * @returns Application data: `tls-server-end-point:` and the hash of the certificate.
 * @throws KerberosError ERR_KRB_CHANNEL_BINDING where the signature algorithm has no single hash (Ed25519, Ed448), or
 *   the octets are not a certificate.
 */
export function tlsServerEndPoint(certificateDer: Uint8Array): Uint8Array {
  needOctets('certificateDer', certificateDer, 'DER, for instance getPeerX509Certificate().raw')
  let found: readonly [oid: string, hash?: string]
  try {
    found = signatureHash(certificateDer)
  } catch (cause) {
    if (!(cause instanceof Asn1Error)) throw cause
    throw new KerberosError('ERR_KRB_CHANNEL_BINDING', 'not a certificate', { cause })
  }
  const [oid, hash] = found
  if (hash === undefined) {
    throw new KerberosError(
      'ERR_KRB_CHANNEL_BINDING',
      `no channel binding is defined for a certificate signed with ${oid} (RFC 5929)`,
      { mend: 'Give the backend a certificate that is signed with RSA or ECDSA.' },
    )
  }
  return Buffer.concat([PREFIX, createHash(hash).update(certificateDer).digest()])
}

/**
 * The field Bnd of the GSS-API checksum: MD5 over gss_channel_bindings_struct without addresses. RFC 4121 section 4.1.1.2.
 *
 * @param applicationData - For instance what {@link tlsServerEndPoint} gave; undefined for no bindings.
 * @returns 16 octets; zeros for no bindings.
 * @throws KerberosError ERR_KRB_CHANNEL_BINDING where OpenSSL refuses MD5 (FIPS mode).
 */
export function channelBindingDigest(applicationData: Uint8Array | undefined): Uint8Array {
  if (applicationData === undefined) return new Uint8Array(16)
  needOctets('channelBinding', applicationData, 'octets: what tlsServerEndPoint() gave')
  // Address type and length of initiator and acceptor: four zeros.
  const head = Buffer.alloc(20)
  head.writeUInt32LE(applicationData.length, 16)
  try {
    return md5(head, applicationData)
  } catch (cause) {
    throw new KerberosError(
      'ERR_KRB_CHANNEL_BINDING',
      'MD5, of which RFC 4121 makes channel bindings, is refused',
      {
        cause,
        mend: 'OpenSSL runs in FIPS mode: see native-notes/fips.md.',
      },
    )
  }
}
