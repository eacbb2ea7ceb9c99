/**
 * PA-FX-FAST in a request (RFC 6113 section 5.4.2): pre-authentication data and the body, armoured.
 *
 *     PA-FX-FAST-REQUEST ::= CHOICE {
 *             armored-data    [0] KrbFastArmoredReq, ...
 *     }
 *     KrbFastArmoredReq ::= SEQUENCE {
 *             armor           [0] KrbFastArmor OPTIONAL,
 *             req-checksum    [1] Checksum,
 *             enc-fast-req    [2] EncryptedData, -- KrbFastReq
 *             ...
 *     }
 *     KrbFastArmor ::= SEQUENCE {
 *             armor-type      [0] Int32,
 *             armor-value     [1] OCTET STRING,
 *             ...
 *     }
 *     KrbFastReq ::= SEQUENCE {
 *             fast-options    [0] FastOptions, -- KerberosFlags
 *             padata          [1] SEQUENCE OF PA-DATA,
 *             req-body        [2] KDC-REQ-BODY,
 *             ...
 *     }
 *
 * Only KDCs read these: what stands behind the known fields (the dots) is refused like any other surplus.
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  readChecksum,
  readEncryptedData,
  writeChecksum,
  writeEncryptedData,
  type Checksum,
  type EncryptedData,
} from './encrypted-data.ts'
import {
  decodeWhole,
  inSequence,
  int32,
  kerberosFlags,
  octets,
  optional,
  whole,
  writeFlags,
  writeInteger,
  writeOctets,
} from './fields.ts'
import { readKdcReqBody, type KdcReqBody } from './kdc-req-body.ts'
import { readMethodData, writePaDatas, type PaData } from './pa-data.ts'

/** armor-type of the one kind of armour there is: an AP-REQ with a ticket-granting ticket (RFC 6113 section 5.4.1.1). */
export const FX_FAST_ARMOR_AP_REQUEST = 1

/** What the armour key is made from, in an AS-REQ. */
export interface KrbFastArmor {
  /** FX_FAST_ARMOR_AP_REQUEST. */
  readonly armorType: number
  /** DER of the AP-REQ. */
  readonly armorValue: Uint8Array
}

/** An armoured request. */
export interface KrbFastArmoredReq {
  /** Absent in a TGS-REQ, where PA-TGS-REQ is the armour. */
  readonly armor?: KrbFastArmor | undefined
  /** Usage 50: over the outer KDC-REQ-BODY, in a TGS-REQ over the AP-REQ of PA-TGS-REQ. */
  readonly reqChecksum: Checksum
  /** KrbFastReq, usage 51. */
  readonly encFastReq: EncryptedData
}

/** What is armoured: it stands in for the outer padata and body. */
export interface KrbFastReq {
  /** FastOptions, bit 0 the highest. */
  readonly fastOptions: number
  /** Pre-authentication data. */
  readonly padata: readonly PaData[]
  /** DER of the KDC-REQ-BODY. */
  readonly reqBody: Uint8Array
}

/** A KrbFastReq that was decoded. */
export interface DecodedKrbFastReq extends KrbFastReq {
  /** The value of reqBody. */
  readonly body: KdcReqBody
}

/**
 * Encodes a PA-FX-FAST-REQUEST.
 *
 * @param request - The armoured request.
 * @returns DER.
 */
export function encodePaFxFastRequest(request: KrbFastArmoredReq): Uint8Array {
  const w = new DerWriter(2048).openContext(0).openSequence()
  if (request.armor !== undefined) {
    w.openContext(0).openSequence()
    writeInteger(w, 0, request.armor.armorType)
    writeOctets(w, 1, request.armor.armorValue)
    w.close(2)
  }
  writeChecksum(w, 1, request.reqChecksum)
  writeEncryptedData(w, 2, request.encFastReq)
  return w.close(2).finish()
}

/**
 * Decodes a PA-FX-FAST-REQUEST.
 *
 * @param octets - DER and nothing else.
 * @returns The armoured request; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodePaFxFastRequest(octets: Uint8Array): KrbFastArmoredReq {
  return decodeWhole('PA-FX-FAST-REQUEST', octets, (reader) =>
    whole(reader.context(0, 'armored-data'), (field) => inSequence(field, readArmoredReq)),
  )
}

function readArmoredReq(sequence: DerReader): KrbFastArmoredReq {
  return {
    armor: optional(sequence, [0, 'armor'], (field) => inSequence(field, readArmor)),
    reqChecksum: whole(sequence.context(1, 'req-checksum'), readChecksum),
    encFastReq: whole(sequence.context(2, 'enc-fast-req'), readEncryptedData),
  }
}

function readArmor(sequence: DerReader): KrbFastArmor {
  return {
    armorType: whole(sequence.context(0, 'armor-type'), int32),
    armorValue: whole(sequence.context(1, 'armor-value'), octets),
  }
}

/**
 * Encodes a KrbFastReq.
 *
 * @param request - The inner request.
 * @returns DER.
 */
export function encodeKrbFastReq(request: KrbFastReq): Uint8Array {
  const w = new DerWriter(2048).openSequence()
  writeFlags(w, 0, request.fastOptions)
  writePaDatas(w, 1, request.padata)
  w.openContext(2).raw(request.reqBody).close()
  return w.close().finish()
}

/**
 * Decodes a KrbFastReq.
 *
 * @param octets - DER and nothing else.
 * @returns The inner request; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeKrbFastReq(octets: Uint8Array): DecodedKrbFastReq {
  return decodeWhole('KrbFastReq', octets, (reader) => inSequence(reader, readFastReq))
}

function readFastReq(sequence: DerReader): DecodedKrbFastReq {
  return {
    fastOptions: whole(sequence.context(0, 'fast-options'), kerberosFlags),
    padata: whole(sequence.context(1, 'padata'), readMethodData),
    ...whole(sequence.context(2, 'req-body'), (field) => ({
      reqBody: field.peekRaw(),
      body: readKdcReqBody(field),
    })),
  }
}
