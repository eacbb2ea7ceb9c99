/**
 * The way to an https server for undici's agents: straight or through a forward proxy, its certificate or key verified.
 *
 * @module
 */

import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import type { buildConnector } from 'undici'
import {
  checkProxy,
  connectThrough,
  type CheckedProxy,
  type ForwardProxy,
} from './forward-proxy.ts'
import { formatHostPort, type HostPort } from './kdc-address.ts'
import { opened, secured, type TlsTrust } from './opened-socket.ts'

/** One forward proxy for all, or what tells the one for a URL. */
export type ForwardProxyChoice = ForwardProxy | ((url: string) => ForwardProxy | undefined)

/** How servers are reached. */
export interface HttpsOptions {
  /** What they must prove. Default a certificate that Node trusts. */
  readonly trust?: TlsTrust | undefined
  /** Default none. */
  readonly forwardProxy?: ForwardProxyChoice | undefined
  /** Time for connecting, the forward proxy and TLS together, milliseconds. Default 5000. */
  readonly connectTimeoutMs?: number | undefined
  /** Connections to one server. Default 8. */
  readonly maxConnections?: number | undefined
  /** How long a connection is kept without use, milliseconds. Default 30 000. */
  readonly keepAliveMs?: number | undefined
  /** Looks up the names of servers, or that of the forward proxy. Default the system's resolver. */
  readonly lookup?: LookupFunction | undefined
}

/** Options that were checked. */
export interface HttpsWay {
  readonly trust: TlsTrust
  readonly forwardProxy: (url: string) => CheckedProxy | undefined
  readonly connect: (address: HostPort) => Socket
  readonly connectTimeoutMs: number
  readonly maxConnections: number
  readonly keepAliveMs: number
}

/**
 * Fills in defaults and refuses nonsense.
 *
 * @param options - As configured.
 * @returns The way.
 * @throws RangeError for a limit that is not positive or a forward proxy that cannot be one.
 */
export function httpsWay(options: HttpsOptions): HttpsWay {
  const { trust = {}, forwardProxy, lookup } = options
  return {
    trust,
    connect: (address) => connectTcp({ ...address, noDelay: true, ...(lookup && { lookup }) }),
    forwardProxy: proxyChooser(forwardProxy),
    connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs ?? 5000),
    maxConnections: positive('maxConnections', options.maxConnections ?? 8),
    keepAliveMs: positive('keepAliveMs', options.keepAliveMs ?? 30_000),
  }
}

function proxyChooser(proxy: ForwardProxyChoice | undefined): HttpsWay['forwardProxy'] {
  if (typeof proxy !== 'function') {
    const one = proxy === undefined ? undefined : checkProxy(proxy)
    return () => one
  }
  return (url) => {
    const chosen = proxy(url)
    return chosen === undefined ? undefined : checkProxy(chosen)
  }
}

/**
 * A limit.
 *
 * @param name - Its name, for the message.
 * @param value - As configured.
 * @returns The same.
 * @throws RangeError when it is not a whole number above 0.
 */
export function positive(name: string, value: number): number {
  if (!Number.isInteger(value) || value <= 0) throw new RangeError(`${name} must be above 0`)
  return value
}

/**
 * What undici opens connections by.
 *
 * @param way - The way.
 * @param faultOf - Makes the error of what went wrong.
 * @param stages - Is told, by origin, what a connection that is being opened waits for. Default nobody.
 * @returns For the `connect` option of an agent.
 */
export function httpsConnector(
  way: HttpsWay,
  faultOf: (error: unknown) => Error,
  stages: Map<string, string> = new Map(),
): buildConnector.connector {
  return (target, done) => {
    const origin = originOf(target)
    const tell = (stage: string): void => void stages.set(origin, stage)
    openSocket(way, target, tell)
      .finally(() => stages.delete(origin))
      .then(
        (socket) => {
          done(null, socket)
        },
        (error: unknown) => {
          done(faultOf(error), null)
        },
      )
  }
}

function addressOf(target: buildConnector.Options): HostPort {
  return { host: target.hostname, port: Number(target.port || 443) }
}

function originOf(target: buildConnector.Options): string {
  return new URL(`https://${formatHostPort(addressOf(target))}`).origin
}

async function openSocket(
  way: HttpsWay,
  target: buildConnector.Options,
  tell: (stage: string) => void,
): Promise<Socket> {
  const { connect, connectTimeoutMs, trust } = way
  const address = addressOf(target)
  const forwardProxy = way.forwardProxy(`https://${formatHostPort(address)}/`)
  tell(
    forwardProxy === undefined
      ? 'no connection'
      : `forward proxy ${formatHostPort(forwardProxy.address)}: no tunnel`,
  )
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort(new Error(`no connection within ${connectTimeoutMs} ms`))
  }, connectTimeoutMs)
  const { signal } = late
  try {
    const tcp =
      forwardProxy === undefined
        ? await connected(connect(address), signal)
        : await connectThrough(forwardProxy, address, { connect, signal })
    tell('no TLS')
    return await secured(tcp, address.host, { trust, signal })
  } finally {
    clearTimeout(timer)
  }
}

async function connected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  await opened(socket, 'connect', signal)
  return socket
}
