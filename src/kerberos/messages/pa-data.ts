/**
 * PA-DATA and METHOD-DATA (RFC 4120 sections 5.2.7 and 5.9.1).
 *
 *     PA-DATA ::= SEQUENCE {
 *             -- NOTE: first tag is [1], not [0]
 *             padata-type     [1] Int32,
 *             padata-value    [2] OCTET STRING
 *     }
 *     METHOD-DATA ::= SEQUENCE OF PA-DATA
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

/** One piece of pre-authentication data. */
export interface PaData {
  /** RFC 4120 section 7.5.2. */
  readonly padataType: number
  /** What the type says it is. */
  readonly padataValue: Uint8Array
}

function readPaData(reader: DerReader): PaData {
  return inSequence(reader, (sequence) => ({
    padataType: whole(sequence.context(1, 'padata-type'), int32),
    padataValue: whole(sequence.context(2, 'padata-value'), octets),
  }))
}

/** Reads METHOD-DATA. */
export function readMethodData(reader: DerReader): readonly PaData[] {
  return sequenceOf(reader, readPaData)
}

/** Writes `[n] SEQUENCE OF PA-DATA`, or nothing for undefined. */
export function writePaDatas(
  w: DerWriter,
  tagNumber: number,
  padata: readonly PaData[] | undefined,
): void {
  if (padata === undefined) return
  w.openContext(tagNumber)
  writeMethodData(w, padata)
  w.close()
}

function writeMethodData(w: DerWriter, padata: readonly PaData[]): void {
  w.openSequence()
  for (const { padataType, padataValue } of padata) {
    w.openSequence()
    writeInteger(w, 1, padataType)
    writeOctets(w, 2, padataValue)
    w.close()
  }
  w.close()
}

/**
 * Encodes METHOD-DATA, the e-data of KDC_ERR_PREAUTH_REQUIRED.
 *
 * @param padata - The methods.
 * @returns DER.
 */
export function encodeMethodData(padata: readonly PaData[]): Uint8Array {
  const w = new DerWriter()
  writeMethodData(w, padata)
  return w.finish()
}

/**
 * Decodes METHOD-DATA.
 *
 * @param octets - DER and nothing else.
 * @returns The methods; values are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeMethodData(octets: Uint8Array): readonly PaData[] {
  return decodeWhole('METHOD-DATA', octets, readMethodData)
}

/**
 * The first piece of a type.
 *
 * @param padata - Where to look; absent padata is empty.
 * @param padataType - Which type.
 * @returns Its value, or undefined.
 */
export function findPaData(
  padata: readonly PaData[] | undefined,
  padataType: number,
): Uint8Array | undefined {
  return padata?.find((piece) => piece.padataType === padataType)?.padataValue
}
