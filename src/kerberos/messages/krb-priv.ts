/**
 * KRB-PRIV (RFC 4120 section 5.7.1): a message of the application under a session key.
 *
 *     KRB-PRIV ::= [APPLICATION 21] SEQUENCE {
 *             pvno            [0] INTEGER (5),
 *             msg-type        [1] INTEGER (21),
 *                             -- NOTE: there is no [2] tag
 *             enc-part        [3] EncryptedData -- EncKrbPrivPart
 *     }
 *     EncKrbPrivPart ::= [APPLICATION 28] SEQUENCE {
 *             user-data       [0] OCTET STRING,
 *             timestamp       [1] KerberosTime OPTIONAL,
 *             usec            [2] Microseconds OPTIONAL,
 *             seq-number      [3] UInt32 OPTIONAL,
 *             s-address       [4] HostAddress -- sender's addr --,
 *             r-address       [5] HostAddress OPTIONAL -- recip's addr
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { ApplicationTag, MessageType, PVNO } from '../iana/index.ts'
import { readEncryptedData, writeEncryptedData, type EncryptedData } from './encrypted-data.ts'
import {
  decodeWhole,
  inApplication,
  kerberosTime,
  microseconds,
  octets,
  optional,
  readHeader,
  uint32,
  whole,
  writeInteger,
  writeOctets,
  writeTime,
} from './fields.ts'
import { readHostAddress, writeHostAddress, type HostAddress } from './host-address.ts'

/** A sealed message. */
export interface KrbPriv {
  /** EncKrbPrivPart under the session key or subkey, usage 13. */
  readonly encPart: EncryptedData
}

/** What is sealed. */
export interface EncKrbPrivPart {
  /** The application's message. */
  readonly userData: Uint8Array
  /** When it was sent, whole seconds, milliseconds since the epoch. */
  readonly timestampMs?: number | undefined
  /** Microseconds that belong to timestampMs. */
  readonly usec?: number | undefined
  /** The sender's sequence number. */
  readonly seqNumber?: number | undefined
  /** The sender. */
  readonly senderAddress: HostAddress
  /** The recipient. */
  readonly recipientAddress?: HostAddress | undefined
}

/**
 * Encodes a KRB-PRIV.
 *
 * @param message - The message.
 * @returns DER.
 */
export function encodeKrbPriv(message: KrbPriv): Uint8Array {
  const w = new DerWriter().openApplication(MessageType.KRB_PRIV).openSequence()
  writeInteger(w, 0, PVNO)
  writeInteger(w, 1, MessageType.KRB_PRIV)
  writeEncryptedData(w, 3, message.encPart)
  return w.close(2).finish()
}

/**
 * Decodes a KRB-PRIV.
 *
 * @param message - DER and nothing else.
 * @returns The value; its cipher is a view of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeKrbPriv(message: Uint8Array): KrbPriv {
  return decodeWhole('KRB-PRIV', message, readKrbPriv)
}

function readKrbPriv(reader: DerReader): KrbPriv {
  return inApplication(reader, MessageType.KRB_PRIV, (sequence) => {
    readHeader(sequence, 0, MessageType.KRB_PRIV)
    return { encPart: whole(sequence.context(3, 'enc-part'), readEncryptedData) }
  })
}

/**
 * Encodes an EncKrbPrivPart.
 *
 * @param part - The value.
 * @returns DER.
 */
export function encodeEncKrbPrivPart(part: EncKrbPrivPart): Uint8Array {
  const w = new DerWriter(part.userData.length + 64)
  w.openApplication(ApplicationTag.EncKrbPrivPart).openSequence()
  writeOctets(w, 0, part.userData)
  writeTime(w, 1, part.timestampMs)
  writeInteger(w, 2, part.usec)
  writeInteger(w, 3, part.seqNumber)
  writeHostAddress(w, 4, part.senderAddress)
  if (part.recipientAddress !== undefined) writeHostAddress(w, 5, part.recipientAddress)
  return w.close(2).finish()
}

/**
 * Decodes an EncKrbPrivPart.
 *
 * @param part - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeEncKrbPrivPart(part: Uint8Array): EncKrbPrivPart {
  return decodeWhole('EncKrbPrivPart', part, readEncKrbPrivPart)
}

function readEncKrbPrivPart(reader: DerReader): EncKrbPrivPart {
  return inApplication(reader, ApplicationTag.EncKrbPrivPart, (sequence) => ({
    userData: whole(sequence.context(0, 'user-data'), octets),
    timestampMs: optional(sequence, [1, 'timestamp'], kerberosTime),
    usec: optional(sequence, [2, 'usec'], microseconds),
    seqNumber: optional(sequence, [3, 'seq-number'], uint32),
    senderAddress: whole(sequence.context(4, 's-address'), readHostAddress),
    recipientAddress: optional(sequence, [5, 'r-address'], readHostAddress),
  }))
}
