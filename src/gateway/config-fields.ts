/**
 * The kinds of fields that the gateway's configuration is made of, with messages for people.
 *
 * @module
 */

import { z } from 'zod'
import { MAX_APP_URL_LENGTH, MAX_SPN_LENGTH } from '../tunnel/index.ts'

/** A service principal name, e.g. `HTTP/iwa.corp.example`; a realm may follow. */
const SPN_PATTERN = /^[A-Za-z][\w.-]*\/[A-Za-z0-9][\w.:/-]*(?:@[A-Za-z0-9][\w.-]*)?$/

/**
 * A string that is not empty.
 *
 * @param what - What it is, for the message.
 * @returns The schema.
 */
export function text(what: string): z.ZodString {
  return z
    .string(`expected ${what}, as text`)
    .min(1, `${what} must not be empty`)
    .max(4096, `${what} is longer than 4096 characters`)
}

/**
 * A whole number within bounds.
 *
 * @param least - Smallest allowed.
 * @param most - Largest allowed.
 * @returns The schema.
 */
export function wholeNumber(least: number, most: number): z.ZodNumber {
  const message = `expected a whole number from ${least} to ${most}`
  return z.number(message).int(message).min(least, message).max(most, message)
}

function parseUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined
}

function originFault(value: string, schemes: readonly string[]): string | undefined {
  const url = parseUrl(value)
  if (!url) return `'${value}' is not a URL; expected something like ${schemes[0]}//host/`
  if (!schemes.includes(url.protocol)) {
    return `must start with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`
  }
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (url.search !== '' || url.hash !== '') return 'must not have a query or a fragment'
  if (url.pathname !== '/') return `must end after the host, as ${url.origin}/ (no path)`
  if (url.href.length > MAX_APP_URL_LENGTH) return `is longer than ${MAX_APP_URL_LENGTH} characters`
  return undefined
}

/**
 * A URL that is only scheme, host and port; comes out as `https://host[:port]/`, lower case, no default port.
 *
 * @param schemes - Allowed schemes, each with its colon.
 * @returns The schema.
 */
export function originUrl(schemes: readonly string[]): z.ZodType<string> {
  return text('a URL').transform((value, context) => {
    const fault = originFault(value, schemes)
    if (fault === undefined) return new URL(value).href
    context.addIssue({ code: 'custom', message: fault })
    return z.NEVER
  })
}

/** The issuer of an OpenID provider: https, may have a path. Kept as written: issuers are compared as text. */
export const issuerUrl: z.ZodType<string> = text('the issuer URL').refine((value) => {
  const url = parseUrl(value)
  return url?.protocol === 'https:' && url.search === '' && url.hash === ''
}, 'expected the issuer, an https:// URL without query or fragment')

/** A service principal name. */
export const servicePrincipalName: z.ZodString = text('a service principal name')
  .max(MAX_SPN_LENGTH, `a service principal name is longer than ${MAX_SPN_LENGTH} characters`)
  .regex(SPN_PATTERN, 'expected service/host, e.g. HTTP/iwa.corp.example')

/** An id in our own files and messages: letters, digits, dot, underscore, hyphen. */
export const identifier: z.ZodString = text('an id').regex(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  'expected 1 to 64 letters, digits, dots, underscores or hyphens',
)

/** Another version of HTTP, or TLS, would carry requests past every check on fields. */
const PAST_THE_CHECKS = /^(?:h2c?|h3|http\b.*|tls\b.*)$/

/** A protocol of the Upgrade field; comes out in lower case. */
export const upgradeProtocol: z.ZodType<string> = text('a protocol name')
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~/-]{1,64}$/, 'expected a protocol name, e.g. websocket')
  .toLowerCase()
  .refine((name) => !PAST_THE_CHECKS.test(name), 'must not be another version of HTTP, nor TLS')

/** An address to listen on. */
export const listenAddress: z.ZodString = text('an address')

/** A TCP port; 0 lets the system choose. */
export const listenPort: z.ZodNumber = wholeNumber(0, 65_535)
