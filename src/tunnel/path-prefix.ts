/**
 * Whether a request's target lies under a path: twice, because a backend may read a path otherwise than we do.
 *
 * What opens a door asks `isPlainlyUnder`: nothing that some backend could take for another path passes. What closes one asks
 * `isPerhapsUnder`: nothing escapes by another spelling.
 *
 * @module
 */

import type { AppSettings } from './control.ts'

function pathOf(target: string): string {
  const end = target.search(/[?#]/)
  return end < 0 ? target : target.slice(0, end)
}

function isUnder(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  return prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/'
}

/** `//`, `\`, `;`, dot segments, and anything of the kind behind percent signs (also twice encoded). */
const AMBIGUOUS = /\/\/|[\\;]|\/\.{1,2}(?:\/|$)|%(?:2[ef5]|5c|3b|0|u)/i

/**
 * Whether a target is under a path however it is read.
 *
 * @param target - Origin-form, RFC 9112 section 3.2.1.
 * @param prefix - A path without a query; with or without a `/` at its end.
 * @returns False also for a target that some server would take for another path.
 */
export function isPlainlyUnder(target: string, prefix: string): boolean {
  const path = pathOf(target)
  return !AMBIGUOUS.test(path) && isUnder(path, prefix)
}

const MAX_DECODINGS = 3

/** `%61` becomes `a`; what is no octet stays. */
function decoded(path: string): string {
  let plain = path
  for (let n = 0; n < MAX_DECODINGS && plain.includes('%'); n += 1) {
    plain = plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  }
  return plain
}

/** Percent signs, backslashes, parameters, doubled slashes, dot segments and letter case taken out, as some server would. */
function flattened(path: string): string {
  const segments: string[] = []
  for (const segment of decoded(path).replaceAll('\\', '/').split('/')) {
    const name = segment.replace(/;.*$/s, '').toLowerCase()
    if (name === '..') segments.pop()
    else if (name !== '' && name !== '.') segments.push(name)
  }
  return `/${segments.join('/')}`
}

/**
 * Whether some server would take a target to be under a path.
 *
 * @param target - Origin-form.
 * @param prefix - A path without a query.
 * @returns True for every spelling of such a path.
 */
export function isPerhapsUnder(target: string, prefix: string): boolean {
  const path = pathOf(target)
  return isUnder(path, prefix) || isUnder(flattened(path), flattened(prefix))
}

/**
 * Whether a request is an app's, by its path. What opens its path to everybody takes plain spellings alone; any other app takes
 * every spelling that some server reads as its path.
 *
 * @param app - The app, whole or a part.
 * @param target - Of the request, origin-form.
 * @returns True when it is.
 */
export function takesTarget(
  { path = '/', preAuthentication }: Pick<AppSettings, 'path' | 'preAuthentication'>,
  target: string,
): boolean {
  const under = preAuthentication === 'passthrough' ? isPlainlyUnder : isPerhapsUnder
  return under(target, path)
}
