/**
 * Where a KDC listens, as administrators write it.
 *
 * @module
 */

import { isIPv6 } from 'node:net'

/** The port of RFC 4120 section 7.2. */
const KERBEROS_PORT = 88

/** Host and port of a KDC. */
export interface KdcAddress {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string
  /** TCP port. */
  readonly port: number
}

/**
 * Reads `host`, `host:port`, an IPv6 address or `[IPv6]:port`.
 *
 * @param text - For instance `dc1.corp.example` or `[fd00::1]:88`.
 * @param defaultPort - The port when none is named. Default 88.
 * @returns Host and port.
 * @throws RangeError for anything else.
 */
export function parseKdcAddress(text: string, defaultPort: number = KERBEROS_PORT): KdcAddress {
  if (isIPv6(text)) return { host: text, port: defaultPort }
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text)
  const match = bracketed ?? /^([^\s:[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const [, host = '', digits = String(defaultPort)] = match ?? []
  const isAddress = bracketed === null || isIPv6(host)
  const port = Number(digits)
  if (host === '' || !isAddress || port < 1 || port > 65535) {
    throw new RangeError(`not the address of a KDC (host, host:port): ${JSON.stringify(text)}`)
  }
  return { host, port }
}

/**
 * The text form of an address, for messages.
 *
 * @param address - Host and port.
 * @returns `host:port`, IPv6 in brackets.
 */
export function formatKdcAddress({ host, port }: KdcAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
