/**
 * What the two ends of a tunnel are given.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import type { TunnelOptions, TunnelPorts } from '../index.ts'

/** Path of the tunnel on the gateway's tunnel listener. */
export const TUNNEL_PATH = '/tunnel'

/** WebSocket subprotocol: names the frame format. */
export const TUNNEL_SUBPROTOCOL = 'sallyport.1'

/** URI SAN that a gateway's certificate must carry. */
export const GATEWAY_URI = 'urn:sallyport:gateway'

/** The gateway's side: an upgrade request whose client certificate the listener has already judged. */
export interface AcceptOptions extends TunnelOptions, TunnelPorts {}

/** Where the gateway is. */
export interface ConnectTarget {
  readonly host: string
  readonly port: number
  /** Gives up when it fires. */
  readonly signal: AbortSignal
}

/** Makes a connection to the gateway, perhaps through a proxy; TLS is laid over it. Rejects when it cannot. */
export type Connect = (target: ConnectTarget) => Promise<Duplex>

/** The connector's side. */
export interface DialOptions extends TunnelOptions, TunnelPorts {
  /** `host:port` of the gateway's tunnel listener; IPv6 hosts in brackets. */
  readonly address: string
  /** Name that the gateway's certificate must carry (and SNI, unless it is an IP address). */
  readonly serverName: string
  /** PEM of the one CA that is trusted. */
  readonly ca: string
  /** PEM of the connector's certificate. */
  readonly cert: string
  /** PEM of its private key. */
  readonly key: string
  /** Another way to the gateway, such as a forward proxy. Default: a plain TCP connection. */
  readonly connect?: Connect
  /** Gives up when it fires. */
  readonly signal?: AbortSignal
}
