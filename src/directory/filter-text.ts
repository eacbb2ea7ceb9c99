/**
 * Values in search filters (RFC 4515).
 *
 * @module
 */

/**
 * Escapes a value for a filter. RFC 4515 section 3.
 *
 * Characters beyond ASCII stay as they are: they are legal, and some clients turn an escaped UTF-8 octet into a character.
 *
 * @param value - Any text.
 * @returns The text with `*`, `(`, `)`, `\` and control characters as a backslash and two hex digits.
 */
export function escapeFilterValue(value: string): string {
  return value.replace(
    // eslint-disable-next-line no-control-regex -- control characters are what has to be escaped
    /[*()\\\u0000-\u001f\u007f]/g,
    (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
