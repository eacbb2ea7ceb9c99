/**
 * What a KRB-ERROR's e-data says besides the error code: TYPED-DATA (RFC 4120 section 5.9.1), and the NTSTATUS of
 * Active Directory in KERB-ERROR-DATA (MS-KILE 2.2.1, 2.2.2).
 *
 *     TYPED-DATA ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE {
 *             data-type       [0] Int32,
 *             data-value      [1] OCTET STRING OPTIONAL
 *     }
 *     KERB-ERROR-DATA ::= SEQUENCE {
 *             data-type       [1] INTEGER,
 *             data-value      [2] OCTET STRING OPTIONAL
 *     }
 *     KERB-EXT-ERROR: status, reserved, flags, each an unsigned 32-bit integer, little-endian
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { KerberosError } from '../errors.ts'
import { PaType } from '../iana/index.ts'
import {
  decodeWhole,
  inSequence,
  int32,
  octets,
  optional,
  sequenceOf,
  whole,
  writeInteger,
  writeOctets,
} from './fields.ts'
import { decodeMethodData, findPaData } from './pa-data.ts'

/** data-type of a KERB-ERROR-DATA that holds a KERB-EXT-ERROR. */
const KERB_ERR_TYPE_EXTENDED = 3
const EXT_ERROR_OCTETS = 12

/** A typed piece of e-data. */
export interface TypedData {
  /** What kind. */
  readonly dataType: number
  /** What the type says it is. */
  readonly dataValue?: Uint8Array | undefined
}

/**
 * Encodes TYPED-DATA.
 *
 * @param pieces - The pieces, at least one.
 * @returns DER.
 */
export function encodeTypedData(pieces: readonly TypedData[]): Uint8Array {
  const w = new DerWriter().openSequence()
  for (const { dataType, dataValue } of pieces) {
    w.openSequence()
    writeInteger(w, 0, dataType)
    writeOctets(w, 1, dataValue)
    w.close()
  }
  return w.close().finish()
}

/**
 * Decodes TYPED-DATA.
 *
 * @param octets - DER and nothing else.
 * @returns The pieces; values are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeTypedData(octets: Uint8Array): readonly TypedData[] {
  return decodeWhole('TYPED-DATA', octets, (reader) => sequenceOf(reader, readTypedData))
}

function readTypedData(reader: DerReader): TypedData {
  return inSequence(reader, (sequence) => ({
    dataType: whole(sequence.context(0, 'data-type'), int32),
    dataValue: optional(sequence, [1, 'data-value'], octets),
  }))
}

/**
 * Encodes a KERB-ERROR-DATA that holds an NTSTATUS.
 *
 * @param ntStatus - Unsigned 32-bit.
 * @returns DER.
 */
export function encodeKerbErrorData(ntStatus: number): Uint8Array {
  const value = new Uint8Array(EXT_ERROR_OCTETS)
  const view = new DataView(value.buffer)
  view.setUint32(0, ntStatus, true)
  view.setUint32(8, 1, true)
  const w = new DerWriter().openSequence()
  writeInteger(w, 1, KERB_ERR_TYPE_EXTENDED)
  writeOctets(w, 2, value)
  return w.close().finish()
}

/**
 * Finds the NTSTATUS in e-data. E-data only explains, so what cannot be read is passed over.
 *
 * @param eData - e-data of a KRB-ERROR.
 * @returns Unsigned 32-bit, or undefined where there is none.
 */
export function findNtStatus(eData: Uint8Array): number | undefined {
  return fromKerbErrorData(eData) ?? fromMethodData(eData)
}

function fromKerbErrorData(eData: Uint8Array): number | undefined {
  return unlessUnreadable(() =>
    decodeWhole('KERB-ERROR-DATA', eData, (reader) => inSequence(reader, readExtended)),
  )
}

function readExtended(sequence: DerReader): number | undefined {
  const type = whole(sequence.context(1, 'data-type'), int32)
  const value = optional(sequence, [2, 'data-value'], octets)
  return type === KERB_ERR_TYPE_EXTENDED && value !== undefined ? extError(value) : undefined
}

/** Windows and Samba answer some AS requests with METHOD-DATA whose PA-PW-SALT is a KERB-EXT-ERROR. */
function fromMethodData(eData: Uint8Array): number | undefined {
  return unlessUnreadable(() => {
    const salt = findPaData(decodeMethodData(eData), PaType.PA_PW_SALT)
    return salt === undefined ? undefined : extError(salt)
  })
}

function extError(value: Uint8Array): number | undefined {
  if (value.length !== EXT_ERROR_OCTETS) return undefined
  return new DataView(value.buffer, value.byteOffset).getUint32(0, true)
}

function unlessUnreadable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof KerberosError) return undefined
    throw error
  }
}
