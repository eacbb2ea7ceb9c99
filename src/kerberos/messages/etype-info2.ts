/**
 * ETYPE-INFO2 (RFC 4120 section 5.2.7.5): how the client's key is made from its password.
 *
 *     ETYPE-INFO2 ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE {
 *             etype           [0] Int32,
 *             salt            [1] KerberosString OPTIONAL,
 *             s2kparams       [2] OCTET STRING OPTIONAL
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  decodeWhole,
  inSequence,
  int32,
  kerberosString,
  octets,
  optional,
  sequenceOf,
  whole,
  writeInteger,
  writeOctets,
  writeString,
} from './fields.ts'

/** One encryption type the client has a key of. */
export interface EtypeInfo2Entry {
  /** Encryption type. */
  readonly etype: number
  /** Salt; the default one when absent. */
  readonly salt?: string | undefined
  /** For AES the number of iterations, 32 bits big-endian. */
  readonly s2kparams?: Uint8Array | undefined
}

/**
 * Encodes ETYPE-INFO2.
 *
 * @param entries - In the KDC's order of preference.
 * @returns DER.
 */
export function encodeEtypeInfo2(entries: readonly EtypeInfo2Entry[]): Uint8Array {
  const w = new DerWriter().openSequence()
  for (const { etype, salt, s2kparams } of entries) {
    w.openSequence()
    writeInteger(w, 0, etype)
    writeString(w, 1, salt)
    writeOctets(w, 2, s2kparams)
    w.close()
  }
  return w.close().finish()
}

/**
 * Decodes ETYPE-INFO2.
 *
 * @param octets - DER and nothing else.
 * @returns The entries in the KDC's order of preference.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeEtypeInfo2(octets: Uint8Array): readonly EtypeInfo2Entry[] {
  return decodeWhole('ETYPE-INFO2', octets, (reader) => sequenceOf(reader, readEntry))
}

function readEntry(reader: DerReader): EtypeInfo2Entry {
  return inSequence(reader, (sequence) => ({
    etype: whole(sequence.context(0, 'etype'), int32),
    salt: optional(sequence, [1, 'salt'], kerberosString),
    s2kparams: optional(sequence, [2, 's2kparams'], octets),
  }))
}
