/**
 * PA-ENC-TIMESTAMP (RFC 4120 section 5.2.7.2): an EncryptedData of this, under the client's key, usage 1.
 *
 *     PA-ENC-TS-ENC ::= SEQUENCE {
 *             patimestamp     [0] KerberosTime,
 *             pausec          [1] Microseconds OPTIONAL
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  decodeWhole,
  inSequence,
  kerberosTime,
  microseconds,
  optional,
  whole,
  writeInteger,
  writeTime,
} from './fields.ts'

/** The client's time. */
export interface PaEncTsEnc {
  /** Whole seconds, as milliseconds since the epoch. */
  readonly patimestampMs: number
  /** Microseconds that belong to it. */
  readonly pausec?: number | undefined
}

/**
 * Encodes a PA-ENC-TS-ENC.
 *
 * @param value - The time.
 * @returns DER.
 */
export function encodePaEncTsEnc(value: PaEncTsEnc): Uint8Array {
  const w = new DerWriter().openSequence()
  writeTime(w, 0, value.patimestampMs)
  writeInteger(w, 1, value.pausec)
  return w.close().finish()
}

/**
 * Decodes a PA-ENC-TS-ENC.
 *
 * @param octets - DER and nothing else.
 * @returns The time.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodePaEncTsEnc(octets: Uint8Array): PaEncTsEnc {
  return decodeWhole('PA-ENC-TS-ENC', octets, readPaEncTsEnc)
}

function readPaEncTsEnc(reader: DerReader): PaEncTsEnc {
  return inSequence(reader, (sequence) => ({
    patimestampMs: whole(sequence.context(0, 'patimestamp'), kerberosTime),
    pausec: optional(sequence, [1, 'pausec'], microseconds),
  }))
}
