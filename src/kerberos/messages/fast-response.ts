/**
 * PA-FX-FAST in a reply or in a KRB-ERROR's e-data (RFC 6113 section 5.4.3).
 *
 *     PA-FX-FAST-REPLY ::= CHOICE {
 *             armored-data    [0] KrbFastArmoredRep, ...
 *     }
 *     KrbFastArmoredRep ::= SEQUENCE {
 *             enc-fast-rep    [0] EncryptedData, -- KrbFastResponse
 *             ...
 *     }
 *     KrbFastResponse ::= SEQUENCE {
 *             padata          [0] SEQUENCE OF PA-DATA,
 *             strengthen-key  [1] EncryptionKey OPTIONAL,
 *             finished        [2] KrbFastFinished OPTIONAL,
 *             nonce           [3] UInt32,
 *             ...
 *     }
 *     KrbFastFinished ::= SEQUENCE {
 *             timestamp       [0] KerberosTime,
 *             usec            [1] Microseconds,
 *             crealm          [2] Realm,
 *             cname           [3] PrincipalName,
 *             ticket-checksum [4] Checksum,
 *             ...
 *     }
 *
 * Later fields (the dots) are passed over, as the text's extension markers want it.
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  readChecksum,
  readEncryptedData,
  readEncryptionKey,
  writeChecksum,
  writeEncryptedData,
  writeEncryptionKey,
  type Checksum,
  type EncryptedData,
  type EncryptionKey,
} from './encrypted-data.ts'
import {
  decodeWhole,
  kerberosString,
  kerberosTime,
  microseconds,
  optional,
  uint32,
  whole,
  writeInteger,
  writeString,
  writeTime,
} from './fields.ts'
import { readMethodData, writePaDatas, type PaData } from './pa-data.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** Ends a conversation: names and ticket under the armour key. */
export interface KrbFastFinished {
  /** The KDC's time, milliseconds since the epoch. */
  readonly timestampMs: number
  /** Microseconds that belong to timestampMs. */
  readonly usec: number
  /** The client's realm. */
  readonly crealm: string
  /** The client. */
  readonly cname: PrincipalName
  /** Over the DER of the Ticket, usage 53. */
  readonly ticketChecksum: Checksum
}

/** What a KDC answers under the armour key. */
export interface KrbFastResponse {
  /** Stands in for the outer padata. */
  readonly padata: readonly PaData[]
  /** Goes into the reply key. */
  readonly strengthenKey?: EncryptionKey | undefined
  /** With a ticket only. */
  readonly finished?: KrbFastFinished | undefined
  /** The nonce of the armoured KDC-REQ-BODY. */
  readonly nonce: number
}

/**
 * Encodes a PA-FX-FAST-REPLY.
 *
 * @param encFastRep - KrbFastResponse, usage 52.
 * @returns DER.
 */
export function encodePaFxFastReply(encFastRep: EncryptedData): Uint8Array {
  const w = new DerWriter(1024).openContext(0).openSequence()
  writeEncryptedData(w, 0, encFastRep)
  return w.close(2).finish()
}

/**
 * Decodes a PA-FX-FAST-REPLY.
 *
 * @param octets - DER and nothing else.
 * @returns enc-fast-rep; its cipher is a view of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodePaFxFastReply(octets: Uint8Array): EncryptedData {
  return decodeWhole('PA-FX-FAST-REPLY', octets, (reader) =>
    whole(reader.context(0, 'armored-data'), (field) =>
      extensible(field, (sequence) =>
        whole(sequence.context(0, 'enc-fast-rep'), readEncryptedData),
      ),
    ),
  )
}

/**
 * Encodes a KrbFastResponse.
 *
 * @param response - The response.
 * @returns DER.
 */
export function encodeKrbFastResponse(response: KrbFastResponse): Uint8Array {
  const w = new DerWriter(1024).openSequence()
  writePaDatas(w, 0, response.padata)
  writeEncryptionKey(w, 1, response.strengthenKey)
  if (response.finished !== undefined) {
    w.openContext(2)
    writeFinished(w, response.finished)
    w.close()
  }
  writeInteger(w, 3, response.nonce)
  return w.close().finish()
}

function writeFinished(w: DerWriter, finished: KrbFastFinished): void {
  w.openSequence()
  writeTime(w, 0, finished.timestampMs)
  writeInteger(w, 1, finished.usec)
  writeString(w, 2, finished.crealm)
  writeName(w, 3, finished.cname)
  writeChecksum(w, 4, finished.ticketChecksum)
  w.close()
}

/**
 * Decodes a KrbFastResponse.
 *
 * @param octets - DER and nothing else.
 * @returns The response; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeKrbFastResponse(octets: Uint8Array): KrbFastResponse {
  return decodeWhole('KrbFastResponse', octets, (reader) => extensible(reader, readResponse))
}

function readResponse(sequence: DerReader): KrbFastResponse {
  return {
    padata: whole(sequence.context(0, 'padata'), readMethodData),
    strengthenKey: optional(sequence, [1, 'strengthen-key'], readEncryptionKey),
    finished: optional(sequence, [2, 'finished'], (field) => extensible(field, readFinished)),
    nonce: whole(sequence.context(3, 'nonce'), uint32),
  }
}

function readFinished(sequence: DerReader): KrbFastFinished {
  return {
    timestampMs: whole(sequence.context(0, 'timestamp'), kerberosTime),
    usec: whole(sequence.context(1, 'usec'), microseconds),
    crealm: whole(sequence.context(2, 'crealm'), kerberosString),
    cname: whole(sequence.context(3, 'cname'), readPrincipalName),
    ticketChecksum: whole(sequence.context(4, 'ticket-checksum'), readChecksum),
  }
}

/** Reads a SEQUENCE and passes over what a later version of the text put behind the known fields. */
function extensible<T>(reader: DerReader, read: (sequence: DerReader) => T): T {
  const sequence = reader.sequence()
  const value = read(sequence)
  while (!sequence.done) sequence.any()
  return value
}
