/**
 * Waiting for the hellos: a promise of the session in front of the application's handler.
 *
 * @module
 */

import {
  createTunnelSession,
  TunnelError,
  type SessionOptions,
  type StreamReason,
  type TunnelCarrier,
  type TunnelHandler,
  type TunnelPorts,
  type TunnelSession,
} from '../index.ts'

function handshakeError(reason: StreamReason): TunnelError {
  const refused = reason.code === 'ERR_TUNNEL_VERSION'
  const code = refused ? reason.code : 'ERR_TUNNEL_HANDSHAKE'
  return new TunnelError(code, `no tunnel: ${reason.message} (${reason.code})`)
}

/** What becomes of a handshake. */
interface Outcome {
  resolve(session: TunnelSession): void
  reject(error: TunnelError): void
}

/** Until the peer's HELLO the application hears nothing; a fault before it rejects the promise instead. */
function untilReady(inner: TunnelHandler, outcome: Outcome): TunnelHandler {
  let ready = false
  const onOpen = inner.onOpen?.bind(inner)
  return {
    onReady(session) {
      ready = true
      outcome.resolve(session)
      inner.onReady?.(session)
    },
    onControl(message) {
      inner.onControl(message)
    },
    onDraining() {
      inner.onDraining?.()
    },
    onClose(reason) {
      if (ready) inner.onClose(reason)
      else outcome.reject(handshakeError(reason))
    },
    ...(onOpen === undefined ? {} : { onOpen }),
  }
}

/**
 * Begins a session on an open carrier.
 *
 * @param carrier - Fresh.
 * @param options - Side, limits, capabilities.
 * @param ports - Clock, logger and the application's handler.
 * @returns The session, once the hellos have been exchanged.
 * @throws TunnelError ERR_TUNNEL_HANDSHAKE or ERR_TUNNEL_VERSION.
 */
export function beginSession(
  carrier: TunnelCarrier,
  options: SessionOptions,
  ports: TunnelPorts,
): Promise<TunnelSession> {
  return new Promise((resolve, reject) => {
    const handler = untilReady(ports.handler, { resolve, reject })
    createTunnelSession(carrier, options, { ...ports, handler })
  })
}
