/**
 * Security identifiers: octets and text (MS-DTYP 2.4.2).
 *
 * @module
 */

import { DirectoryError } from './errors.ts'

/** Octets before the first subauthority: revision, count, 48-bit authority. */
const HEAD_OCTETS = 8
const MAX_SUBAUTHORITIES = 15
const SID_TEXT = /^S-1-(\d{1,10}|0x[0-9a-f]{12})((?:-\d{1,10}){1,15})$/i

function malformed(why: string): DirectoryError {
  return new DirectoryError('ERR_DIRECTORY_REPLY', `not a security identifier: ${why}`)
}

/**
 * Reads a SID in its binary form. MS-DTYP 2.4.2.2.
 *
 * @param octets - 12 to 68 octets: revision 1, count, authority big-endian, subauthorities little-endian.
 * @returns `S-1-…`, the authority in decimal below 2^32, else as 0x and 12 digits.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for any other octets.
 */
export function decodeSid(octets: Uint8Array): string {
  const count = octets[1] ?? 0
  if (octets[0] !== 1) throw malformed('its revision is not 1')
  if (count < 1 || count > MAX_SUBAUTHORITIES) throw malformed(`it has ${count} subauthorities`)
  if (octets.length !== HEAD_OCTETS + 4 * count) throw malformed(`${octets.length} octets long`)
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  const high = view.getUint16(2)
  const low = view.getUint32(4)
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
  let text = `S-1-${high === 0 ? low.toString() : `0x${hex(high, 4)}${hex(low, 8)}`}`
  for (let index = 0; index < count; index += 1) {
    text += `-${view.getUint32(HEAD_OCTETS + 4 * index, true)}`
  }
  return text
}

/** A SID with the room it takes. */
export interface PlacedSid {
  /** `S-1-…`. */
  readonly sid: string
  /** 12 to 68. */
  readonly octets: number
}

/**
 * Reads the SID that octets begin with. MS-DTYP 2.4.2.2.
 *
 * @param octets - It, and what follows it.
 * @returns The SID and its size.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when they begin with none.
 */
export function readSid(octets: Uint8Array): PlacedSid {
  const length = HEAD_OCTETS + 4 * (octets[1] ?? 0)
  return { sid: decodeSid(octets.subarray(0, length)), octets: length }
}

/**
 * Writes a SID in its binary form. MS-DTYP 2.4.2.2.
 *
 * @param text - `S-1-…` with 1 to 15 subauthorities.
 * @returns 12 to 68 octets.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY when the text is not a SID.
 */
export function encodeSid(text: string): Uint8Array {
  const match = SID_TEXT.exec(text)
  if (!match) throw malformed('its text is not S-1-authority-subauthority…')
  const authority = Number(match[1])
  const subauthorities = (match[2] ?? '').slice(1).split('-').map(Number)
  if (
    [...subauthorities, /^0x/i.test(match[1] ?? '') ? 0 : authority].some((n) => n > 0xffffffff)
  ) {
    throw malformed('a number does not fit 32 bits')
  }
  const octets = new Uint8Array(HEAD_OCTETS + 4 * subauthorities.length)
  const view = new DataView(octets.buffer)
  view.setUint8(0, 1)
  view.setUint8(1, subauthorities.length)
  view.setUint16(2, Math.floor(authority / 2 ** 32))
  view.setUint32(4, authority >>> 0)
  subauthorities.forEach((value, index) => {
    view.setUint32(HEAD_OCTETS + 4 * index, value, true)
  })
  return octets
}

/**
 * The SID that has another relative identifier in the same domain.
 *
 * @param sid - `S-1-5-21-…-rid` of an account or group.
 * @param rid - The relative identifier wanted, for example 525 for Protected Users.
 * @returns The domain's part of the SID followed by the wanted identifier.
 */
export function siblingSid(sid: string, rid: number): string {
  return `${sid.slice(0, sid.lastIndexOf('-'))}-${rid}`
}
