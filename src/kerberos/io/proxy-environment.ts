/**
 * The forward proxy that the environment names, by the conventions of curl: `HTTPS_PROXY` and `NO_PROXY`, in upper or lower
 * case. Nothing here reads the environment: whoever starts the program passes it on.
 *
 * @module
 */

import { BlockList, isIP, isIPv6 } from 'node:net'
import type { ForwardProxy } from './forward-proxy.ts'
import type { Environment } from './http-anchors.ts'

/**
 * The forward proxy through which a URL is reached.
 *
 * @param environment - Its variables. `HTTPS_PROXY` may hold user and password; `NO_PROXY` lists, separated by commas,
 *   domains with all below them, addresses and networks (`10.0.0.0/8`), each with `:port` where only that is meant; `*` means all.
 * @param url - An https URL.
 * @returns The proxy; undefined where there is none for it.
 * @throws RangeError for an `HTTPS_PROXY` that is no URL; the error does not repeat it.
 */
export function forwardProxyOf(environment: Environment, url: string): ForwardProxy | undefined {
  const named = environment['https_proxy'] ?? environment['HTTPS_PROXY'] ?? ''
  if (named === '' || isExempt(environment['no_proxy'] ?? environment['NO_PROXY'] ?? '', url)) {
    return undefined
  }
  const proxy = URL.parse(named.includes('://') ? named : `http://${named}`)
  if (proxy === null) throw new RangeError('HTTPS_PROXY must be a URL: http://host:port')
  const { username, password, origin } = proxy
  if (username === '' && password === '') return { url: origin }
  const decoded = { user: decode(username), password: decode(password) }
  return { url: origin, credentials: decoded }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new RangeError('HTTPS_PROXY holds a user or password with a broken % sequence')
  }
}

function isExempt(list: string, url: string): boolean {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  const asked = { host, port: port === '' ? '443' : port }
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && covers(entry, asked))
}

function covers(
  entry: string,
  { host, port }: { readonly host: string; readonly port: string },
): boolean {
  if (entry === '*') return true
  const [, bracketed, plain = '', only = port] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(entry) ?? []
  const name = isIPv6(entry.split('/', 1)[0] ?? '') ? entry : (bracketed ?? plain)
  if (only !== port || name === '') return false
  if (isIP(host) !== 0) return isWithin(name, host)
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '')
  return host === domain || host.endsWith(`.${domain}`)
}

function isWithin(network: string, address: string): boolean {
  const [base = '', bits] = network.split('/', 2)
  if (isIP(base) === 0 || isIP(base) !== isIP(address)) return false
  const family = isIP(base) === 4 ? 'ipv4' : 'ipv6'
  const most = family === 'ipv4' ? 32 : 128
  const length = bits === undefined ? most : Number(bits)
  if (!Number.isInteger(length) || length < 0 || length > most || bits === '') return false
  const list = new BlockList()
  list.addSubnet(base, length, family)
  return list.check(address, family)
}
