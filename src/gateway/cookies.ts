/**
 * Our cookies: what they are called, how they are read, set and kept from backends. RFC 6265; the `__Host-` prefix
 * (RFC 6265bis section 4.1.3.2) ties them to one host, to https and to the path '/'.
 *
 * @module
 */

/** The session cookie. */
export const SESSION_COOKIE = '__Host-sallyport'

/** Sign-ins under way, one cookie each: this, a time and a random part. */
export const SIGN_IN_COOKIE_PREFIX = '__Host-sallyport-tx-'

/** Says that this browser could not sign in with Kerberos a while ago. */
export const NO_NEGOTIATE_COOKIE = '__Host-sallyport-no-kerberos'

/** Part of every name of ours: a pair without it is none. */
const MARK = /sallyport/gi

/** A cookie as a browser sent it. */
export interface Cookie {
  readonly name: string
  readonly value: string
}

/**
 * Whether a cookie name is ours; backends neither see nor set it. Compared without regard to case, since some
 * backends do so too.
 *
 * @param name - Name of a cookie.
 * @returns True for the session cookie and those of sign-ins.
 */
export function isOwnCookie(name: string): boolean {
  const folded = name.toLowerCase()
  return (
    folded === SESSION_COOKIE.toLowerCase() ||
    folded === NO_NEGOTIATE_COOKIE.toLowerCase() ||
    folded.startsWith(SIGN_IN_COOKIE_PREFIX.toLowerCase())
  )
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=')
  return (equals < 0 ? pair : pair.slice(0, equals)).trim()
}

/** Where a pair stands in a Cookie header, without the semicolons around it. */
interface Pair {
  readonly start: number
  readonly end: number
}

/** The pairs whose names are ours. Of all others nothing is copied: a header may be nothing but semicolons. */
function ownPairs(header: string): Pair[] {
  const own: Pair[] = []
  MARK.lastIndex = 0
  for (let mark = MARK.exec(header); mark !== null; mark = MARK.exec(header)) {
    const start = header.lastIndexOf(';', mark.index) + 1
    const next = header.indexOf(';', mark.index)
    const end = next < 0 ? header.length : next
    if (isOwnCookie(nameOf(header.slice(start, end)))) own.push({ start, end })
    MARK.lastIndex = end
  }
  return own
}

/**
 * Finds our cookies in a Cookie header.
 *
 * @param header - The header's value.
 * @returns Those that are ours, in order.
 */
export function ownCookies(header: string | undefined): readonly Cookie[] {
  if (header === undefined) return []
  return ownPairs(header).map(({ start, end }) => {
    const pair = header.slice(start, end)
    return { name: nameOf(pair), value: pair.slice(pair.indexOf('=') + 1).trim() }
  })
}

/**
 * The session cookie of a request. The first counts: the `__Host-` prefix lets no other host or path add one.
 *
 * @param header - The Cookie field.
 * @returns Its value, or undefined.
 */
export function sessionCookieOf(header: string | undefined): string | undefined {
  if (!header?.includes(SESSION_COOKIE)) return undefined
  return ownCookies(header).find(({ name }) => name === SESSION_COOKIE)?.value
}

/**
 * Takes our cookies out of a Cookie header.
 *
 * @param header - The header's value.
 * @returns What is left; '' when nothing is.
 */
export function withoutOwnCookies(header: string): string {
  const own = ownPairs(header)
  if (own.length === 0) return header
  const kept: string[] = []
  let from = 0
  for (const { start, end } of own) {
    if (start > from) kept.push(header.slice(from, start - 1))
    from = end + 1
  }
  if (from <= header.length) kept.push(header.slice(from))
  return kept.join(';').trim()
}

/**
 * A Set-Cookie value for a cookie of ours. SameSite=Lax, so that it survives the way back from the provider.
 *
 * @param name - Name with the `__Host-` prefix.
 * @param value - Octets of base64url, dots and hyphens only.
 * @param maxAgeSeconds - How long it is kept; absent: until the browser is closed.
 * @returns The header's value.
 */
export function setCookie(name: string, value: string, maxAgeSeconds?: number): string {
  const age = maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax${age}`
}

/**
 * A Set-Cookie value that removes a cookie of ours.
 *
 * @param name - Name with the `__Host-` prefix.
 * @returns The header's value.
 */
export function clearCookie(name: string): string {
  return setCookie(name, '', 0)
}
