/**
 * PA-S4U-X509-USER (MS-SFU 2.2.2): the user of an S4U2Self, by name or certificate, with a nonce.
 *
 *     PA-S4U-X509-USER ::= SEQUENCE {
 *             user-id         [0] S4UUserID,
 *             checksum        [1] Checksum
 *     }
 *     S4UUserID ::= SEQUENCE {
 *             nonce               [0] UInt32, -- the nonce in KDC-REQ-BODY
 *             cname               [1] PrincipalName OPTIONAL,
 *             crealm              [2] Realm,
 *             subject-certificate [3] OCTET STRING OPTIONAL,
 *             options             [4] BIT STRING OPTIONAL
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { readChecksum, writeChecksum, type Checksum } from './encrypted-data.ts'
import {
  decodeWhole,
  inSequence,
  kerberosFlags,
  kerberosString,
  octets,
  optional,
  uint32,
  whole,
  writeFlags,
  writeInteger,
  writeOctets,
  writeString,
} from './fields.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** Whom an S4U2Self asks for. */
export interface S4uUserId {
  /** The nonce of the KDC-REQ-BODY. */
  readonly nonce: number
  /** The user. */
  readonly cname?: PrincipalName | undefined
  /** The user's realm. */
  readonly crealm: string
  /** The user's certificate, DER. */
  readonly subjectCertificate?: Uint8Array | undefined
  /** Bits of S4uOption. */
  readonly options?: number | undefined
}

/** A PA-S4U-X509-USER, ready to be encoded. */
export interface PaS4uX509User {
  /** DER of the S4UUserID: the checksum covers these very octets. */
  readonly userId: Uint8Array
  /** Usage 26, in a reply 27 when its options say so. */
  readonly checksum: Checksum
}

/** A PA-S4U-X509-USER that was decoded. */
export interface DecodedPaS4uX509User extends PaS4uX509User {
  /** The value of userId. */
  readonly user: S4uUserId
}

/**
 * Encodes an S4UUserID.
 *
 * @param user - The user.
 * @returns DER.
 */
export function encodeS4uUserId(user: S4uUserId): Uint8Array {
  const w = new DerWriter().openSequence()
  writeInteger(w, 0, user.nonce)
  writeName(w, 1, user.cname)
  writeString(w, 2, user.crealm)
  writeOctets(w, 3, user.subjectCertificate)
  writeFlags(w, 4, user.options)
  return w.close().finish()
}

/**
 * Encodes a PA-S4U-X509-USER.
 *
 * @param value - The user and the checksum.
 * @returns DER.
 */
export function encodePaS4uX509User(value: PaS4uX509User): Uint8Array {
  const w = new DerWriter().openSequence()
  w.openContext(0).raw(value.userId).close()
  writeChecksum(w, 1, value.checksum)
  return w.close().finish()
}

/**
 * Decodes a PA-S4U-X509-USER.
 *
 * @param octets - DER and nothing else.
 * @returns The user and the checksum.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodePaS4uX509User(octets: Uint8Array): DecodedPaS4uX509User {
  return decodeWhole('PA-S4U-X509-USER', octets, (reader) => inSequence(reader, readFields))
}

function readFields(sequence: DerReader): DecodedPaS4uX509User {
  return {
    ...whole(sequence.context(0, 'user-id'), (field) => ({
      userId: field.peekRaw(),
      user: inSequence(field, readUserId),
    })),
    checksum: whole(sequence.context(1, 'checksum'), readChecksum),
  }
}

function readUserId(sequence: DerReader): S4uUserId {
  return {
    nonce: whole(sequence.context(0, 'nonce'), uint32),
    cname: optional(sequence, [1, 'cname'], readPrincipalName),
    crealm: whole(sequence.context(2, 'crealm'), kerberosString),
    subjectCertificate: optional(sequence, [3, 'subject-certificate'], octets),
    options: optional(sequence, [4, 'options'], kerberosFlags),
  }
}
