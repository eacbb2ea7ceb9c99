/**
 * AuthorizationData (RFC 4120 section 5.2.6).
 *
 *     AuthorizationData ::= SEQUENCE OF SEQUENCE {
 *             ad-type         [0] Int32,
 *             ad-data         [1] OCTET STRING
 *     }
 *     AD-IF-RELEVANT ::= AuthorizationData
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  decodeWhole,
  inSequence,
  int32,
  octets,
  sequenceOf,
  whole,
  writeInteger,
  writeOctets,
} from './fields.ts'

/** One element of AuthorizationData. */
export interface AuthorizationDataElement {
  /** RFC 4120 section 7.5.4. */
  readonly adType: number
  /** What the type says it is. */
  readonly adData: Uint8Array
}

/** AuthorizationData. */
export type AuthorizationData = readonly AuthorizationDataElement[]

function readElement(reader: DerReader): AuthorizationDataElement {
  return inSequence(reader, (sequence) => ({
    adType: whole(sequence.context(0, 'ad-type'), int32),
    adData: whole(sequence.context(1, 'ad-data'), octets),
  }))
}

/** Reads AuthorizationData. */
export function readAuthorizationData(reader: DerReader): AuthorizationData {
  return sequenceOf(reader, readElement)
}

/** Writes AuthorizationData. */
export function writeAuthorizationData(w: DerWriter, data: AuthorizationData): void {
  w.openSequence()
  for (const { adType, adData } of data) {
    w.openSequence()
    writeInteger(w, 0, adType)
    writeOctets(w, 1, adData)
    w.close()
  }
  w.close()
}

/**
 * Encodes AuthorizationData, for instance as the content of an AD-IF-RELEVANT.
 *
 * @param data - The elements.
 * @returns DER.
 */
export function encodeAuthorizationData(data: AuthorizationData): Uint8Array {
  const w = new DerWriter()
  writeAuthorizationData(w, data)
  return w.finish()
}

/**
 * Decodes AuthorizationData, for instance the content of an AD-IF-RELEVANT.
 *
 * @param octets - DER and nothing else.
 * @returns The elements; their data are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeAuthorizationData(octets: Uint8Array): AuthorizationData {
  return decodeWhole('AuthorizationData', octets, readAuthorizationData)
}
