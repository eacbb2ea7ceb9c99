/**
 * Dials the gateway with what registration left in the state directory.
 *
 * @module
 */

import type { Clock, Logger } from '../../platform/index.ts'
import { HTTP_CAPABILITIES, type TunnelHandler, type TunnelSession } from '../../tunnel/index.ts'
import { dialTunnel } from '../../tunnel/io/index.ts'
import type { TunnelDialler } from '../index.ts'

/** Who we are, where the gateway is, and whom to trust there. */
export interface TunnelIdentity {
  /** `host:port` of the gateway's tunnel listener. */
  readonly address: string
  /** Name in the gateway's certificate. */
  readonly serverName: string
  /** PEM of the gateway's CA. */
  readonly ca: string
  /** PEM of our certificate. */
  readonly cert: string
  /** PEM of our private key. */
  readonly key: string
}

/** What a dialler works through. */
export interface DiallerPorts {
  /** Read for each attempt: a renewed certificate is used by the next tunnel. */
  readIdentity(): Promise<TunnelIdentity>
  readonly clock: Clock
  readonly logger: Logger
  /** Announced to the gateway beside those of HTTP/1.1. Default none. */
  readonly capabilities?: readonly string[]
}

/**
 * Makes the dialler. The gateway is outside: its name is for the host's own resolver, not for `dns.servers`.
 *
 * @param ports - What it works through.
 * @returns The dialler.
 */
export function createTunnelDialler(ports: DiallerPorts): TunnelDialler {
  const { clock, logger } = ports
  const capabilities = [...HTTP_CAPABILITIES, ...(ports.capabilities ?? [])]
  return {
    async dial(handler: TunnelHandler, signal: AbortSignal): Promise<TunnelSession> {
      const { address, serverName, ca, cert, key } = await ports.readIdentity()
      signal.throwIfAborted()
      const identity = { address, serverName, ca, cert, key }
      return dialTunnel({ ...identity, capabilities, clock, logger, handler, signal })
    },
  }
}
