/**
 * Caches between gateway and browsers (a CDN, a reverse proxy).
 *
 * A backend that signs its users in by Authorization need not say that an answer is one user's: no shared cache keeps the answer to
 * such a request (RFC 9111 section 3.5). Outside the gateway that request has a cookie instead, which keeps no cache from anything.
 *
 * @module
 */

import { isNamed } from './raw-fields.ts'

/** By these a backend lets shared caches keep an answer in spite of Authorization. */
const SHARED = ['public', 's-maxage', 'must-revalidate']
/** By these it has said so itself. With an argument, `private` is about those fields alone. */
const UNSHARED = ['private', 'no-store']

const DIRECTIVE = /([^\s,="]+)\s*(=\s*(?:"[^"]*"|[^\s,"]*))?/g

function settlesIt(value: string): boolean {
  for (const [, name = '', argument] of value.toLowerCase().matchAll(DIRECTIVE)) {
    if (SHARED.includes(name)) return true
    if (argument === undefined && UNSHARED.includes(name)) return true
  }
  return false
}

/**
 * What is added to the answer to a signed-in user.
 *
 * @param fields - Of the answer, flat.
 * @returns Flat: `Cache-Control: private`, or nothing where the backend has decided by itself.
 */
export function forSharedCaches(fields: readonly string[]): readonly string[] {
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (isNamed(fields[at], 'cache-control') && settlesIt(fields[at + 1] ?? '')) return []
  }
  return ['Cache-Control', 'private']
}
