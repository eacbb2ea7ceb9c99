/**
 * KDC-REQ-BODY (RFC 4120 section 5.4.1).
 *
 *     KDC-REQ-BODY ::= SEQUENCE {
 *             kdc-options             [0] KDCOptions,
 *             cname                   [1] PrincipalName OPTIONAL, -- only in AS-REQ
 *             realm                   [2] Realm, -- the server's; in an AS-REQ also the client's
 *             sname                   [3] PrincipalName OPTIONAL,
 *             from                    [4] KerberosTime OPTIONAL,
 *             till                    [5] KerberosTime,
 *             rtime                   [6] KerberosTime OPTIONAL,
 *             nonce                   [7] UInt32,
 *             etype                   [8] SEQUENCE OF Int32, -- in order of preference
 *             addresses               [9] HostAddresses OPTIONAL,
 *             enc-authorization-data  [10] EncryptedData OPTIONAL,
 *             additional-tickets      [11] SEQUENCE OF Ticket OPTIONAL
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { readEncryptedData, writeEncryptedData, type EncryptedData } from './encrypted-data.ts'
import {
  decodeWhole,
  inSequence,
  int32,
  kerberosFlags,
  kerberosString,
  kerberosTime,
  optional,
  rawElement,
  sequenceOf,
  uint32,
  whole,
  writeFlags,
  writeInteger,
  writeString,
  writeTime,
} from './fields.ts'
import { readHostAddresses, writeHostAddresses, type HostAddress } from './host-address.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** What is asked of a KDC. */
export interface KdcReqBody {
  /** KDCOptions, bit 0 the highest. */
  readonly kdcOptions: number
  /** The client, in an AS-REQ alone. */
  readonly cname?: PrincipalName | undefined
  /** The server's realm. */
  readonly realm: string
  /** The service. */
  readonly sname?: PrincipalName | undefined
  /** Wanted start, milliseconds since the epoch. */
  readonly fromMs?: number | undefined
  /** Wanted end. */
  readonly tillMs: number
  /** Wanted end of renewals. */
  readonly rtimeMs?: number | undefined
  /** Comes back in the reply's encrypted part. */
  readonly nonce: number
  /** Encryption types in order of preference. */
  readonly etype: readonly number[]
  /** Addresses to bind the ticket to. */
  readonly addresses?: readonly HostAddress[] | undefined
  /** AuthorizationData to put into the ticket. */
  readonly encAuthorizationData?: EncryptedData | undefined
  /** DER of each Ticket; the evidence of an S4U2Proxy. */
  readonly additionalTickets?: readonly Uint8Array[] | undefined
}

/**
 * Encodes a KDC-REQ-BODY.
 *
 * @param body - The body.
 * @returns DER.
 */
export function encodeKdcReqBody(body: KdcReqBody): Uint8Array {
  const w = new DerWriter(2048).openSequence()
  writeFlags(w, 0, body.kdcOptions)
  writeName(w, 1, body.cname)
  writeString(w, 2, body.realm)
  writeName(w, 3, body.sname)
  writeTime(w, 4, body.fromMs)
  writeTime(w, 5, body.tillMs)
  writeTime(w, 6, body.rtimeMs)
  writeInteger(w, 7, body.nonce)
  w.openContext(8).openSequence()
  for (const etype of body.etype) w.integer(etype)
  w.close(2)
  writeHostAddresses(w, 9, body.addresses)
  writeEncryptedData(w, 10, body.encAuthorizationData)
  if (body.additionalTickets !== undefined) {
    w.openContext(11).openSequence()
    for (const ticket of body.additionalTickets) w.raw(ticket)
    w.close(2)
  }
  return w.close().finish()
}

/**
 * Decodes a KDC-REQ-BODY.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeKdcReqBody(octets: Uint8Array): KdcReqBody {
  return decodeWhole('KDC-REQ-BODY', octets, readKdcReqBody)
}

/** Reads a KDC-REQ-BODY. */
export function readKdcReqBody(reader: DerReader): KdcReqBody {
  return inSequence(reader, readFields)
}

function readFields(sequence: DerReader): KdcReqBody {
  return {
    kdcOptions: whole(sequence.context(0, 'kdc-options'), kerberosFlags),
    cname: optional(sequence, [1, 'cname'], readPrincipalName),
    realm: whole(sequence.context(2, 'realm'), kerberosString),
    sname: optional(sequence, [3, 'sname'], readPrincipalName),
    fromMs: optional(sequence, [4, 'from'], kerberosTime),
    tillMs: whole(sequence.context(5, 'till'), kerberosTime),
    rtimeMs: optional(sequence, [6, 'rtime'], kerberosTime),
    nonce: whole(sequence.context(7, 'nonce'), uint32),
    etype: whole(sequence.context(8, 'etype'), (field) => sequenceOf(field, int32)),
    addresses: optional(sequence, [9, 'addresses'], readHostAddresses),
    encAuthorizationData: optional(sequence, [10, 'enc-authorization-data'], readEncryptedData),
    additionalTickets: optional(sequence, [11, 'additional-tickets'], readRawTickets),
  }
}

function readRawTickets(field: DerReader): readonly Uint8Array[] {
  return sequenceOf(field, rawElement)
}
