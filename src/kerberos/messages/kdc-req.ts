/**
 * AS-REQ and TGS-REQ (RFC 4120 section 5.4.1).
 *
 *     AS-REQ  ::= [APPLICATION 10] KDC-REQ
 *     TGS-REQ ::= [APPLICATION 12] KDC-REQ
 *     KDC-REQ ::= SEQUENCE {
 *             -- NOTE: first tag is [1], not [0]
 *             pvno            [1] INTEGER (5),
 *             msg-type        [2] INTEGER (10 | 12),
 *             padata          [3] SEQUENCE OF PA-DATA OPTIONAL,
 *             req-body        [4] KDC-REQ-BODY
 *     }
 *
 * @module
 */

import { applicationTag, DerWriter, type DerReader } from '../../asn1/index.ts'
import { MessageType, PVNO } from '../iana/index.ts'
import { decodeWhole, inApplication, optional, readHeader, whole, writeInteger } from './fields.ts'
import { readKdcReqBody, type KdcReqBody } from './kdc-req-body.ts'
import { readMethodData, writePaDatas, type PaData } from './pa-data.ts'

/** msg-type of a request to a KDC. */
export type KdcReqType = typeof MessageType.AS_REQ | typeof MessageType.TGS_REQ

/** A request to a KDC, ready to be encoded. */
export interface KdcReq {
  /** Which exchange. */
  readonly msgType: KdcReqType
  /** Pre-authentication data. */
  readonly padata?: readonly PaData[] | undefined
  /** DER of the KDC-REQ-BODY: checksums cover these very octets. */
  readonly reqBody: Uint8Array
}

/** A request to a KDC that was decoded. */
export interface DecodedKdcReq extends KdcReq {
  /** The body. */
  readonly body: KdcReqBody
}

/**
 * Encodes an AS-REQ or TGS-REQ.
 *
 * @param request - The request.
 * @returns DER.
 */
export function encodeKdcReq(request: KdcReq): Uint8Array {
  const w = new DerWriter(2048).openApplication(request.msgType).openSequence()
  writeInteger(w, 1, PVNO)
  writeInteger(w, 2, request.msgType)
  writePaDatas(w, 3, request.padata)
  w.openContext(4).raw(request.reqBody).close()
  return w.close(2).finish()
}

/**
 * Decodes an AS-REQ or TGS-REQ.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeKdcReq(octets: Uint8Array): DecodedKdcReq {
  return decodeWhole('KDC-REQ', octets, readKdcReq)
}

function readKdcReq(reader: DerReader): DecodedKdcReq {
  const isAs = reader.peek() === applicationTag(MessageType.AS_REQ)
  const msgType = isAs ? MessageType.AS_REQ : MessageType.TGS_REQ
  return inApplication(reader, msgType, (sequence) => {
    readHeader(sequence, 1, msgType)
    const padata = optional(sequence, [3, 'padata'], readMethodData)
    return { msgType, padata, ...whole(sequence.context(4, 'req-body'), readBodyTwice) }
  })
}

/** The body as octets, over which checksums go, and as a value. */
function readBodyTwice(field: DerReader): { reqBody: Uint8Array; body: KdcReqBody } {
  const reqBody = field.peekRaw()
  return { reqBody, body: readKdcReqBody(field) }
}
