/** Two real tunnel sessions joined in memory: a gateway's and a connector's end. */

import type { Clock, Logger } from '../../../src/platform/index.ts'
import {
  createTunnelSession,
  HTTP_CAPABILITIES,
  type CarrierReceiver,
  type StreamReason,
  type TunnelCarrier,
  type TunnelHandler,
  type TunnelSession,
} from '../../../src/tunnel/index.ts'

class MemoryCarrier implements TunnelCarrier {
  readonly backlogOctets = 0
  peer: MemoryCarrier | undefined
  #receiver: CarrierReceiver | undefined
  #open = true

  attach(receiver: CarrierReceiver): void {
    this.#receiver = receiver
  }
  send(messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      const copy = Uint8Array.from(message)
      setImmediate(() => {
        this.peer?.take(copy)
      })
    }
  }
  schedule(callback: () => void): void {
    setImmediate(callback)
  }
  close(): void {
    this.cut({ code: 'ERR_TUNNEL_CLOSED', message: 'closed' })
    const { peer } = this
    setImmediate(() => peer?.cut({ code: 'ERR_TUNNEL_LOST', message: 'the peer closed' }))
  }
  cut(reason: StreamReason): void {
    if (!this.#open) return
    this.#open = false
    this.#receiver?.onClose(reason)
  }
  take(message: Uint8Array): void {
    if (this.#open) this.#receiver?.onMessage(message)
  }
}

/** What the ends need. */
export interface PairPorts {
  readonly clock: Clock
  readonly logger: Logger
  /** Of the connector. Default all. */
  readonly capabilities?: readonly string[]
}

/** A joined pair. */
export interface TunnelPair {
  readonly gateway: TunnelSession
  readonly connector: TunnelSession
  /** Loses the connection, as a network does. */
  lose(): void
}

/** Joins two ends and waits until both are ready. */
export async function joinTunnel(
  ports: PairPorts,
  handlers: { readonly gateway: TunnelHandler; readonly connector: TunnelHandler },
): Promise<TunnelPair> {
  const [near, far] = [new MemoryCarrier(), new MemoryCarrier()]
  near.peer = far
  far.peer = near
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const ready: TunnelHandler = {
    ...handlers.gateway,
    onReady: (session) => {
      handlers.gateway.onReady?.(session)
      resolve(undefined)
    },
  }
  const gateway = createTunnelSession(
    near,
    { role: 'gateway', capabilities: HTTP_CAPABILITIES },
    { ...ports, handler: ready },
  )
  const connector = createTunnelSession(
    far,
    { role: 'connector', capabilities: ports.capabilities ?? HTTP_CAPABILITIES },
    { ...ports, handler: handlers.connector },
  )
  await promise
  const lose = () => {
    const reason = { code: 'ERR_TUNNEL_LOST', message: 'cut by the test' }
    near.cut(reason)
    far.cut(reason)
  }
  return { gateway, connector, lose }
}
