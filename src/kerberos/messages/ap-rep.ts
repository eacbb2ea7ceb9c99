/**
 * AP-REP (RFC 4120 section 5.5.2): the service's proof that it could read the ticket.
 *
 *     AP-REP ::= [APPLICATION 15] SEQUENCE {
 *             pvno            [0] INTEGER (5),
 *             msg-type        [1] INTEGER (15),
 *             enc-part        [2] EncryptedData -- EncAPRepPart
 *     }
 *     EncAPRepPart ::= [APPLICATION 27] SEQUENCE {
 *             ctime           [0] KerberosTime,
 *             cusec           [1] Microseconds,
 *             subkey          [2] EncryptionKey OPTIONAL,
 *             seq-number      [3] UInt32 OPTIONAL
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { ApplicationTag, MessageType, PVNO } from '../iana/index.ts'
import {
  readEncryptedData,
  readEncryptionKey,
  writeEncryptedData,
  writeEncryptionKey,
  type EncryptedData,
  type EncryptionKey,
} from './encrypted-data.ts'
import {
  decodeWhole,
  inApplication,
  kerberosTime,
  microseconds,
  optional,
  readHeader,
  uint32,
  whole,
  writeInteger,
  writeTime,
} from './fields.ts'

/** A service's answer to an AP-REQ. */
export interface ApRep {
  /** EncAPRepPart under the ticket's session key, usage 12. */
  readonly encPart: EncryptedData
}

/** The encrypted part of an AP-REP. */
export interface EncApRepPart {
  /** ctime of the authenticator it answers. */
  readonly ctimeMs: number
  /** cusec of the authenticator it answers. */
  readonly cusec: number
  /** The acceptor's subkey. */
  readonly subkey?: EncryptionKey | undefined
  /** The acceptor's first sequence number. */
  readonly seqNumber?: number | undefined
}

/**
 * Encodes an AP-REP.
 *
 * @param message - The message.
 * @returns DER.
 */
export function encodeApRep(message: ApRep): Uint8Array {
  const w = new DerWriter().openApplication(MessageType.AP_REP).openSequence()
  writeInteger(w, 0, PVNO)
  writeInteger(w, 1, MessageType.AP_REP)
  writeEncryptedData(w, 2, message.encPart)
  return w.close(2).finish()
}

/**
 * Decodes an AP-REP.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its cipher is a view of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeApRep(octets: Uint8Array): ApRep {
  return decodeWhole('AP-REP', octets, readApRep)
}

function readApRep(reader: DerReader): ApRep {
  return inApplication(reader, MessageType.AP_REP, (sequence) => {
    readHeader(sequence, 0, MessageType.AP_REP)
    return { encPart: whole(sequence.context(2, 'enc-part'), readEncryptedData) }
  })
}

/**
 * Encodes an EncAPRepPart.
 *
 * @param part - The value.
 * @returns DER.
 */
export function encodeEncApRepPart(part: EncApRepPart): Uint8Array {
  const w = new DerWriter().openApplication(ApplicationTag.EncAPRepPart).openSequence()
  writeTime(w, 0, part.ctimeMs)
  writeInteger(w, 1, part.cusec)
  writeEncryptionKey(w, 2, part.subkey)
  writeInteger(w, 3, part.seqNumber)
  return w.close(2).finish()
}

/**
 * Decodes an EncAPRepPart.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeEncApRepPart(octets: Uint8Array): EncApRepPart {
  return decodeWhole('EncAPRepPart', octets, readEncApRepPart)
}

function readEncApRepPart(reader: DerReader): EncApRepPart {
  return inApplication(reader, ApplicationTag.EncAPRepPart, (sequence) => ({
    ctimeMs: whole(sequence.context(0, 'ctime'), kerberosTime),
    cusec: whole(sequence.context(1, 'cusec'), microseconds),
    subkey: optional(sequence, [2, 'subkey'], readEncryptionKey),
    seqNumber: optional(sequence, [3, 'seq-number'], uint32),
  }))
}
