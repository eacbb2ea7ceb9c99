/**
 * A backend's Set-Cookie on its way out. RFC 6265 section 4.1.
 *
 * @module
 */

import { isOwnCookie } from './cookies.ts'

function coversHost(domain: string, host: string): boolean {
  const bare = domain.replace(/^\./, '').toLowerCase()
  return bare !== '' && (host === bare || host.endsWith(`.${bare}`))
}

/** The attributes that matter here, with the semicolon before them; the others are not looked at one by one. */
const DOMAIN = /;\s*domain\s*(?:=([^;]*))?(?=;|$)/gi
const SECURE = /;\s*secure\s*(?:=[^;]*)?(?=;|$)/i

/**
 * Fits a backend's cookie to the external host: a Domain that does not cover that host is dropped (the cookie then
 * belongs to the host alone), and Secure is added, because outside there is only https. Path stays: external and
 * internal URLs have the same paths.
 *
 * @param value - The Set-Cookie value.
 * @param externalHost - Lower case, without a port.
 * @returns What the browser gets; undefined when the cookie has a name of ours.
 */
export function outwardCookie(value: string, externalHost: string): string | undefined {
  // A cookie without a name, `=__Host-sallyport=x`, would come back as one of ours.
  const name = /^[\s=]*([^=;]*)/.exec(value)?.[1] ?? ''
  if (isOwnCookie(name.trim())) return undefined
  const kept = value.replace(DOMAIN, (attribute, domain = '') =>
    coversHost(String(domain).trim(), externalHost) ? attribute : '',
  )
  return SECURE.test(kept) ? kept : `${kept}; Secure`
}
