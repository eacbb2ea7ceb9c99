/**
 * EncTicketPart (RFC 4120 section 5.3): what only the service can read in its ticket.
 *
 *     EncTicketPart ::= [APPLICATION 3] SEQUENCE {
 *             flags                   [0] TicketFlags,
 *             key                     [1] EncryptionKey,
 *             crealm                  [2] Realm,
 *             cname                   [3] PrincipalName,
 *             transited               [4] TransitedEncoding,
 *             authtime                [5] KerberosTime,
 *             starttime               [6] KerberosTime OPTIONAL,
 *             endtime                 [7] KerberosTime,
 *             renew-till              [8] KerberosTime OPTIONAL,
 *             caddr                   [9] HostAddresses OPTIONAL,
 *             authorization-data      [10] AuthorizationData OPTIONAL
 *     }
 *     TransitedEncoding ::= SEQUENCE {
 *             tr-type         [0] Int32,
 *             contents        [1] OCTET STRING
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { ApplicationTag } from '../iana/index.ts'
import {
  readAuthorizationData,
  writeAuthorizationData,
  type AuthorizationData,
} from './authorization-data.ts'
import { readEncryptionKey, writeEncryptionKey, type EncryptionKey } from './encrypted-data.ts'
import {
  decodeWhole,
  inApplication,
  inSequence,
  int32,
  kerberosFlags,
  kerberosString,
  kerberosTime,
  octets,
  optional,
  whole,
  writeFlags,
  writeInteger,
  writeOctets,
  writeString,
  writeTime,
} from './fields.ts'
import { readHostAddresses, writeHostAddresses, type HostAddress } from './host-address.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** Which realms took part in the client's authentication. */
export interface TransitedEncoding {
  /** RFC 4120 section 5.3; 1 is DOMAIN-X500-COMPRESS. */
  readonly trType: number
  /** Empty when the client is of the service's realm. */
  readonly contents: Uint8Array
}

/** The encrypted part of a ticket. */
export interface EncTicketPart {
  /** TicketFlags, bit 0 the highest. */
  readonly flags: number
  /** Session key. */
  readonly key: EncryptionKey
  /** The client's realm. */
  readonly crealm: string
  /** The client. */
  readonly cname: PrincipalName
  /** Realms on the way. */
  readonly transited: TransitedEncoding
  /** When the client authenticated, milliseconds since the epoch. */
  readonly authTimeMs: number
  /** From when on it is valid; authTimeMs when absent. */
  readonly startTimeMs?: number | undefined
  /** Until when it is valid. */
  readonly endTimeMs: number
  /** Until when it can be renewed. */
  readonly renewTillMs?: number | undefined
  /** Addresses it is bound to. */
  readonly caddr?: readonly HostAddress[] | undefined
  /** Restrictions and, in AD, the PAC. */
  readonly authorizationData?: AuthorizationData | undefined
}

/**
 * Encodes an EncTicketPart.
 *
 * @param part - The value.
 * @returns DER.
 */
export function encodeEncTicketPart(part: EncTicketPart): Uint8Array {
  const w = new DerWriter(2048).openApplication(ApplicationTag.EncTicketPart).openSequence()
  writeFlags(w, 0, part.flags)
  writeEncryptionKey(w, 1, part.key)
  writeString(w, 2, part.crealm)
  writeName(w, 3, part.cname)
  w.openContext(4).openSequence()
  writeInteger(w, 0, part.transited.trType)
  writeOctets(w, 1, part.transited.contents)
  w.close(2)
  writeTime(w, 5, part.authTimeMs)
  writeTime(w, 6, part.startTimeMs)
  writeTime(w, 7, part.endTimeMs)
  writeTime(w, 8, part.renewTillMs)
  writeHostAddresses(w, 9, part.caddr)
  if (part.authorizationData !== undefined) {
    w.openContext(10)
    writeAuthorizationData(w, part.authorizationData)
    w.close()
  }
  return w.close(2).finish()
}

/**
 * Decodes an EncTicketPart.
 *
 * @param octets - DER and nothing else.
 * @returns The value; its octets are views of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeEncTicketPart(octets: Uint8Array): EncTicketPart {
  return decodeWhole('EncTicketPart', octets, readEncTicketPart)
}

function readEncTicketPart(reader: DerReader): EncTicketPart {
  return inApplication(reader, ApplicationTag.EncTicketPart, readFields)
}

function readFields(sequence: DerReader): EncTicketPart {
  return {
    flags: whole(sequence.context(0, 'flags'), kerberosFlags),
    key: whole(sequence.context(1, 'key'), readEncryptionKey),
    crealm: whole(sequence.context(2, 'crealm'), kerberosString),
    cname: whole(sequence.context(3, 'cname'), readPrincipalName),
    transited: whole(sequence.context(4, 'transited'), readTransited),
    authTimeMs: whole(sequence.context(5, 'authtime'), kerberosTime),
    startTimeMs: optional(sequence, [6, 'starttime'], kerberosTime),
    endTimeMs: whole(sequence.context(7, 'endtime'), kerberosTime),
    renewTillMs: optional(sequence, [8, 'renew-till'], kerberosTime),
    caddr: optional(sequence, [9, 'caddr'], readHostAddresses),
    authorizationData: optional(sequence, [10, 'authorization-data'], readAuthorizationData),
  }
}

function readTransited(reader: DerReader): TransitedEncoding {
  return inSequence(reader, (sequence) => ({
    trType: whole(sequence.context(0, 'tr-type'), int32),
    contents: whole(sequence.context(1, 'contents'), octets),
  }))
}
