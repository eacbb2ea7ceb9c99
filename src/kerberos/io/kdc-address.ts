/**
 * Where a KDC is reached, as administrators write it: a host and its port, or the URL of a proxy in front of it (MS-KKDCP).
 *
 * @module
 */

import { isIPv6 } from 'node:net'

/** The port of RFC 4120 section 7.2. */
const KERBEROS_PORT = 88
/** RFC 3244 section 2. */
const KPASSWD_PORT = 464

/** A server's name or address and its port. */
export interface HostPort {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string
  /** TCP or UDP port. */
  readonly port: number
}

/** A KDC that is asked itself, over TCP or UDP as the settings of the transport say. */
export interface DirectKdcAddress extends HostPort {
  /** Tells it from a proxy. */
  readonly via: 'direct'
}

/** A KDC proxy (MS-KKDCP) that is asked over HTTPS and asks a KDC of the realm in turn. */
export interface ProxiedKdcAddress {
  /** Tells it from a KDC that is asked itself. */
  readonly via: 'https'
  /** Its URL, as the URL class writes it, for instance `https://kdcproxy.corp.example/KdcProxy`. */
  readonly url: string
  /** CA certificates that vouch for it, PEM: a krb5.conf's http_anchors. Default those of the transport's settings. */
  readonly ca?: string | undefined
}

/** Where a KDC is reached. */
export type KdcAddress = DirectKdcAddress | ProxiedKdcAddress

/**
 * Reads `host`, `host:port`, an IPv6 address, `[IPv6]:port`, or the `https:` URL of a KDC proxy.
 *
 * @param text - For instance `dc1.corp.example`, `[fd00::1]:88` or `https://kdcproxy.corp.example/KdcProxy`.
 * @returns The address; the port is 88 where none is named.
 * @throws RangeError for anything else.
 */
export function parseKdcAddress(text: string): KdcAddress {
  return parseAddress(text, KERBEROS_PORT)
}

/**
 * Reads the address of a password server (RFC 3244), in the same forms.
 *
 * @param text - For instance `dc1.corp.example` or `https://kdcproxy.corp.example/KdcProxy`.
 * @returns The address; the port is 464 where none is named.
 * @throws RangeError for anything else.
 */
export function parsePasswordServer(text: string): KdcAddress {
  return parseAddress(text, KPASSWD_PORT)
}

/**
 * Where the password server is that belongs to a KDC: in Active Directory each KDC is one.
 *
 * @param kdc - The KDC.
 * @returns The same host on port 464; the same KDC proxy.
 */
export function passwordServerOf(kdc: KdcAddress): KdcAddress {
  return kdc.via === 'direct' ? { ...kdc, port: KPASSWD_PORT } : kdc
}

function parseAddress(text: string, defaultPort: number): KdcAddress {
  if (/^https:\/\//i.test(text)) return { via: 'https', url: proxyUrl(text) }
  return { via: 'direct', ...parseHostPort(text, defaultPort) }
}

const MAX_URL = 2048

/** MIT krb5 takes `https:` alone (krb5.conf, `kdc`). A password has no place in an address that is logged. */
function proxyUrl(text: string): string {
  const url = text.length > MAX_URL ? null : URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') {
    const shown = text.slice(text.lastIndexOf('@') + 1).slice(0, 100)
    throw new RangeError(`not the URL of a KDC proxy (https://host/path): ${JSON.stringify(shown)}`)
  }
  return url.href
}

/**
 * Reads `host`, `host:port`, an IPv6 address or `[IPv6]:port`.
 *
 * @param text - For instance `dc1.corp.example` or `[fd00::1]:88`.
 * @param defaultPort - The port when none is named.
 * @returns Host and port.
 * @throws RangeError for anything else.
 */
export function parseHostPort(text: string, defaultPort: number): HostPort {
  if (isIPv6(text)) return { host: text, port: defaultPort }
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text)
  const match = bracketed ?? /^([^\s:[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const [, host = '', digits = String(defaultPort)] = match ?? []
  const isAddress = bracketed === null || isIPv6(host)
  const port = Number(digits)
  if (host === '' || !isAddress || port < 1 || port > 65535) {
    throw new RangeError(`not the address of a server (host, host:port): ${JSON.stringify(text)}`)
  }
  return { host, port }
}

/**
 * The text form of host and port, for messages.
 *
 * @param server - Host and port.
 * @returns `host:port`, IPv6 in brackets.
 */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * The text form of an address, for messages.
 *
 * @param address - Where a KDC is reached.
 * @returns `host:port`, IPv6 in brackets, or the URL.
 */
export function formatKdcAddress(address: KdcAddress): string {
  return address.via === 'https' ? address.url : formatHostPort(address)
}
