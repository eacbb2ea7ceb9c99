/**
 * KRB-ERROR (RFC 4120 section 5.9.1). Nothing in it is protected: it explains, it never proves.
 *
 *     KRB-ERROR ::= [APPLICATION 30] SEQUENCE {
 *             pvno            [0] INTEGER (5),
 *             msg-type        [1] INTEGER (30),
 *             ctime           [2] KerberosTime OPTIONAL,
 *             cusec           [3] Microseconds OPTIONAL,
 *             stime           [4] KerberosTime,
 *             susec           [5] Microseconds,
 *             error-code      [6] Int32,
 *             crealm          [7] Realm OPTIONAL,
 *             cname           [8] PrincipalName OPTIONAL,
 *             realm           [9] Realm,
 *             sname           [10] PrincipalName,
 *             e-text          [11] KerberosString OPTIONAL,
 *             e-data          [12] OCTET STRING OPTIONAL
 *     }
 *
 * @module
 */

import { applicationTag, DerWriter, Tag, type DerReader } from '../../asn1/index.ts'
import { MessageType, PVNO } from '../iana/index.ts'
import {
  decodeWhole,
  inApplication,
  int32,
  kerberosString,
  kerberosTime,
  microseconds,
  octets,
  optional,
  readHeader,
  whole,
  writeInteger,
  writeOctets,
  writeString,
  writeTime,
} from './fields.ts'
import {
  readPossibleName,
  readPrincipalName,
  writeName,
  type PrincipalName,
} from './principal-name.ts'

/** Longest e-text that is kept, characters. */
const MAX_TEXT = 256

/** A refusal. */
export interface KrbError {
  /** The client's time, milliseconds since the epoch. */
  readonly ctimeMs?: number | undefined
  /** Microseconds that belong to ctimeMs. */
  readonly cusec?: number | undefined
  /** The server's time, milliseconds since the epoch. */
  readonly stimeMs: number
  /** Microseconds that belong to stimeMs. */
  readonly susec: number
  /** RFC 4120 section 7.5.9. */
  readonly errorCode: number
  /** The client's realm. */
  readonly crealm?: string | undefined
  /** The client. */
  readonly cname?: PrincipalName | undefined
  /** The service's realm. */
  readonly realm: string
  /** The service; without components where the KDC had none in mind. */
  readonly sname: PrincipalName
  /** A text for people, control characters taken out. */
  readonly eText?: string | undefined
  /** METHOD-DATA, TYPED-DATA or KERB-ERROR-DATA, by the error code. */
  readonly eData?: Uint8Array | undefined
}

/**
 * Whether octets look like a KRB-ERROR, by their first one.
 *
 * @param octets - A KDC's or service's reply.
 * @returns True when they begin with `[APPLICATION 30]`.
 */
export function isKrbError(octets: Uint8Array): boolean {
  return octets[0] === applicationTag(MessageType.KRB_ERROR)
}

/**
 * Encodes a KRB-ERROR.
 *
 * @param error - The refusal.
 * @returns DER.
 */
export function encodeKrbError(error: KrbError): Uint8Array {
  const w = new DerWriter().openApplication(MessageType.KRB_ERROR).openSequence()
  writeInteger(w, 0, PVNO)
  writeInteger(w, 1, MessageType.KRB_ERROR)
  writeTime(w, 2, error.ctimeMs)
  writeInteger(w, 3, error.cusec)
  writeTime(w, 4, error.stimeMs)
  writeInteger(w, 5, error.susec)
  writeInteger(w, 6, error.errorCode)
  writeString(w, 7, error.crealm)
  writeName(w, 8, error.cname)
  writeString(w, 9, error.realm)
  writeName(w, 10, error.sname)
  writeString(w, 11, error.eText)
  writeOctets(w, 12, error.eData)
  return w.close(2).finish()
}

/**
 * Decodes a KRB-ERROR.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeKrbError(octets: Uint8Array): KrbError {
  return decodeWhole('KRB-ERROR', octets, readKrbError)
}

function readKrbError(reader: DerReader): KrbError {
  return inApplication(reader, MessageType.KRB_ERROR, readFields)
}

function readFields(sequence: DerReader): KrbError {
  readHeader(sequence, 0, MessageType.KRB_ERROR)
  return {
    ctimeMs: optional(sequence, [2, 'ctime'], kerberosTime),
    cusec: optional(sequence, [3, 'cusec'], microseconds),
    stimeMs: whole(sequence.context(4, 'stime'), kerberosTime),
    susec: whole(sequence.context(5, 'susec'), microseconds),
    errorCode: whole(sequence.context(6, 'error-code'), int32),
    crealm: optional(sequence, [7, 'crealm'], kerberosString),
    cname: optional(sequence, [8, 'cname'], readPrincipalName),
    realm: whole(sequence.context(9, 'realm'), kerberosString),
    sname: whole(sequence.context(10, 'sname'), readPossibleName),
    eText: optional(sequence, [11, 'e-text'], readText),
    eData: optional(sequence, [12, 'e-data'], octets),
  }
}

/** Old MIT KDCs end e-text with NUL, and it goes into log lines: only printable characters are kept. */
function readText(field: DerReader): string {
  const text = Buffer.from(field.primitive(Tag.GENERAL_STRING)).toString('utf8')
  return text.replace(/\p{C}/gu, '').slice(0, MAX_TEXT)
}
