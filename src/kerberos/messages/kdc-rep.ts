/**
 * AS-REP and TGS-REP (RFC 4120 section 5.4.2).
 *
 *     AS-REP  ::= [APPLICATION 11] KDC-REP
 *     TGS-REP ::= [APPLICATION 13] KDC-REP
 *     KDC-REP ::= SEQUENCE {
 *             pvno            [0] INTEGER (5),
 *             msg-type        [1] INTEGER (11 | 13),
 *             padata          [2] SEQUENCE OF PA-DATA OPTIONAL,
 *             crealm          [3] Realm,
 *             cname           [4] PrincipalName,
 *             ticket          [5] Ticket,
 *             enc-part        [6] EncryptedData -- EncASRepPart or EncTGSRepPart
 *     }
 *
 * crealm, cname and padata stand outside the encrypted part: whoever sits on the wire can change them.
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { MessageType, PVNO } from '../iana/index.ts'
import { readEncryptedData, writeEncryptedData, type EncryptedData } from './encrypted-data.ts'
import {
  decodeWhole,
  inApplication,
  kerberosString,
  optional,
  rawElement,
  readHeader,
  whole,
  writeInteger,
  writeString,
} from './fields.ts'
import { readMethodData, writePaDatas, type PaData } from './pa-data.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** msg-type of a KDC's reply. */
export type KdcRepType = typeof MessageType.AS_REP | typeof MessageType.TGS_REP

/** A KDC's reply. */
export interface KdcRep {
  /** Which exchange. */
  readonly msgType: KdcRepType
  /** Pre-authentication data, unprotected. */
  readonly padata?: readonly PaData[] | undefined
  /** The client's realm, unprotected. */
  readonly crealm: string
  /** The client, unprotected. */
  readonly cname: PrincipalName
  /** DER of the Ticket. */
  readonly ticket: Uint8Array
  /** EncKDCRepPart: usage 3 in an AS-REP, 8 or 9 in a TGS-REP. */
  readonly encPart: EncryptedData
}

/**
 * Encodes an AS-REP or TGS-REP.
 *
 * @param reply - The reply.
 * @returns DER.
 */
export function encodeKdcRep(reply: KdcRep): Uint8Array {
  const w = new DerWriter(4096).openApplication(reply.msgType).openSequence()
  writeInteger(w, 0, PVNO)
  writeInteger(w, 1, reply.msgType)
  writePaDatas(w, 2, reply.padata)
  writeString(w, 3, reply.crealm)
  writeName(w, 4, reply.cname)
  w.openContext(5).raw(reply.ticket).close()
  writeEncryptedData(w, 6, reply.encPart)
  return w.close(2).finish()
}

/**
 * Decodes the reply of one exchange; the ticket stays DER.
 *
 * @param octets - DER and nothing else.
 * @param msgType - AS-REP or TGS-REP: the other one is refused.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeKdcRep(octets: Uint8Array, msgType: KdcRepType): KdcRep {
  const name = msgType === MessageType.AS_REP ? 'AS-REP' : 'TGS-REP'
  return decodeWhole(name, octets, (reader) =>
    inApplication(reader, msgType, (sequence) => readFields(sequence, msgType)),
  )
}

function readFields(sequence: DerReader, msgType: KdcRepType): KdcRep {
  readHeader(sequence, 0, msgType)
  return {
    msgType,
    padata: optional(sequence, [2, 'padata'], readMethodData),
    crealm: whole(sequence.context(3, 'crealm'), kerberosString),
    cname: whole(sequence.context(4, 'cname'), readPrincipalName),
    ticket: whole(sequence.context(5, 'ticket'), rawElement),
    encPart: whole(sequence.context(6, 'enc-part'), readEncryptedData),
  }
}
