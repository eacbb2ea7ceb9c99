/**
 * Ticket (RFC 4120 section 5.3). Messages that carry a ticket hold it as DER octets.
 *
 *     Ticket ::= [APPLICATION 1] SEQUENCE {
 *             tkt-vno         [0] INTEGER (5),
 *             realm           [1] Realm,
 *             sname           [2] PrincipalName,
 *             enc-part        [3] EncryptedData -- EncTicketPart
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import { ApplicationTag, PVNO } from '../iana/index.ts'
import { readEncryptedData, writeEncryptedData, type EncryptedData } from './encrypted-data.ts'
import {
  decodeWhole,
  expectInteger,
  inApplication,
  kerberosString,
  whole,
  writeInteger,
  writeString,
} from './fields.ts'
import { readPrincipalName, writeName, type PrincipalName } from './principal-name.ts'

/** A ticket for a service. */
export interface Ticket {
  /** The realm that issued it. */
  readonly realm: string
  /** The service. */
  readonly sname: PrincipalName
  /** EncTicketPart under the service's key, usage 2. */
  readonly encPart: EncryptedData
}

/**
 * Encodes a Ticket.
 *
 * @param ticket - The ticket.
 * @returns DER.
 */
export function encodeTicket(ticket: Ticket): Uint8Array {
  const w = new DerWriter(2048).openApplication(ApplicationTag.Ticket).openSequence()
  writeInteger(w, 0, PVNO)
  writeString(w, 1, ticket.realm)
  writeName(w, 2, ticket.sname)
  writeEncryptedData(w, 3, ticket.encPart)
  return w.close(2).finish()
}

/**
 * Decodes a Ticket.
 *
 * @param octets - DER and nothing else.
 * @returns The ticket; its cipher is a view of the input.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeTicket(octets: Uint8Array): Ticket {
  return decodeWhole('Ticket', octets, readTicket)
}

function readTicket(reader: DerReader): Ticket {
  return inApplication(reader, ApplicationTag.Ticket, readFields)
}

function readFields(sequence: DerReader): Ticket {
  whole(sequence.context(0, 'tkt-vno'), (field) => {
    expectInteger(field, PVNO)
  })
  return {
    realm: whole(sequence.context(1, 'realm'), kerberosString),
    sname: whole(sequence.context(2, 'sname'), readPrincipalName),
    encPart: whole(sequence.context(3, 'enc-part'), readEncryptedData),
  }
}
