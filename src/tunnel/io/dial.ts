/**
 * The connector's side: TCP, TLS 1.3 with our certificate, WebSocket, HELLO; one time limit over all of it.
 *
 * @module
 */

import type { TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { errorText } from '../../platform/index.ts'
import {
  maxMessageOctets,
  resolveLimits,
  TunnelError,
  type TunnelErrorCode,
  type TunnelSession,
} from '../index.ts'
import { beginSession } from './handshake.ts'
import { TUNNEL_PATH, TUNNEL_SUBPROTOCOL, type DialOptions } from './options.ts'
import { connectTcp, parseAddress } from './tcp.ts'
import { connectTls } from './tls.ts'
import { WsCarrier } from './ws-carrier.ts'

function openWebSocket(socket: TLSSocket, options: DialOptions): WebSocket {
  const limits = resolveLimits(options.limits)
  return new WebSocket(`wss://${options.address}${TUNNEL_PATH}`, TUNNEL_SUBPROTOCOL, {
    createConnection: () => socket,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: maxMessageOctets(limits),
  })
}

function refused(status: number): TunnelError {
  const mend =
    status === 401 || status === 403
      ? 'Register the connector again: `sallyport connector register`.'
      : 'Check that the address is the tunnel listener of the gateway.'
  return new TunnelError('ERR_TUNNEL_REFUSED', `the gateway answered ${status}`, { mend })
}

/** With TLS 1.3 a refused client certificate shows itself only now. */
function openError(error: Error): TunnelError {
  const code: TunnelErrorCode =
    'code' in error && String(error.code).startsWith('ERR_SSL')
      ? 'ERR_TUNNEL_TLS'
      : 'ERR_TUNNEL_HANDSHAKE'
  return new TunnelError(code, `WebSocket handshake failed: ${error.message}`, { cause: error })
}

/** Resolves in the same turn in which the WebSocket opens, so that no message is missed. */
function openSession(socket: TLSSocket, options: DialOptions): Promise<TunnelSession> {
  return new Promise((resolve, reject) => {
    const ws = openWebSocket(socket, options)
    const onError = (error: Error): void => {
      reject(openError(error))
    }
    ws.on('error', onError)
    ws.on('unexpected-response', (_request, response) => {
      reject(refused(response.statusCode ?? 0))
      socket.destroy()
    })
    ws.on('open', () => {
      ws.off('error', onError)
      const carrier = new WsCarrier(ws, socket, 'connector')
      resolve(beginSession(carrier, { ...options, role: 'connector' }, options))
    })
  })
}

/**
 * Dials the gateway.
 *
 * @param options - Where to, whom to trust, who we are, and the application's handler.
 * @returns The session, once the hellos have been exchanged. The handler hears nothing before.
 * @throws TunnelError ERR_TUNNEL_UNREACHABLE (no TCP connection), _TLS (certificate of either side), _REFUSED (HTTP
 *   status), _HANDSHAKE (WebSocket or HELLO), _VERSION. RangeError for a malformed address.
 */
export async function dialTunnel(options: DialOptions): Promise<TunnelSession> {
  const { handshakeTimeoutMs } = resolveLimits(options.limits)
  const address = parseAddress(options.address)
  const limit = new AbortController()
  const timer = options.clock.setTimer(handshakeTimeoutMs, () => {
    limit.abort(new Error(`no tunnel within ${handshakeTimeoutMs} ms`))
  })
  const signals = options.signal === undefined ? [limit.signal] : [limit.signal, options.signal]
  const signal = AbortSignal.any(signals)
  try {
    const plain = await (options.connect ?? connectTcp)({ ...address, signal })
    const socket = await connectTls(plain, { ...options, signal })
    return await untilAborted(socket, signal, openSession(socket, options))
  } finally {
    timer.cancel()
  }
}

async function untilAborted<T>(
  socket: TLSSocket,
  signal: AbortSignal,
  work: Promise<T>,
): Promise<T> {
  const onAbort = (): void => {
    socket.destroy(new Error(errorText(signal.reason)))
  }
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await work
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
