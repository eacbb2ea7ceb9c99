/**
 * The kinds of fields that the connector's configuration is made of, with messages for people.
 *
 * @module
 */

import { z } from 'zod'

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?$/
const HOST_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/
/** RFC 4120 section 6.1, domain style, as Active Directory has them: capitals. */
const REALM = /^[A-Z0-9](?:[A-Z0-9._-]{0,252}[A-Z0-9])?$/
const PRINCIPAL = /^[^\s@/\\]{1,256}(?:\/[^\s@/\\]{1,256})?$/
/** RFC 4514, as far as needed: it ends in the domain's parts. */
const DISTINGUISHED_NAME =
  /^(?:.+,)?\s*DC\s*=\s*[A-Za-z0-9_-]+(?:\s*,\s*DC\s*=\s*[A-Za-z0-9_-]+)*\s*$/i

/**
 * A path. Not empty.
 *
 * @param what - What it is, for the message.
 * @returns The schema.
 */
export function path(what: string): z.ZodString {
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

/**
 * Cuts `host`, `host:port` or `[IPv6]:port` apart.
 *
 * @param text - As written by an administrator.
 * @returns Host without brackets, and the port where one is named; undefined when it is neither form.
 */
export function splitHostPort(
  text: string,
): { host: string; port: number | undefined } | undefined {
  const match = HOST_PORT.exec(text)
  const [, address, name, digits] = match ?? []
  if (address !== undefined && !isIpv6(address)) return undefined
  if (name !== undefined && !HOST.test(name)) return undefined
  const host = address ?? name
  if (host === undefined) return undefined
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return { host, port }
}

function isIpv6(text: string): boolean {
  return z.ipv6().safeParse(text).success
}

function isIpAddress(text: string): boolean {
  return z.ipv4().safeParse(text).success || isIpv6(text)
}

/**
 * A server by name or address, with or without a port.
 *
 * @param what - What it is, for the message.
 * @returns The schema.
 */
function hostAndPort(what: string): z.ZodString {
  return path(what).refine(
    (text) => splitHostPort(text) !== undefined,
    `expected ${what} as host or host:port, e.g. dc1.corp.example`,
  )
}

const KDC_PROXY = /^https:\/\/[^\s/@]+(?:\/[^\s]*)?$/i

/** A KDC: a server, or the URL of a KDC proxy (MS-KKDCP). */
export const kdcAddress: z.ZodString = path('a KDC').refine(
  (text) => splitHostPort(text) !== undefined || KDC_PROXY.test(text),
  'expected a KDC as host or host:port, or a KDC proxy as https://host/KdcProxy',
)

/** A domain controller: a DNS name, since a service ticket is for a name. */
export const domainController: z.ZodString = hostAndPort('a domain controller').refine(
  (text) => !isIpAddress(splitHostPort(text)?.host ?? ''),
  'expected the name of the domain controller, as in its certificate and SPN, not an address',
)

/** A name server: an IP address, with or without a port. */
export const dnsServer: z.ZodString = path('a name server').refine((text) => {
  return isIpv6(text) || isIpAddress(splitHostPort(text)?.host ?? '')
}, 'expected the IP address of a name server, e.g. 10.0.0.53')

/** A Kerberos realm. */
export const realm: z.ZodString = path('the realm').regex(
  REALM,
  'expected the realm in capitals, e.g. CORP.EXAMPLE',
)

/** A principal without its realm. */
export const principal: z.ZodString = path('the principal').regex(
  PRINCIPAL,
  'expected the account without realm, e.g. CONN1$ or HTTP/connector.corp.example',
)

/** Where to search. */
export const distinguishedName: z.ZodString = path('a distinguished name').regex(
  DISTINGUISHED_NAME,
  'expected a distinguished name that ends in its domain, e.g. OU=Staff,DC=corp,DC=example',
)
