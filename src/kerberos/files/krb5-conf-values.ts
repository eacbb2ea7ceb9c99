/**
 * What the values of krb5.conf mean: times, yes and no, encryption types.
 *
 * @module
 */

import { SUPPORTED_ETYPES } from '../crypto/index.ts'
import { EncryptionType } from '../iana/index.ts'

const {
  AES128_CTS_HMAC_SHA1_96: AES128_SHA1,
  AES256_CTS_HMAC_SHA1_96: AES256_SHA1,
  AES128_CTS_HMAC_SHA256_128: AES128_SHA2,
  AES256_CTS_HMAC_SHA384_192: AES256_SHA2,
} = EncryptionType

const SECOND_MS = 1000
const UNIT_SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 }

/** `2d 3h 4m 5s`, any of them, in this order. Space belongs to what it follows, so that it is taken in one way only. */
const UNITS = /^(?:(\d{1,9})d\s*)?(?:(\d{1,9})h\s*)?(?:(\d{1,9})m\s*)?(?:(\d{1,9})s)?$/
/** `1-02:03:04`, `02:03:04`, `02:03`. */
const CLOCK = /^(?:(\d{1,9})-)?(\d{1,9}):(\d{1,2})(?::(\d{1,2}))?$/

/**
 * A duration: `36000`, `10h`, `1d 2h 3m 4s`, `h:m[:s]` or `d-h:m:s` (krb5.conf(5), "Time duration").
 *
 * @param text - The value.
 * @returns Milliseconds, or undefined when it is no duration.
 */
export function parseDurationMs(text: string): number | undefined {
  const value = text.trim()
  if (/^\d{1,12}$/.test(value)) return Number(value) * SECOND_MS
  const match = CLOCK.exec(value) ?? UNITS.exec(value)
  if (match === null || value === '') return undefined
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match
  const parts = { d: days, h: hours, m: minutes, s: seconds }
  const total = Object.entries(parts).reduce(
    (sum, [unit, count]) => sum + Number(count) * (UNIT_SECONDS[unit] ?? 0),
    0,
  )
  return total * SECOND_MS
}

const YES = ['y', 'yes', 'true', 't', '1', 'on']
const NO = ['n', 'no', 'false', 'nil', '0', 'off']

/**
 * Yes or no, as MIT's library spells them.
 *
 * @param text - The value.
 * @returns The answer, or undefined when it is neither.
 */
export function parseBoolean(text: string): boolean | undefined {
  const value = text.trim().toLowerCase()
  if (YES.includes(value)) return true
  return NO.includes(value) ? false : undefined
}

/** MIT's library sends no larger datagram, whatever the file says. */
const MOST_DATAGRAM_OCTETS = 32_700

/**
 * A number of octets that a datagram may hold.
 *
 * @param text - The value.
 * @returns The number, at most 32 700, or undefined when it is none.
 */
export function parseOctets(text: string): number | undefined {
  const value = text.trim()
  return /^\d{1,9}$/.test(value) ? Math.min(Number(value), MOST_DATAGRAM_OCTETS) : undefined
}

const NAMES: ReadonlyMap<string, readonly number[]> = new Map([
  ['default', SUPPORTED_ETYPES],
  ['aes', [AES256_SHA1, AES128_SHA1, AES256_SHA2, AES128_SHA2]],
  ['aes256-cts-hmac-sha384-192', [AES256_SHA2]],
  ['aes256-sha2', [AES256_SHA2]],
  ['aes128-cts-hmac-sha256-128', [AES128_SHA2]],
  ['aes128-sha2', [AES128_SHA2]],
  ['aes256-cts-hmac-sha1-96', [AES256_SHA1]],
  ['aes256-cts', [AES256_SHA1]],
  ['aes256-sha1', [AES256_SHA1]],
  ['aes128-cts-hmac-sha1-96', [AES128_SHA1]],
  ['aes128-cts', [AES128_SHA1]],
  ['aes128-sha1', [AES128_SHA1]],
])

/**
 * A list of encryption types (krb5.conf(5), "Encryption types"): names, families, `DEFAULT`, and `-name` to take out.
 *
 * @param text - Names between spaces or commas.
 * @returns Numbers in the order of the list, without those we do not speak (RC4, DES, Camellia).
 */
export function parseEtypes(text: string): readonly number[] {
  let etypes: readonly number[] = []
  for (const word of text.toLowerCase().split(/[\s,]+/)) {
    const without = word.startsWith('-')
    const named = NAMES.get(without || word.startsWith('+') ? word.slice(1) : word) ?? []
    const others = etypes.filter((etype) => !named.includes(etype))
    if (without) etypes = others
    else etypes = [...etypes, ...named.filter((etype) => !etypes.includes(etype))]
  }
  return etypes
}
