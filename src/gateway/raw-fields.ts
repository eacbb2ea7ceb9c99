/**
 * Single fields out of a request's flat list, as node:http received it: its `headers` object is dear to build and most
 * requests need one or two fields of it.
 *
 * @module
 */

/**
 * One field.
 *
 * @param raw - Flat: name, value and so on.
 * @param name - Lower case.
 * @returns The value of the first field of this name, undefined when there is none.
 */
export function rawField(raw: readonly string[], name: string): string | undefined {
  for (let at = 0; at < raw.length; at += 2) {
    if (isNamed(raw[at], name)) return raw[at + 1]
  }
  return undefined
}

/**
 * All Cookie fields as one. A browser sends one; RFC 9113 section 8.2.3 lets proxies split it.
 *
 * @param raw - Flat: name, value and so on.
 * @returns Pairs joined by '; ', undefined when there are none.
 */
export function rawCookies(raw: readonly string[]): string | undefined {
  let all: string | undefined
  for (let at = 0; at < raw.length; at += 2) {
    if (!isNamed(raw[at], 'cookie')) continue
    const value = raw[at + 1] ?? ''
    all = all === undefined ? value : `${all}; ${value}`
  }
  return all
}

/**
 * Whether a field has a name.
 *
 * @param name - Of the field.
 * @param wanted - Lower case.
 * @returns True in any case of letters.
 */
export function isNamed(name: string | undefined, wanted: string): boolean {
  return name?.length === wanted.length && name.toLowerCase() === wanted
}
