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
  return new TargetPath(target).isPlainlyUnder(prefix)
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
  return new TargetPath(target).isPerhapsUnder(prefix, flattened(prefix))
}

/** A target's path, taken apart at most once: it may be long, and many paths may ask for it. */
export class TargetPath {
  readonly #path: string
  #ambiguous: boolean | undefined
  #flat: string | undefined

  constructor(target: string) {
    this.#path = pathOf(target)
  }

  /**
   * As the function of this name.
   *
   * @param prefix - A path without a query.
   * @returns Whether the target is under it however it is read.
   */
  isPlainlyUnder(prefix: string): boolean {
    if (!isUnder(this.#path, prefix)) return false
    this.#ambiguous ??= AMBIGUOUS.test(this.#path)
    return !this.#ambiguous
  }

  /**
   * As the function of this name.
   *
   * @param prefix - A path without a query.
   * @param flat - The same, flattened.
   * @returns Whether some server would take the target to be under it.
   */
  isPerhapsUnder(prefix: string, flat: string): boolean {
    if (isUnder(this.#path, prefix)) return true
    this.#flat ??= flattened(this.#path)
    return isUnder(this.#flat, flat)
  }
}

/** What of an app says which requests are its. */
type Placed = Pick<AppSettings, 'path' | 'preAuthentication'>

/**
 * Whether a request is an app's, by its path. What opens its path to everybody takes plain spellings alone; any other app takes
 * every spelling that some server reads as its path.
 *
 * @param app - The app, whole or a part.
 * @returns Says it of a target.
 */
export function targetRule({ path = '/', preAuthentication }: Placed): (of: TargetPath) => boolean {
  if (preAuthentication === 'passthrough') return (target) => target.isPlainlyUnder(path)
  const flat = flattened(path)
  return (target) => target.isPerhapsUnder(path, flat)
}

/**
 * The same for a single target.
 *
 * @param app - The app, whole or a part.
 * @param target - Of the request, origin-form.
 * @returns True when it is the app's.
 */
export function takesTarget(app: Placed, target: string): boolean {
  return targetRule(app)(new TargetPath(target))
}
