/**
 * KERB-PA-PAC-REQUEST (MS-KILE 2.2.3) and PA-PAC-OPTIONS (MS-KILE 2.2.10).
 *
 *     KERB-PA-PAC-REQUEST ::= SEQUENCE {
 *             include-pac     [0] BOOLEAN
 *     }
 *     PA-PAC-OPTIONS ::= SEQUENCE {
 *             flags           [0] KerberosFlags
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  boolean,
  decodeWhole,
  inSequence,
  kerberosFlags,
  whole,
  writeBoolean,
  writeFlags,
} from './fields.ts'

/**
 * Encodes a KERB-PA-PAC-REQUEST.
 *
 * @param includePac - Whether the ticket is to carry a PAC.
 * @returns DER.
 */
export function encodePaPacRequest(includePac: boolean): Uint8Array {
  const w = new DerWriter().openSequence()
  writeBoolean(w, 0, includePac)
  return w.close().finish()
}

/**
 * Decodes a KERB-PA-PAC-REQUEST.
 *
 * @param octets - DER and nothing else.
 * @returns include-pac.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodePaPacRequest(octets: Uint8Array): boolean {
  return decodeWhole('KERB-PA-PAC-REQUEST', octets, readPaPacRequest)
}

function readPaPacRequest(reader: DerReader): boolean {
  return inSequence(reader, (sequence) => whole(sequence.context(0, 'include-pac'), boolean))
}

/**
 * Encodes a PA-PAC-OPTIONS.
 *
 * @param flags - Bits of PacOption.
 * @returns DER.
 */
export function encodePaPacOptions(flags: number): Uint8Array {
  const w = new DerWriter().openSequence()
  writeFlags(w, 0, flags)
  return w.close().finish()
}

/**
 * Decodes a PA-PAC-OPTIONS.
 *
 * @param octets - DER and nothing else.
 * @returns Bits of PacOption.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodePaPacOptions(octets: Uint8Array): number {
  return decodeWhole('PA-PAC-OPTIONS', octets, readPaPacOptions)
}

function readPaPacOptions(reader: DerReader): number {
  return inSequence(reader, (sequence) => whole(sequence.context(0, 'flags'), kerberosFlags))
}
