/**
 * Goes through a forward proxy: HTTP CONNECT (RFC 9110 section 9.3.6), with Basic credentials (RFC 7617) or a Negotiate token (RFC 4559)
 * where it asks for them.
 *
 * @module
 */

import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { abandonable } from '../client-drive.ts'
import { KerberosError, ownMend } from '../errors.ts'
import { formatNegotiate } from '../gss/index.ts'
import { formatHostPort, type HostPort } from './kdc-address.ts'
import { opened, secured, type TlsTrust } from './opened-socket.ts'
import { socketFault } from './socket-fault.ts'

/** A forward proxy. */
export interface ForwardProxy {
  /** `http://host:port`, or `https://host:port` where the way to the proxy itself is to be TLS. Nothing else in it. */
  readonly url: string
  /** For proxies that ask for Basic credentials. Never logged, never in an error. */
  readonly credentials?: { readonly user: string; readonly password: string } | undefined
  /**
   * For proxies that ask for Negotiate: makes the SPNEGO token for a service such as `HTTP/proxy.corp.example`, anew for each
   * connection; for instance what createGssapiEngine gives. Not beside `credentials`.
   */
  readonly negotiate?: ((service: string) => Promise<Uint8Array>) | undefined
  /** What an https proxy must prove. Default a certificate that Node trusts. */
  readonly trust?: TlsTrust | undefined
}

/** What it takes to open a connection through a proxy. */
export interface ProxyPorts {
  /** Opens the connection to the proxy. */
  readonly connect: (address: HostPort) => Socket
  /** Gives up. */
  readonly signal: AbortSignal
}

/** A proxy whose settings were checked; what it says of itself never holds a credential. */
export interface CheckedProxy {
  readonly address: HostPort
  readonly secure: boolean
  readonly trust: TlsTrust
  readonly user: string | undefined
  /** The value of Proxy-Authorization: Basic. */
  readonly basic: string | undefined
  readonly negotiate: ForwardProxy['negotiate']
}

const MAX_HEAD_OCTETS = 16_384

/**
 * Checks a proxy's settings.
 *
 * @param proxy - As configured.
 * @returns What to connect to.
 * @throws RangeError for an address that is not `http(s)://host:port`, credentials that Basic cannot carry, or two ways to
 *   sign in. The error does not repeat them.
 */
export function checkProxy(proxy: ForwardProxy): CheckedProxy {
  const { credentials, negotiate, trust = {} } = proxy
  if (credentials !== undefined && negotiate !== undefined) {
    throw new RangeError('the forward proxy takes credentials or negotiate, not both')
  }
  const url = proxyOrigin(proxy.url)
  const secure = url.protocol === 'https:'
  const port = Number(url.port) || (secure ? 443 : 80)
  const address = { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }
  const { user } = credentials ?? {}
  return { address, secure, trust, user, basic: basicOf(credentials), negotiate }
}

function proxyOrigin(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new RangeError('the forward proxy must be http://host:port or https://host:port')
  }
  if (url.username !== '' || url.password !== '') {
    throw new RangeError('the forward proxy’s user and password do not belong into its address')
  }
  if (url.href !== `${url.origin}/`) {
    throw new RangeError(`the forward proxy’s address ${url.origin} may not have a path`)
  }
  return url
}

function basicOf(credentials: ForwardProxy['credentials']): string | undefined {
  if (credentials === undefined) return undefined
  const { user, password } = credentials
  // RFC 7617 section 2: a colon ends the user, control characters are not allowed.
  if (user.includes(':') || /\p{Cc}/u.test(user + password)) {
    throw new RangeError('the forward proxy’s user or password has characters that Basic forbids')
  }
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/**
 * Opens a connection through a proxy.
 *
 * @param proxy - The proxy.
 * @param target - Where to.
 * @param ports - Opens sockets, gives up.
 * @returns A socket on which the target answers.
 * @throws KerberosError ERR_KRB_KDC_UNREACHABLE that names the proxy and what it said.
 */
export async function connectThrough(
  proxy: CheckedProxy,
  target: HostPort,
  { connect, signal }: ProxyPorts,
): Promise<Socket> {
  const tcp = connect(proxy.address)
  try {
    await opened(tcp, 'connect', signal)
    const { trust } = proxy
    const { host } = proxy.address
    const socket = proxy.secure ? await secured(tcp, host, { trust, signal }) : tcp
    const authorization = await authorizationOf(proxy, signal)
    const { response, early } = await askTunnel(target, authorization, { socket, signal })
    if (response.statusCode !== 200) throw refused(proxy, target, response)
    if (early) throw proxyFault(proxy, 'it sends octets before the tunnel is used')
    return socket
  } catch (error) {
    tcp.on('error', () => undefined).destroy()
    if (error instanceof KerberosError && error.code === 'ERR_KRB_KDC_UNREACHABLE') throw error
    const cause: unknown = signal.aborted ? signal.reason : error
    throw proxyFault(proxy, socketFault(cause), { cause, mend: ownMend(cause) })
  }
}

async function authorizationOf(
  { address, basic, negotiate }: CheckedProxy,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (negotiate === undefined) return basic
  const token = await abandonable(negotiate(`HTTP/${address.host}`), signal)
  return formatNegotiate(token)
}

interface TunnelAnswer {
  readonly response: IncomingMessage
  /** Octets came behind the answer's head. */
  readonly early: boolean
}

async function askTunnel(
  target: HostPort,
  authorization: string | undefined,
  { socket, signal }: { readonly socket: Socket; readonly signal: AbortSignal },
): Promise<TunnelAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<TunnelAnswer>()
  const path = formatHostPort(target)
  const request: ClientRequest = httpRequest({
    method: 'CONNECT',
    path,
    headers: {
      host: path,
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    },
    createConnection: () => socket,
    maxHeaderSize: MAX_HEAD_OCTETS,
    signal,
  })
  request.on('connect', (response, _socket, head: Buffer) => {
    resolve({ response, early: head.length > 0 && response.statusCode === 200 })
  })
  request.on('error', reject)
  request.end()
  return promise
}

function refused(
  proxy: CheckedProxy,
  target: HostPort,
  { statusCode = 0, headersDistinct }: IncomingMessage,
): KerberosError {
  if (statusCode === 407) {
    return credentialsWanted(proxy, headersDistinct['proxy-authenticate'] ?? [])
  }
  const what = `HTTP status ${statusCode} to CONNECT ${formatHostPort(target)}`
  return proxyFault(proxy, what, { mend: mendOf(statusCode) })
}

function mendOf(status: number): string | undefined {
  if (status === 403) {
    return 'Have the forward proxy allow CONNECT to that host and port from this machine.'
  }
  return status >= 500 ? 'Check that the forward proxy can resolve and reach that host.' : undefined
}

function credentialsWanted(proxy: CheckedProxy, challenges: readonly string[]): KerberosError {
  const schemes = challenges.flatMap((text) => /^[A-Za-z0-9-]{1,32}/.exec(text)?.[0] ?? [])
  const offered = schemes.length === 0 ? '' : ` (${[...new Set(schemes)].slice(0, 8).join(', ')})`
  if (proxy.negotiate !== undefined) {
    return proxyFault(proxy, `HTTP status 407: it refuses our Negotiate token${offered}`, {
      mend: 'Check that HTTP/ and the forward proxy’s name are its service principal, and that it lets our account in.',
    })
  }
  const what =
    proxy.user === undefined
      ? `it asks for credentials${offered}, none are configured`
      : `it refuses the credentials of the user ${JSON.stringify(proxy.user)}${offered}`
  return proxyFault(proxy, `HTTP status 407: ${what}`, {
    mend: 'Set user and password of the forward proxy for Basic, or the engine for Negotiate; no other scheme is spoken.',
  })
}

function proxyFault(
  { address }: CheckedProxy,
  what: string,
  { cause, mend = 'Check the forward proxy’s address, and that it runs.' }: FaultOptions = {},
): KerberosError {
  const message = `forward proxy ${formatHostPort(address)}: ${what}`
  return new KerberosError('ERR_KRB_KDC_UNREACHABLE', message, { cause, mend })
}

interface FaultOptions {
  readonly cause?: unknown
  readonly mend?: string | undefined
}
