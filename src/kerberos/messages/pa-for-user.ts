/**
 * PA-FOR-USER (MS-SFU 2.2.1): the user of an S4U2Self, by name.
 *
 *     PA-FOR-USER ::= SEQUENCE {
 *             userName        [0] PrincipalName,
 *             userRealm       [1] Realm,
 *             cksum           [2] Checksum,
 *             auth-package    [3] KerberosString
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { readChecksum, writeChecksum, type Checksum } from './encrypted-data.ts'
import { decodeWhole, inSequence, kerberosString, whole, writeString } from './fields.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** The only authentication package there is. */
const AUTH_PACKAGE = 'Kerberos'

/** The user an S4U2Self asks for. */
export interface PaForUser {
  /** The user. */
  readonly userName: PrincipalName
  /** The user's realm. */
  readonly userRealm: string
  /** HMAC-MD5 (type -138, usage 17, TGT session key) over `paForUserChecksumInput`. */
  readonly cksum: Checksum
}

/**
 * The octets that the checksum of a PA-FOR-USER covers: name type as 32-bit little-endian, name components, realm,
 * auth-package, without separators.
 *
 * @param userName - The user.
 * @param userRealm - The user's realm.
 * @returns The octets.
 */
export function paForUserChecksumInput(userName: PrincipalName, userRealm: string): Uint8Array {
  const nameType = Buffer.alloc(4)
  nameType.writeInt32LE(userName.nameType)
  const text = [...userName.nameString, userRealm, AUTH_PACKAGE].join('')
  return Buffer.concat([nameType, Buffer.from(text)])
}

/**
 * Encodes a PA-FOR-USER.
 *
 * @param value - The user and the checksum.
 * @returns DER.
 */
export function encodePaForUser(value: PaForUser): Uint8Array {
  const w = new DerWriter().openSequence()
  writeName(w, 0, value.userName)
  writeString(w, 1, value.userRealm)
  writeChecksum(w, 2, value.cksum)
  writeString(w, 3, AUTH_PACKAGE)
  return w.close().finish()
}

/**
 * Decodes a PA-FOR-USER.
 *
 * @param octets - DER and nothing else.
 * @returns The user and the checksum.
 * @throws KerberosError ERR_KRB_DECODE; also for another auth-package.
 */
export function decodePaForUser(octets: Uint8Array): PaForUser {
  return decodeWhole('PA-FOR-USER', octets, (reader) => inSequence(reader, readFields))
}

function readFields(sequence: DerReader): PaForUser {
  const userName = whole(sequence.context(0, 'userName'), readPrincipalName)
  const userRealm = whole(sequence.context(1, 'userRealm'), kerberosString)
  const cksum = whole(sequence.context(2, 'cksum'), readChecksum)
  const authPackage = whole(sequence.context(3, 'auth-package'), kerberosString)
  if (authPackage !== AUTH_PACKAGE) {
    throw sequence.fail('ERR_ASN1_VALUE', `auth-package must be ${AUTH_PACKAGE}`)
  }
  return { userName, userRealm, cksum }
}
