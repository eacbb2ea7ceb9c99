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

function splitAttribute(attribute: string): { name: string; value: string } {
  const equals = attribute.indexOf('=')
  if (equals < 0) return { name: attribute.trim().toLowerCase(), value: '' }
  return {
    name: attribute.slice(0, equals).trim().toLowerCase(),
    value: attribute.slice(equals + 1).trim(),
  }
}

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
  const [pair = '', ...attributes] = value.split(';')
  // A cookie without a name, `=__Host-sallyport=x`, would come back as one of ours.
  const name = /^[\s=]*([^=]*)/.exec(pair)?.[1] ?? ''
  if (isOwnCookie(name.trim())) return undefined
  const kept = attributes.filter((attribute) => {
    const { name: key, value: argument } = splitAttribute(attribute)
    return key !== 'domain' || coversHost(argument, externalHost)
  })
  const secure = kept.some((attribute) => splitAttribute(attribute).name === 'secure')
  return [pair, ...kept, ...(secure ? [] : [' Secure'])].join(';')
}
