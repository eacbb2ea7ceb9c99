/**
 * Which fields may stand in a trailer section. RFC 9110 section 6.5.1: none that frames, routes, modifies or authenticates
 * the message, or says how its content is processed, since whoever merges trailers with the head would act on it too late.
 *
 * @module
 */

import { foldName, keptFields } from './flat-fields.ts'

/** Lower case. Compared with names folded as CGI does: everything but letters and digits counts as '-'. */
const FORBIDDEN = new Set([
  // Framing and the connection.
  ...['connection', 'content-length', 'keep-alive', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'http2-settings'],
  // Routing.
  ...['host', 'forwarded', 'via', 'origin', 'referer', 'destination'],
  // Modifiers and conditions of a request.
  ...['cache-control', 'expect', 'max-forwards', 'pragma', 'range', 'if-match', 'if-none-match'],
  ...['if-modified-since', 'if-unmodified-since', 'if-range', 'if', 'depth', 'overwrite'],
  // Who it is, and who says so.
  ...['authorization', 'www-authenticate', 'authentication-info', 'proxy-authenticate'],
  ...['proxy-authorization', 'proxy-authentication-info', 'persistent-auth', 'proxy-support'],
  ...['cookie', 'cookie2', 'set-cookie', 'set-cookie2'],
  // How the content is processed.
  ...['content-encoding', 'content-type', 'content-range', 'content-location'],
  ...['content-disposition', 'content-security-policy', 'x-content-type-options'],
  // What a client does with the response.
  ...['age', 'date', 'expires', 'location', 'refresh', 'retry-after', 'vary', 'warning', 'link'],
  ...['alt-svc', 'clear-site-data', 'strict-transport-security', 'x-frame-options'],
])

/** The same, by how a folded name begins. */
const FORBIDDEN_PREFIXES = ['access-control-', 'sec-', 'proxy-', 'x-forwarded']

/**
 * Whether a field may stand in a trailer section.
 *
 * @param name - Its name, in any case.
 * @returns False for those that RFC 9110 section 6.5.1 forbids.
 */
export function isTrailerName(name: string): boolean {
  const folded = foldName(name)
  return !FORBIDDEN.has(folded) && !FORBIDDEN_PREFIXES.some((prefix) => folded.startsWith(prefix))
}

/**
 * Takes out of a trailer section what may not stand there.
 *
 * @param fields - Flat: name, value and so on.
 * @returns A new flat list.
 */
export function trailerFields(fields: readonly string[]): string[] {
  return keptFields(fields, isTrailerName)
}
