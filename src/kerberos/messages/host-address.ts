/**
 * HostAddress (RFC 4120 section 5.2.5).
 *
 *     HostAddress ::= SEQUENCE {
 *             addr-type       [0] Int32,
 *             address         [1] OCTET STRING
 *     }
 *     HostAddresses ::= SEQUENCE OF HostAddress
 *
 * @module
 */

import type { DerReader, DerWriter } from '../../asn1/index.ts'
import {
  inSequence,
  int32,
  octets,
  sequenceOf,
  whole,
  writeInteger,
  writeOctets,
} from './fields.ts'

/** An address of a client. */
export interface HostAddress {
  /** RFC 4120 section 7.5.3. */
  readonly addrType: number
  /** In network order. */
  readonly address: Uint8Array
}

/** Reads a HostAddress. */
export function readHostAddress(reader: DerReader): HostAddress {
  return inSequence(reader, (sequence) => ({
    addrType: whole(sequence.context(0, 'addr-type'), int32),
    address: whole(sequence.context(1, 'address'), octets),
  }))
}

/** Reads HostAddresses. */
export function readHostAddresses(reader: DerReader): readonly HostAddress[] {
  return sequenceOf(reader, readHostAddress)
}

/** Writes `[n] HostAddress`. */
export function writeHostAddress(w: DerWriter, tagNumber: number, address: HostAddress): void {
  w.openContext(tagNumber)
  writeOne(w, address)
  w.close()
}

function writeOne(w: DerWriter, { addrType, address }: HostAddress): void {
  w.openSequence()
  writeInteger(w, 0, addrType)
  writeOctets(w, 1, address)
  w.close()
}

/** Writes `[n] HostAddresses`, or nothing for undefined. */
export function writeHostAddresses(
  w: DerWriter,
  tagNumber: number,
  addresses: readonly HostAddress[] | undefined,
): void {
  if (addresses === undefined) return
  w.openContext(tagNumber).openSequence()
  for (const address of addresses) writeOne(w, address)
  w.close(2)
}
