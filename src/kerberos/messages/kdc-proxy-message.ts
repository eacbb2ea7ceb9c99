/**
 * KDC-PROXY-MESSAGE (MS-KKDCP 2.2.2): a KDC's message on its way through HTTPS.
 *
 *     KDC-PROXY-MESSAGE ::= SEQUENCE {
 *             kerb-message    [0] OCTET STRING, -- with the 4 octets of length of RFC 4120 section 7.2.2
 *             target-domain   [1] KERB-REALM OPTIONAL, -- a KerberosString
 *             dclocator-hint  [2] INTEGER OPTIONAL -- flags of MS-NRPC 3.5.4.3.1
 *     }
 *
 * @module
 */

import { DerWriter, type DerReader } from '../../asn1/index.ts'
import {
  decodeWhole,
  inSequence,
  kerberosString,
  octets,
  optional,
  uint32,
  whole,
  writeInteger,
  writeOctets,
  writeString,
} from './fields.ts'

const LENGTH_OCTETS = 4

/** A message and the realm whose KDC it is for. */
export interface KdcProxyMessage {
  /** DER of the Kerberos message, at least one octet. */
  readonly message: Uint8Array
  /** The realm; a proxy's answer leaves it out. */
  readonly targetDomain?: string | undefined
  /** Which domain controllers the proxy should look for, unsigned 32-bit. */
  readonly dcLocatorHint?: number | undefined
}

/**
 * Encodes a KDC-PROXY-MESSAGE.
 *
 * @param value - Message and realm.
 * @returns DER.
 */
export function encodeKdcProxyMessage(value: KdcProxyMessage): Uint8Array {
  const { message } = value
  const framed = Buffer.alloc(LENGTH_OCTETS + message.length)
  framed.writeUInt32BE(message.length)
  framed.set(message, LENGTH_OCTETS)
  const w = new DerWriter().openSequence()
  writeOctets(w, 0, framed)
  writeString(w, 1, value.targetDomain)
  writeInteger(w, 2, value.dcLocatorHint)
  return w.close().finish()
}

/**
 * Decodes a KDC-PROXY-MESSAGE.
 *
 * @param der - DER and nothing else.
 * @returns Message and realm; the message is a view of the input.
 * @throws KerberosError ERR_KRB_DECODE, also when the length in front of the message is another than its own.
 */
export function decodeKdcProxyMessage(der: Uint8Array): KdcProxyMessage {
  return decodeWhole('KDC-PROXY-MESSAGE', der, (reader) => inSequence(reader, readFields))
}

function readFields(sequence: DerReader): KdcProxyMessage {
  return {
    message: whole(sequence.context(0, 'kerb-message'), unframed),
    targetDomain: optional(sequence, [1, 'target-domain'], kerberosString),
    dcLocatorHint: optional(sequence, [2, 'dclocator-hint'], uint32),
  }
}

function unframed(field: DerReader): Uint8Array {
  const framed = octets(field)
  const announced =
    framed.length < LENGTH_OCTETS ? 0 : new DataView(framed.buffer, framed.byteOffset).getUint32(0)
  if (announced === 0 || announced !== framed.length - LENGTH_OCTETS) {
    throw field.fail('ERR_ASN1_VALUE', 'its first 4 octets are not the length of what follows')
  }
  return framed.subarray(LENGTH_OCTETS)
}
