/**
 * The ASN.1 values that certificates and signing requests are made of, as node-forge nodes (RFC 5280, RFC 2986).
 *
 * @module
 */

import forge from 'node-forge'

/** A value that can be encoded. */
export type DerNode = forge.asn1.Asn1

const { Class, Type } = forge.asn1
/** The last millisecond that UTCTime can name in RFC 5280 section 4.1.2.5: later times are GeneralizedTime. */
const UTC_TIME_END_MS = Date.UTC(2050, 0, 1)

/** node-forge's types name every tag number as if it were universal; these are the ones that certificates need. */
const CONTEXT_TYPE: Readonly<Record<ContextTag, forge.asn1.Type>> = {
  0: Type.NONE,
  2: Type.INTEGER,
  3: Type.BITSTRING,
  6: Type.OID,
  7: Type.ODESC,
}

/** Tag numbers of `[n]` in certificates and signing requests. */
export type ContextTag = 0 | 2 | 3 | 6 | 7

const binary = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1')

const primitive = (type: forge.asn1.Type, value: string): DerNode =>
  forge.asn1.create(Class.UNIVERSAL, type, false, value)

/**
 * Encodes a node.
 *
 * @param node - What to encode.
 * @returns DER octets.
 */
export function encode(node: DerNode): Buffer {
  return Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1')
}

/**
 * Takes in a value that is already encoded.
 *
 * @param der - DER octets of our own making.
 * @returns The node.
 */
export function encoded(der: Uint8Array): DerNode {
  return forge.asn1.fromDer(binary(der))
}

/**
 * A SEQUENCE.
 *
 * @param children - Its elements.
 * @returns The node.
 */
export function sequence(...children: DerNode[]): DerNode {
  return forge.asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, children)
}

/**
 * `[n]`, constructed.
 *
 * @param tag - 0 to 30.
 * @param children - What it holds.
 * @returns The node.
 */
export function explicit(tag: ContextTag, ...children: DerNode[]): DerNode {
  return forge.asn1.create(Class.CONTEXT_SPECIFIC, CONTEXT_TYPE[tag], true, children)
}

/**
 * `[n] IMPLICIT` of a primitive type.
 *
 * @param tag - 0 to 30.
 * @param octets - Content octets.
 * @returns The node.
 */
export function implicit(tag: ContextTag, octets: Uint8Array): DerNode {
  return forge.asn1.create(Class.CONTEXT_SPECIFIC, CONTEXT_TYPE[tag], false, binary(octets))
}

/**
 * An OBJECT IDENTIFIER.
 *
 * @param dotted - Dotted decimal.
 * @returns The node.
 */
export function oid(dotted: string): DerNode {
  return primitive(Type.OID, forge.asn1.oidToDer(dotted).getBytes())
}

/**
 * An INTEGER.
 *
 * @param octets - Big-endian two's complement, minimal.
 * @returns The node.
 */
export function integer(octets: Uint8Array): DerNode {
  return primitive(Type.INTEGER, binary(octets))
}

/**
 * BOOLEAN TRUE; DER leaves FALSE out where it is the default.
 *
 * @returns The node.
 */
export function booleanTrue(): DerNode {
  return primitive(Type.BOOLEAN, '\u00ff')
}

/**
 * An OCTET STRING.
 *
 * @param octets - Its content.
 * @returns The node.
 */
export function octetString(octets: Uint8Array): DerNode {
  return primitive(Type.OCTETSTRING, binary(octets))
}

/**
 * A BIT STRING.
 *
 * @param octets - The bits; unused ones are zero.
 * @param unusedBits - How many low bits of the last octet do not count. Default 0.
 * @returns The node.
 */
export function bitString(octets: Uint8Array, unusedBits: number = 0): DerNode {
  return primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + binary(octets))
}

/**
 * A Name with a single commonName (2.5.4.3), UTF8String.
 *
 * @param text - 1 to 64 characters.
 * @returns The node.
 */
export function commonName(text: string): DerNode {
  const value = primitive(Type.UTF8, binary(Buffer.from(text, 'utf8')))
  const attribute = sequence(oid('2.5.4.3'), value)
  return sequence(forge.asn1.create(Class.UNIVERSAL, Type.SET, true, [attribute]))
}

/**
 * A Time (RFC 5280 section 4.1.2.5): UTCTime to the end of 2049, then GeneralizedTime.
 *
 * @param timeMs - Milliseconds since the epoch; parts of a second are cut off.
 * @returns The node.
 */
export function time(timeMs: number): DerNode {
  const text = new Date(timeMs).toISOString().replace(/[-:T]|[.]\d+/g, '')
  if (timeMs < UTC_TIME_END_MS) return primitive(Type.UTCTIME, text.slice(2))
  return primitive(Type.GENERALIZEDTIME, text)
}
