/**
 * Globally unique identifiers as Active Directory keeps them: octets and text (MS-DTYP 2.3.4).
 *
 * @module
 */

import { DirectoryError } from './errors.ts'

const OCTETS = 16
const GUID_TEXT =
  /^(?:\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}|([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))$/i
/** 16 octets in base64: 22 characters and two fillers; the last character holds 2 bits and 4 zeros. */
const GUID_BASE64 = /^[A-Za-z0-9+/]{21}[AQgw]==$/
/** Where octet n of the text's order stands in the directory's: the first three fields are little-endian. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const

/**
 * Reads a GUID in its binary form. MS-DTYP 2.3.4.2.
 *
 * @param octets - 16 octets.
 * @returns For example `6f9619ff-8b86-d011-b42d-00c04fc964ff`, in small letters.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for another length.
 */
export function decodeGuid(octets: Uint8Array): string {
  if (octets.length !== OCTETS) {
    throw new DirectoryError('ERR_DIRECTORY_REPLY', `not a GUID: ${octets.length} octets long`)
  }
  const hex = Buffer.from(ORDER.map((at) => octets[at] ?? 0)).toString('hex')
  return [8, 12, 16, 20]
    .reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex)
    .toLowerCase()
}

/**
 * Writes a GUID in its binary form. MS-DTYP 2.3.4.2.
 *
 * @param text - As `decodeGuid` gives it.
 * @returns 16 octets.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when the text is no GUID.
 */
export function encodeGuid(text: string): Uint8Array {
  if (!GUID_TEXT.test(text)) throw new DirectoryError('ERR_DIRECTORY_REPLY', 'not a GUID')
  const read = Buffer.from(text.replace(/[{}-]/g, ''), 'hex')
  return Uint8Array.from(ORDER, (at) => read[at] ?? 0)
}

/**
 * Reads a GUID as identity providers write it: as text, with or without braces, or as the base64 of the directory's octets,
 * which is what Entra calls ImmutableID (onPremisesImmutableId). The two cannot be mistaken for each other.
 *
 * @param text - What a claim holds.
 * @returns The GUID as `decodeGuid` gives it; undefined when it is neither form.
 */
export function parseGuid(text: string): string | undefined {
  const match = GUID_TEXT.exec(text)
  if (match) return (match[1] ?? match[2] ?? '').toLowerCase()
  return GUID_BASE64.test(text) ? decodeGuid(Buffer.from(text, 'base64')) : undefined
}
