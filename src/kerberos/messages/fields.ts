/**
 * The few shapes of which every Kerberos message is made (RFC 4120 section 5.2): explicitly tagged fields of
 * integers, octets, strings, times and flags. Writers leave out a field whose value is undefined.
 *
 * @module
 */

import { Asn1Error, DerReader, Tag, type DerWriter } from '../../asn1/index.ts'
import { KerberosError } from '../errors.ts'
import { PVNO } from '../iana/index.ts'

/**
 * Decodes one whole message.
 *
 * @param name - Its name in the RFC, where an error's path begins.
 * @param octets - The message and nothing else.
 * @param read - Reads the message's outermost element.
 * @returns What `read` returned.
 * @throws KerberosError ERR_KRB_DECODE, with the path and offset in its text.
 */
export function decodeWhole<T>(
  name: string,
  octets: Uint8Array,
  read: (reader: DerReader) => T,
): T {
  try {
    return whole(new DerReader(octets, name), read)
  } catch (cause) {
    if (!(cause instanceof Asn1Error)) throw cause
    throw new KerberosError('ERR_KRB_DECODE', cause.message, { cause })
  }
}

/** Reads one value and refuses what is left over in the element. */
export function whole<T>(element: DerReader, read: (reader: DerReader) => T): T {
  const value = read(element)
  element.finish()
  return value
}

/** Reads `[n]` where it is the next element, else undefined. */
export function optional<T>(
  sequence: DerReader,
  [tagNumber, name]: readonly [number, string],
  read: (reader: DerReader) => T,
): T | undefined {
  return sequence.nextIsContext(tagNumber)
    ? whole(sequence.context(tagNumber, name), read)
    : undefined
}

/** Reads a SEQUENCE with nothing left over. */
export function inSequence<T>(reader: DerReader, read: (sequence: DerReader) => T): T {
  return whole(reader.sequence(), read)
}

/** Reads `[APPLICATION n] SEQUENCE` with nothing left over. */
export function inApplication<T>(
  reader: DerReader,
  tagNumber: number,
  read: (sequence: DerReader) => T,
): T {
  return whole(reader.application(tagNumber), (inner) => inSequence(inner, read))
}

/** Reads a SEQUENCE OF. */
export function sequenceOf<T>(reader: DerReader, read: (reader: DerReader) => T): T[] {
  const sequence = reader.sequence()
  const values: T[] = []
  while (!sequence.done) values.push(read(sequence))
  return values
}

/** Int32 (RFC 4120 section 5.2.4). */
export function int32(reader: DerReader): number {
  return inRange(reader, -0x80000000, 0x7fffffff)
}

/** UInt32; peers that write a high one as a negative Int32 are understood (RFC 4120 section 5.5.1). */
export function uint32(reader: DerReader): number {
  return inRange(reader, -0x80000000, 0xffffffff) >>> 0
}

/** Microseconds, 0 to 999999. */
export function microseconds(reader: DerReader): number {
  return inRange(reader, 0, 999_999)
}

function inRange(reader: DerReader, least: number, most: number): number {
  const value = reader.integer()
  if (value < least || value > most) {
    throw reader.fail('ERR_ASN1_VALUE', `${value} is not between ${least} and ${most}`)
  }
  return value
}

/** OCTET STRING, a view of the input. */
export function octets(reader: DerReader): Uint8Array {
  return reader.octetString()
}

/** KerberosString (RFC 4120 section 5.2.1): a GeneralString that holds UTF-8 in practice. */
export function kerberosString(reader: DerReader): string {
  return reader.string(Tag.GENERAL_STRING)
}

/** KerberosTime (RFC 4120 section 5.2.3), milliseconds since the epoch. */
export function kerberosTime(reader: DerReader): number {
  return reader.generalizedTime()
}

/**
 * KerberosFlags (RFC 4120 section 5.2.8): the first 32 bits as an unsigned number, bit 0 the highest. Where fewer came, as
 * RFC 1510 had it, the others are zero; those beyond mean nothing yet.
 */
export function kerberosFlags(reader: DerReader): number {
  const { octets } = reader.bitString()
  const [a = 0, b = 0, c = 0, d = 0] = octets
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

/** BOOLEAN. */
export function boolean(reader: DerReader): boolean {
  return reader.boolean()
}

/** Any one element, whole, a view of the input. */
export function rawElement(reader: DerReader): Uint8Array {
  return reader.any().raw
}

/** Reads a field that can have only one value, such as pvno. */
export function expectInteger(reader: DerReader, wanted: number): void {
  const value = reader.integer()
  if (value !== wanted) throw reader.fail('ERR_ASN1_VALUE', `${wanted} wanted, ${value} found`)
}

/** Reads pvno in `[first]` and msg-type in the tag after it, and refuses any other. */
export function readHeader(sequence: DerReader, first: number, messageType: number): void {
  whole(sequence.context(first, 'pvno'), (field) => {
    expectInteger(field, PVNO)
  })
  whole(sequence.context(first + 1, 'msg-type'), (field) => {
    expectInteger(field, messageType)
  })
}

/** Writes `[n] INTEGER`. */
export function writeInteger(w: DerWriter, tagNumber: number, value: number | undefined): void {
  if (value !== undefined) w.openContext(tagNumber).integer(value).close()
}

/** Writes `[n] OCTET STRING`. */
export function writeOctets(w: DerWriter, tagNumber: number, value: Uint8Array | undefined): void {
  if (value !== undefined) w.openContext(tagNumber).octetString(value).close()
}

/** Writes `[n] KerberosString`. */
export function writeString(w: DerWriter, tagNumber: number, value: string | undefined): void {
  if (value !== undefined) w.openContext(tagNumber).string(Tag.GENERAL_STRING, value).close()
}

/** Writes `[n] KerberosTime`; parts of a second are dropped. */
export function writeTime(w: DerWriter, tagNumber: number, timeMs: number | undefined): void {
  if (timeMs !== undefined) w.openContext(tagNumber).generalizedTime(timeMs).close()
}

/** Writes `[n] KerberosFlags`, 32 bits. */
export function writeFlags(w: DerWriter, tagNumber: number, flags: number | undefined): void {
  if (flags === undefined) return
  const bits = Uint8Array.of(flags >>> 24, flags >>> 16, flags >>> 8, flags)
  w.openContext(tagNumber).bitString(bits).close()
}

/** Writes `[n] BOOLEAN`. */
export function writeBoolean(w: DerWriter, tagNumber: number, value: boolean | undefined): void {
  if (value !== undefined) w.openContext(tagNumber).boolean(value).close()
}
