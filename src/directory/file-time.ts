/**
 * Windows' times: 100 ns since 1601 (FILETIME, MS-DTYP 2.3.3), as attributes tell them in decimal digits.
 *
 * @module
 */

import { DirectoryError } from './errors.ts'

/** Milliseconds between 1601 and 1970. */
const EPOCH_MS = 11_644_473_600_000n
const TICKS_PER_MS = 10_000n
/** The greatest value, as is 0 where it is about an end: never. MS-ADA1 2.1. */
const NEVER = 0x7fff_ffff_ffff_ffffn
const DIGITS = /^-?\d{1,19}$/

/**
 * Reads a time.
 *
 * @param text - Decimal digits of a 64-bit number.
 * @returns Milliseconds since 1970; undefined for an absent value and for "never" (0 or the greatest value).
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for what is no such number.
 */
export function fileTimeMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!DIGITS.test(text)) {
    throw new DirectoryError('ERR_DIRECTORY_REPLY', 'a time of the directory is no number')
  }
  const ticks = BigInt(text)
  if (ticks <= 0n || ticks >= NEVER) return undefined
  return Number(ticks / TICKS_PER_MS - EPOCH_MS)
}

/**
 * Reads a time in the form of LDAP, as whenCreated has it. RFC 4517 section 3.3.13.
 *
 * @param text - `YYYYMMDDHHMMSS.0Z`.
 * @returns Milliseconds since 1970; undefined for anything else.
 */
export function generalizedTimeMs(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/.exec(text ?? '')
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}
