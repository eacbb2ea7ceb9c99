/**
 * EncKDCRepPart (RFC 4120 section 5.4.2, RFC 6806 section 11 for [12]): what only the client can read in a reply.
 *
 *     EncASRepPart  ::= [APPLICATION 25] EncKDCRepPart
 *     EncTGSRepPart ::= [APPLICATION 26] EncKDCRepPart
 *     EncKDCRepPart ::= SEQUENCE {
 *             key                     [0] EncryptionKey,
 *             last-req                [1] LastReq,
 *             nonce                   [2] UInt32,
 *             key-expiration          [3] KerberosTime OPTIONAL,
 *             flags                   [4] TicketFlags,
 *             authtime                [5] KerberosTime,
 *             starttime               [6] KerberosTime OPTIONAL,
 *             endtime                 [7] KerberosTime,
 *             renew-till              [8] KerberosTime OPTIONAL,
 *             srealm                  [9] Realm,
 *             sname                   [10] PrincipalName,
 *             caddr                   [11] HostAddresses OPTIONAL,
 *             encrypted-pa-data       [12] SEQUENCE OF PA-DATA OPTIONAL
 *     }
 *     LastReq ::= SEQUENCE OF SEQUENCE {
 *             lr-type         [0] Int32,
 *             lr-value        [1] KerberosTime
 *     }
 *
 * @module
 */

import { applicationTag, DerWriter, type DerReader } from '../../asn1/index.ts'
import { ApplicationTag, MessageType } from '../iana/index.ts'
import { readEncryptionKey, writeEncryptionKey, type EncryptionKey } from './encrypted-data.ts'
import {
  decodeWhole,
  inApplication,
  inSequence,
  int32,
  kerberosFlags,
  kerberosString,
  kerberosTime,
  optional,
  sequenceOf,
  uint32,
  whole,
  writeFlags,
  writeInteger,
  writeString,
  writeTime,
} from './fields.ts'
import type { KdcRepType } from './kdc-rep.ts'
import { readHostAddresses, writeHostAddresses, type HostAddress } from './host-address.ts'
import { readMethodData, writePaDatas, type PaData } from './pa-data.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** One entry of LastReq. */
export interface LastReqEntry {
  /** RFC 4120 section 5.4.2. */
  readonly lrType: number
  /** Milliseconds since the epoch. */
  readonly lrValueMs: number
}

/** The encrypted part of a KDC's reply. */
export interface EncKdcRepPart {
  /** Session key. */
  readonly key: EncryptionKey
  /** Times of the client's last requests. */
  readonly lastReq: readonly LastReqEntry[]
  /** The request's nonce. */
  readonly nonce: number
  /** When the client's key expires, milliseconds since the epoch. */
  readonly keyExpirationMs?: number | undefined
  /** TicketFlags, bit 0 the highest. */
  readonly flags: number
  /** When the client authenticated. */
  readonly authTimeMs: number
  /** From when on the ticket is valid; authTimeMs when absent. */
  readonly startTimeMs?: number | undefined
  /** Until when the ticket is valid. */
  readonly endTimeMs: number
  /** Until when it can be renewed. */
  readonly renewTillMs?: number | undefined
  /** The service's realm. */
  readonly srealm: string
  /** The service. */
  readonly sname: PrincipalName
  /** Addresses the ticket is bound to. */
  readonly caddr?: readonly HostAddress[] | undefined
  /** Protected padata. */
  readonly encryptedPaData?: readonly PaData[] | undefined
}

/**
 * Encodes an EncASRepPart or EncTGSRepPart.
 *
 * @param part - The value.
 * @param tagNumber - 25 or 26.
 * @returns DER.
 */
export function encodeEncKdcRepPart(part: EncKdcRepPart, tagNumber: number): Uint8Array {
  const w = new DerWriter().openApplication(tagNumber).openSequence()
  writeEncryptionKey(w, 0, part.key)
  w.openContext(1).openSequence()
  for (const { lrType, lrValueMs } of part.lastReq) {
    w.openSequence()
    writeInteger(w, 0, lrType)
    writeTime(w, 1, lrValueMs)
    w.close()
  }
  w.close(2)
  writeInteger(w, 2, part.nonce)
  writeTime(w, 3, part.keyExpirationMs)
  writeFlags(w, 4, part.flags)
  writeTime(w, 5, part.authTimeMs)
  writeTime(w, 6, part.startTimeMs)
  writeTime(w, 7, part.endTimeMs)
  writeTime(w, 8, part.renewTillMs)
  writeString(w, 9, part.srealm)
  writeName(w, 10, part.sname)
  writeHostAddresses(w, 11, part.caddr)
  writePaDatas(w, 12, part.encryptedPaData)
  return w.close(2).finish()
}

/**
 * Decodes an EncASRepPart or EncTGSRepPart.
 *
 * @param octets - DER and nothing else.
 * @param msgType - Of the reply it is a part of. Default AS-REP.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeEncKdcRepPart(
  octets: Uint8Array,
  msgType: KdcRepType = MessageType.AS_REP,
): EncKdcRepPart {
  return decodeWhole('EncKDCRepPart', octets, (reader) => readEncKdcRepPart(reader, msgType))
}

function readEncKdcRepPart(reader: DerReader, msgType: KdcRepType): EncKdcRepPart {
  // RFC 4120 section 5.4.2: some KDCs tag an AS reply's part 26, not 25; there, accept both.
  const mayBeAs = msgType === MessageType.AS_REP
  const isAs = mayBeAs && reader.peek() === applicationTag(ApplicationTag.EncASRepPart)
  const tagNumber = isAs ? ApplicationTag.EncASRepPart : ApplicationTag.EncTGSRepPart
  return inApplication(reader, tagNumber, readFields)
}

function readFields(sequence: DerReader): EncKdcRepPart {
  return {
    key: whole(sequence.context(0, 'key'), readEncryptionKey),
    lastReq: whole(sequence.context(1, 'last-req'), readLastReq),
    nonce: whole(sequence.context(2, 'nonce'), uint32),
    keyExpirationMs: optional(sequence, [3, 'key-expiration'], kerberosTime),
    flags: whole(sequence.context(4, 'flags'), kerberosFlags),
    authTimeMs: whole(sequence.context(5, 'authtime'), kerberosTime),
    startTimeMs: optional(sequence, [6, 'starttime'], kerberosTime),
    endTimeMs: whole(sequence.context(7, 'endtime'), kerberosTime),
    renewTillMs: optional(sequence, [8, 'renew-till'], kerberosTime),
    srealm: whole(sequence.context(9, 'srealm'), kerberosString),
    sname: whole(sequence.context(10, 'sname'), readPrincipalName),
    caddr: optional(sequence, [11, 'caddr'], readHostAddresses),
    encryptedPaData: optional(sequence, [12, 'encrypted-pa-data'], readMethodData),
  }
}

function readLastReq(field: DerReader): readonly LastReqEntry[] {
  return sequenceOf(field, (reader) =>
    inSequence(reader, (entry) => ({
      lrType: whole(entry.context(0, 'lr-type'), int32),
      lrValueMs: whole(entry.context(1, 'lr-value'), kerberosTime),
    })),
  )
}
