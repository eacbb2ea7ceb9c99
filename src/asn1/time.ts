/**
 * GeneralizedTime and UTCTime as DER allows them: UTC, whole seconds, ending in Z (X.690 section 11.7).
 *
 * @module
 */

const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/

/** Years a GeneralizedTime can hold. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

function utc(match: RegExpExecArray, year: number): number | undefined {
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(2).map(Number)
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  const date = new Date(ms)
  // Date.UTC rolls 31 February over into March: only a date that comes back unchanged is one.
  const same =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  return same && year >= 1000 ? ms : undefined
}

/**
 * Reads `YYYYMMDDHHMMSSZ`.
 *
 * @param text - The content as text.
 * @returns Milliseconds since the epoch, or undefined for anything else.
 */
export function parseGeneralizedTime(text: string): number | undefined {
  const match = GENERALIZED_TIME.exec(text)
  return match === null ? undefined : utc(match, Number(match[1]))
}

/**
 * Reads `YYMMDDHHMMSSZ`; years from 50 on are 19xx (RFC 5280 section 4.1.2.5.1).
 *
 * @param text - The content as text.
 * @returns Milliseconds since the epoch, or undefined for anything else.
 */
export function parseUtcTime(text: string): number | undefined {
  const match = UTC_TIME.exec(text)
  if (match === null) return undefined
  const year = Number(match[1])
  return utc(match, year < 50 ? 2000 + year : 1900 + year)
}

/** Messages that are written within one second share its text. */
let lastSecond = NaN
let lastText = ''

/**
 * Writes `YYYYMMDDHHMMSSZ`; parts of a second are dropped.
 *
 * @param timeMs - Milliseconds since the epoch.
 * @returns 15 ASCII characters.
 * @throws RangeError outside the years 1000 to 9999.
 */
export function formatGeneralizedTime(timeMs: number): string {
  if (!(timeMs >= -30610224000000 && timeMs < LATEST_MS + 1000)) {
    throw new RangeError(`a GeneralizedTime cannot hold ${timeMs} ms since the epoch`)
  }
  const second = Math.floor(timeMs / 1000)
  if (second === lastSecond) return lastText
  const text = new Date(timeMs).toISOString()
  lastText = `${text.slice(0, 4)}${text.slice(5, 7)}${text.slice(8, 10)}${text.slice(11, 13)}${text.slice(14, 16)}${text.slice(17, 19)}Z`
  lastSecond = second
  return lastText
}
