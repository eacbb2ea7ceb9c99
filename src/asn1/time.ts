/**
 * GeneralizedTime and UTCTime as DER allows them: UTC, whole seconds, ending in Z (X.690 section 11.7).
 *
 * @module
 */

const GENERALIZED_TIME = /^\d{14}Z$/
const UTC_TIME = /^\d{12}Z$/

/** Years a GeneralizedTime can hold. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59)

/** Two digits. */
function two(text: string, at: number): number {
  return 10 * text.charCodeAt(at) + text.charCodeAt(at + 1) - 11 * 0x30
}

/** `MMDDHHMMSS` from a place on. */
function utc(year: number, text: string, at: number): number | undefined {
  const [month, day, hour] = [two(text, at), two(text, at + 2), two(text, at + 4)]
  const [minute, second] = [two(text, at + 6), two(text, at + 8)]
  if (year < 1000 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) {
    return undefined
  }
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC rolls 31 February over into March: only a day that comes back unchanged is one.
  return new Date(ms).getUTCDate() === day ? ms : undefined
}

/**
 * Reads `YYYYMMDDHHMMSSZ`.
 *
 * @param text - The content as text.
 * @returns Milliseconds since the epoch, or undefined for anything else.
 */
export function parseGeneralizedTime(text: string): number | undefined {
  return GENERALIZED_TIME.test(text) ? utc(100 * two(text, 0) + two(text, 2), text, 4) : undefined
}

/**
 * Reads `YYMMDDHHMMSSZ`; years from 50 on are 19xx (RFC 5280 section 4.1.2.5.1).
 *
 * @param text - The content as text.
 * @returns Milliseconds since the epoch, or undefined for anything else.
 */
export function parseUtcTime(text: string): number | undefined {
  if (!UTC_TIME.test(text)) return undefined
  const year = two(text, 0)
  return utc(year < 50 ? 2000 + year : 1900 + year, text, 2)
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
