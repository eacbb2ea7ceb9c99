/**
 * The gateway's side: takes over an upgrade request on its TLS listener.
 *
 * The listener has judged the client certificate before; nothing here does.
 *
 * @module
 */

import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { maxMessageOctets, resolveLimits, TunnelError, type TunnelSession } from '../index.ts'
import { beginSession } from './handshake.ts'
import { TUNNEL_PATH, TUNNEL_SUBPROTOCOL, type AcceptOptions } from './options.ts'
import { WsCarrier } from './ws-carrier.ts'

/** What an http server's 'upgrade' event hands over. */
export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/**
 * Answers an upgrade request with an error and ends the connection.
 *
 * @param socket - The request's connection.
 * @param status - HTTP status, such as 401.
 */
export function refuseUpgrade(socket: Duplex, status: number): void {
  const text = STATUS_CODES[status] ?? 'Refused'
  socket.on('error', () => {
    socket.destroy()
  })
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function refusal(request: IncomingMessage): number | undefined {
  if (request.url !== TUNNEL_PATH) return 404
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',')
  if (!offered.some((name) => name.trim() === TUNNEL_SUBPROTOCOL)) return 400
  return undefined
}

/** The session begins in the same turn in which the WebSocket opens, so that no message is missed. */
function upgrade(parts: Upgrade, options: AcceptOptions): Promise<TunnelSession> {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageOctets(resolveLimits(options.limits)),
    handleProtocols: () => TUNNEL_SUBPROTOCOL,
  })
  return new Promise((resolve, reject) => {
    server.on('wsClientError', (cause, socket) => {
      refuseUpgrade(socket, 400)
      reject(new TunnelError('ERR_TUNNEL_REFUSED', 'not a WebSocket request', { cause }))
    })
    server.handleUpgrade(parts.request, parts.socket, parts.head, (ws) => {
      const carrier = new WsCarrier(ws, parts.socket, 'gateway')
      resolve(beginSession(carrier, { ...options, role: 'gateway' }, options))
    })
  })
}

/**
 * Makes a tunnel of an upgrade request.
 *
 * @param parts - What the 'upgrade' event handed over; the client certificate has been judged.
 * @param options - Handler, clock, logger, limits.
 * @returns The session, once the hellos have been exchanged. The handler hears nothing before.
 * @throws TunnelError ERR_TUNNEL_REFUSED for another path or subprotocol (answered 404 or 400),
 *   ERR_TUNNEL_HANDSHAKE, ERR_TUNNEL_VERSION.
 */
export async function acceptTunnel(parts: Upgrade, options: AcceptOptions): Promise<TunnelSession> {
  const status = refusal(parts.request)
  if (status !== undefined) {
    refuseUpgrade(parts.socket, status)
    throw new TunnelError('ERR_TUNNEL_REFUSED', `upgrade request refused with ${status}`)
  }
  return upgrade(parts, options)
}
