/**
 * EncryptedData, EncryptionKey and Checksum (RFC 4120 section 5.2.9).
 *
 *     EncryptedData ::= SEQUENCE {
 *             etype   [0] Int32,
 *             kvno    [1] UInt32 OPTIONAL,
 *             cipher  [2] OCTET STRING
 *     }
 *     EncryptionKey ::= SEQUENCE {
 *             keytype   [0] Int32,
 *             keyvalue  [1] OCTET STRING
 *     }
 *     Checksum ::= SEQUENCE {
 *             cksumtype [0] Int32,
 *             checksum  [1] OCTET STRING
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  decodeWhole,
  inSequence,
  int32,
  octets,
  optional,
  uint32,
  whole,
  writeInteger,
  writeOctets,
} from './fields.ts'

/** What was encrypted. */
export interface EncryptedData {
  /** Encryption type. */
  readonly etype: number
  /** Version of the key, where it is a long-term key. */
  readonly kvno?: number | undefined
  /** Cipher octets. */
  readonly cipher: Uint8Array
}

/** A key. */
export interface EncryptionKey {
  /** Encryption type; `keytype` in the RFC. */
  readonly etype: number
  /** Key octets; `keyvalue` in the RFC. */
  readonly value: Uint8Array
}

/** A checksum. */
export interface Checksum {
  /** Checksum type. */
  readonly cksumtype: number
  /** The checksum's octets. */
  readonly checksum: Uint8Array
}

/** Reads an EncryptedData. */
export function readEncryptedData(reader: DerReader): EncryptedData {
  return inSequence(reader, (sequence) => ({
    etype: whole(sequence.context(0, 'etype'), int32),
    kvno: optional(sequence, [1, 'kvno'], uint32),
    cipher: whole(sequence.context(2, 'cipher'), octets),
  }))
}

/** Writes `[n] EncryptedData`, or nothing for undefined. */
export function writeEncryptedData(
  w: DerWriter,
  tagNumber: number,
  data: EncryptedData | undefined,
): void {
  if (data === undefined) return
  w.openContext(tagNumber).openSequence()
  writeInteger(w, 0, data.etype)
  writeInteger(w, 1, data.kvno)
  writeOctets(w, 2, data.cipher)
  w.close(2)
}

/**
 * Encodes an EncryptedData, as PA-ENC-TIMESTAMP holds it.
 *
 * @param data - What was encrypted.
 * @returns DER.
 */
export function encodeEncryptedData(data: EncryptedData): Uint8Array {
  const w = new DerWriter().openSequence()
  writeInteger(w, 0, data.etype)
  writeInteger(w, 1, data.kvno)
  writeOctets(w, 2, data.cipher)
  return w.close().finish()
}

/**
 * Decodes an EncryptedData.
 *
 * @param octets - DER and nothing else.
 * @returns The value; the cipher is a view of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeEncryptedData(octets: Uint8Array): EncryptedData {
  return decodeWhole('EncryptedData', octets, readEncryptedData)
}

/** Reads an EncryptionKey. */
export function readEncryptionKey(reader: DerReader): EncryptionKey {
  return inSequence(reader, (sequence) => ({
    etype: whole(sequence.context(0, 'keytype'), int32),
    value: whole(sequence.context(1, 'keyvalue'), octets),
  }))
}

/** Writes `[n] EncryptionKey`, or nothing for undefined. */
export function writeEncryptionKey(
  w: DerWriter,
  tagNumber: number,
  key: EncryptionKey | undefined,
): void {
  if (key === undefined) return
  w.openContext(tagNumber).openSequence()
  writeInteger(w, 0, key.etype)
  writeOctets(w, 1, key.value)
  w.close(2)
}

/** Reads a Checksum. */
export function readChecksum(reader: DerReader): Checksum {
  return inSequence(reader, (sequence) => ({
    cksumtype: whole(sequence.context(0, 'cksumtype'), int32),
    checksum: whole(sequence.context(1, 'checksum'), octets),
  }))
}

/** Writes `[n] Checksum`, or nothing for undefined. */
export function writeChecksum(
  w: DerWriter,
  tagNumber: number,
  checksum: Checksum | undefined,
): void {
  if (checksum === undefined) return
  w.openContext(tagNumber).openSequence()
  writeInteger(w, 0, checksum.cksumtype)
  writeOctets(w, 1, checksum.checksum)
  w.close(2)
}

/**
 * Encodes a Checksum, as PA-REQ-ENC-PA-REP holds it (RFC 6806 section 11).
 *
 * @param checksum - The checksum.
 * @returns DER.
 */
export function encodeChecksum({ cksumtype, checksum }: Checksum): Uint8Array {
  const w = new DerWriter().openSequence()
  writeInteger(w, 0, cksumtype)
  writeOctets(w, 1, checksum)
  return w.close().finish()
}

/**
 * Decodes a Checksum.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are a view of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeChecksum(octets: Uint8Array): Checksum {
  return decodeWhole('Checksum', octets, readChecksum)
}
