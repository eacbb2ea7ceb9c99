/**
 * Authenticator (RFC 4120 section 5.5.1): proves knowledge of a ticket's session key, now.
 *
 *     Authenticator ::= [APPLICATION 2] SEQUENCE {
 *             authenticator-vno       [0] INTEGER (5),
 *             crealm                  [1] Realm,
 *             cname                   [2] PrincipalName,
 *             cksum                   [3] Checksum OPTIONAL,
 *             cusec                   [4] Microseconds,
 *             ctime                   [5] KerberosTime,
 *             subkey                  [6] EncryptionKey OPTIONAL,
 *             seq-number              [7] UInt32 OPTIONAL,
 *             authorization-data      [8] AuthorizationData OPTIONAL
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { ApplicationTag, PVNO } from '../iana/index.ts'
import {
  readAuthorizationData,
  writeAuthorizationData,
  type AuthorizationData,
} from './authorization-data.ts'
import {
  readChecksum,
  readEncryptionKey,
  writeChecksum,
  writeEncryptionKey,
  type Checksum,
  type EncryptionKey,
} from './encrypted-data.ts'
import {
  decodeWhole,
  expectInteger,
  inApplication,
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
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** The encrypted part of an AP-REQ besides the ticket. */
export interface Authenticator {
  /** The client's realm, as in the ticket. */
  readonly crealm: string
  /** The client, as in the ticket. */
  readonly cname: PrincipalName
  /** Over what the application says; GSS-API puts flags and channel bindings here. */
  readonly cksum?: Checksum | undefined
  /** Microseconds that belong to ctimeMs. */
  readonly cusec: number
  /** The client's time in whole seconds, as milliseconds since the epoch. */
  readonly ctimeMs: number
  /** A key for this exchange alone. */
  readonly subkey?: EncryptionKey | undefined
  /** First sequence number. */
  readonly seqNumber?: number | undefined
  /** Further restrictions. */
  readonly authorizationData?: AuthorizationData | undefined
}

/**
 * Encodes an Authenticator.
 *
 * @param value - The authenticator.
 * @returns DER.
 */
export function encodeAuthenticator(value: Authenticator): Uint8Array {
  const w = new DerWriter().openApplication(ApplicationTag.Authenticator).openSequence()
  writeInteger(w, 0, PVNO)
  writeString(w, 1, value.crealm)
  writeName(w, 2, value.cname)
  writeChecksum(w, 3, value.cksum)
  writeInteger(w, 4, value.cusec)
  writeTime(w, 5, value.ctimeMs)
  writeEncryptionKey(w, 6, value.subkey)
  writeInteger(w, 7, value.seqNumber)
  if (value.authorizationData !== undefined) {
    w.openContext(8)
    writeAuthorizationData(w, value.authorizationData)
    w.close()
  }
  return w.close(2).finish()
}

/**
 * Decodes an Authenticator.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeAuthenticator(octets: Uint8Array): Authenticator {
  return decodeWhole('Authenticator', octets, readAuthenticator)
}

function readAuthenticator(reader: DerReader): Authenticator {
  return inApplication(reader, ApplicationTag.Authenticator, readFields)
}

function readFields(sequence: DerReader): Authenticator {
  whole(sequence.context(0, 'authenticator-vno'), (field) => {
    expectInteger(field, PVNO)
  })
  return {
    crealm: whole(sequence.context(1, 'crealm'), kerberosString),
    cname: whole(sequence.context(2, 'cname'), readPrincipalName),
    cksum: optional(sequence, [3, 'cksum'], readChecksum),
    cusec: whole(sequence.context(4, 'cusec'), microseconds),
    ctimeMs: whole(sequence.context(5, 'ctime'), kerberosTime),
    subkey: optional(sequence, [6, 'subkey'], readEncryptionKey),
    seqNumber: optional(sequence, [7, 'seq-number'], uint32),
    authorizationData: optional(sequence, [8, 'authorization-data'], readAuthorizationData),
  }
}
