/**
 * PAC_SIGNATURE_DATA (MS-PAC 2.8): the four signatures of a PAC, and what each of them is over.
 *
 * ```
 * PAC_SIGNATURE_DATA = uint32 SignatureType, Signature, [uint16 RODCIdentifier]        (little-endian)
 * ```
 *
 * @module
 */

import { ChecksumType } from '../iana/index.ts'
import { NdrReader } from './pac-ndr.ts'

/** PAC_SIGNATURE_DATA (MS-PAC 2.8). */
export interface PacSignature {
  /** Checksum type: 15, 16, 19, 20 or -138. */
  readonly type: number
  /** The keyed checksum. */
  readonly mac: Uint8Array
  /** The number of the read-only domain controller whose key signed, where it was one. */
  readonly rodcIdentifier?: number
}

/** Length of the signature by its type. */
const MAC_OCTETS: ReadonlyMap<number, number> = new Map<number, number>([
  [ChecksumType.HMAC_SHA1_96_AES128, 12],
  [ChecksumType.HMAC_SHA1_96_AES256, 12],
  [ChecksumType.HMAC_SHA256_128_AES128, 16],
  [ChecksumType.HMAC_SHA384_192_AES256, 24],
  [ChecksumType.HMAC_MD5, 16],
])

const RODC_IDENTIFIER_OCTETS = 2

/**
 * Reads a signature.
 *
 * @param octets - The PAC buffer.
 * @returns The signature, a view of the input. One of a type we do not know takes the whole buffer.
 * @throws KerberosError ERR_KRB_DECODE.
 */
export function decodeSignature(octets: Uint8Array): PacSignature {
  const reader = new NdrReader(octets, 'PAC.PAC_SIGNATURE_DATA')
  const type = reader.int32()
  const mac = reader.take(MAC_OCTETS.get(type) ?? reader.left)
  if (reader.left === 0) return { type, mac }
  if (reader.left !== RODC_IDENTIFIER_OCTETS) {
    throw reader.fail(`${reader.left} octets behind the signature`)
  }
  return { type, mac, rodcIdentifier: reader.uint16() }
}

/**
 * A copy of a PAC with some signatures set to zero.
 *
 * @param octets - The PAC.
 * @param signatures - Views of it; undefined ones are passed over.
 * @returns As many octets.
 */
export function withoutSignatures(
  octets: Uint8Array,
  signatures: readonly (PacSignature | undefined)[],
): Uint8Array {
  const copy = new Uint8Array(octets)
  for (const signature of signatures) {
    if (signature === undefined) continue
    const { mac, rodcIdentifier } = signature
    const from = mac.byteOffset - octets.byteOffset
    // MS-PAC 2.8.1 does not say so, but the RODC's number counts as part of the signature (Samba, MIT krb5).
    const length = mac.length + (rodcIdentifier === undefined ? 0 : RODC_IDENTIFIER_OCTETS)
    copy.fill(0, from, from + length)
  }
  return copy
}
