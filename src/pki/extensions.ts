/**
 * Certificate extensions (RFC 5280 section 4.2).
 *
 * @module
 */

import {
  bitString,
  booleanTrue,
  encode,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  type DerNode,
} from './der.ts'
import { ipOctets } from './ip.ts'
import { Oid } from './oids.ts'

/** KeyUsage digitalSignature (bit 0): all that TLS 1.3 needs. */
const DIGITAL_SIGNATURE = bitString(Uint8Array.of(0x80), 7)
/** KeyUsage keyCertSign and cRLSign (bits 5 and 6). */
const CERTIFICATE_SIGNING = bitString(Uint8Array.of(0x06), 1)

function extension(id: string, value: DerNode, critical: boolean = false): DerNode {
  const octets = octetString(encode(value))
  return critical ? sequence(oid(id), booleanTrue(), octets) : sequence(oid(id), octets)
}

/** A host name or address becomes dNSName [2] or iPAddress [7]. */
function hostName(name: string): DerNode {
  const address = ipOctets(name)
  return address ? implicit(7, address) : implicit(2, Buffer.from(name, 'latin1'))
}

/** What an end certificate says besides subject and key. */
export interface LeafProfile {
  /** Object identifier of the one purpose. */
  readonly purpose: string
  /** URI names. */
  readonly uris: readonly string[]
  /** Host names and IP addresses. */
  readonly hosts: readonly string[]
}

/**
 * The extensions of our CA: it signs end certificates only.
 *
 * @param keyId - Its key identifier, 20 octets.
 * @returns Extension nodes.
 */
export function authorityExtensions(keyId: Buffer): DerNode[] {
  const pathLength0 = integer(Uint8Array.of(0))
  return [
    extension(Oid.basicConstraints, sequence(booleanTrue(), pathLength0), true),
    extension(Oid.keyUsage, CERTIFICATE_SIGNING, true),
    extension(Oid.subjectKeyIdentifier, octetString(keyId)),
  ]
}

/**
 * The extensions of an end certificate.
 *
 * @param profile - Purpose and names.
 * @param keyId - Its key identifier, 20 octets.
 * @param authorityKeyId - The CA's.
 * @returns Extension nodes.
 */
export function leafExtensions(
  profile: LeafProfile,
  keyId: Buffer,
  authorityKeyId: Buffer,
): DerNode[] {
  const uris = profile.uris.map((uri) => implicit(6, Buffer.from(uri, 'latin1')))
  return [
    extension(Oid.basicConstraints, sequence(), true),
    extension(Oid.keyUsage, DIGITAL_SIGNATURE, true),
    extension(Oid.extKeyUsage, sequence(oid(profile.purpose))),
    extension(Oid.subjectAltName, sequence(...profile.hosts.map(hostName), ...uris)),
    extension(Oid.subjectKeyIdentifier, octetString(keyId)),
    extension(Oid.authorityKeyIdentifier, sequence(implicit(0, authorityKeyId))),
  ]
}
