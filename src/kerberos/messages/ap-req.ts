/**
 * AP-REQ (RFC 4120 section 5.5.1): a ticket and the proof that its session key is known.
 *
 *     AP-REQ ::= [APPLICATION 14] SEQUENCE {
 *             pvno            [0] INTEGER (5),
 *             msg-type        [1] INTEGER (14),
 *             ap-options      [2] APOptions,
 *             ticket          [3] Ticket,
 *             authenticator   [4] EncryptedData -- Authenticator
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { MessageType, PVNO } from '../iana/index.ts'
import { readEncryptedData, writeEncryptedData, type EncryptedData } from './encrypted-data.ts'
import {
  decodeWhole,
  inApplication,
  kerberosFlags,
  rawElement,
  readHeader,
  whole,
  writeFlags,
  writeInteger,
} from './fields.ts'

/** A client's first message to a service. */
export interface ApReq {
  /** APOptions, bit 0 the highest. */
  readonly apOptions: number
  /** DER of the Ticket. */
  readonly ticket: Uint8Array
  /** Authenticator under the ticket's session key: usage 11, or 7 towards a KDC. */
  readonly authenticator: EncryptedData
}

/**
 * Encodes an AP-REQ.
 *
 * @param message - The message.
 * @returns DER.
 */
export function encodeApReq(message: ApReq): Uint8Array {
  const w = new DerWriter(message.ticket.length + message.authenticator.cipher.length + 64)
  w.openApplication(MessageType.AP_REQ).openSequence()
  writeInteger(w, 0, PVNO)
  writeInteger(w, 1, MessageType.AP_REQ)
  writeFlags(w, 2, message.apOptions)
  w.openContext(3).raw(message.ticket).close()
  writeEncryptedData(w, 4, message.authenticator)
  return w.close(2).finish()
}

/**
 * Decodes an AP-REQ; the ticket stays DER.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeApReq(octets: Uint8Array): ApReq {
  return decodeWhole('AP-REQ', octets, readApReq)
}

function readApReq(reader: DerReader): ApReq {
  return inApplication(reader, MessageType.AP_REQ, readFields)
}

function readFields(sequence: DerReader): ApReq {
  readHeader(sequence, 0, MessageType.AP_REQ)
  return {
    apOptions: whole(sequence.context(2, 'ap-options'), kerberosFlags),
    ticket: whole(sequence.context(3, 'ticket'), rawElement),
    authenticator: whole(sequence.context(4, 'authenticator'), readEncryptedData),
  }
}
