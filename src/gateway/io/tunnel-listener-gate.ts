/**
 * What the tunnel listener does with a request: register, open a tunnel, or nothing.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import {
  errorCode,
  errorText,
  SallyportError,
  type Clock,
  type Logger,
} from '../../platform/index.ts'
import {
  PROBE,
  HTTP_CAPABILITIES,
  type TunnelHandler,
  type TunnelLimits,
  type TunnelSession,
} from '../../tunnel/index.ts'
import { acceptTunnel, TUNNEL_PATH, type Upgrade } from '../../tunnel/io/index.ts'
import type { RegistrationReply } from '../registration.ts'
import type { ConnectorRecord, ConnectorRepository } from '../store.ts'
import { admit } from './tunnel-listener-admission.ts'
import {
  answer,
  NOT_A_CONNECTOR,
  NOT_FOUND,
  readJson,
  refuse,
  refuseSocket,
  registrationRefusal,
  UNAVAILABLE,
  UPGRADE_REQUIRED,
} from './tunnel-listener-replies.ts'

/** Path of registrations. */
const REGISTER_PATH = '/register'

/** What the gate needs of the gateway. */
export interface TunnelGatePorts {
  /** PEM of our CA's certificate. */
  readonly caPem: string
  readonly connectors: Pick<ConnectorRepository, 'find' | 'findByCertificate'>
  /** Registers a connector; what it throws is told to the sender where it may be. */
  register(body: unknown, address: string): Promise<RegistrationReply>
  /** Makes the handler of a tunnel that is about to open; its `onReady` hands over the session. */
  tunnelHandler(connector: Pick<ConnectorRecord, 'id' | 'group'>): TunnelHandler
  readonly clock: Clock
  readonly logger: Logger
}

/** How the gate behaves. */
export interface TunnelGateOptions {
  /** Largest registration, octets of JSON. */
  readonly maxBodyOctets: number
  readonly tunnelLimits: Partial<TunnelLimits>
  /** Told once a connection has become a tunnel. */
  onTunnelSocket(socket: Socket): void
}

/** Judges requests. */
export class TunnelGate {
  readonly #ports: TunnelGatePorts
  readonly #options: TunnelGateOptions
  #closed = false

  constructor(ports: TunnelGatePorts, options: TunnelGateOptions) {
    this.#ports = ports
    this.#options = options
  }

  /** From now on nothing is let in. */
  close(): void {
    this.#closed = true
  }

  /**
   * Takes a request that asks for no upgrade.
   *
   * @param request - The request.
   * @param response - Its response.
   */
  onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === REGISTER_PATH && request.method === 'POST') {
      void this.#register(request, response)
      return
    }
    refuse(response, request.url === TUNNEL_PATH ? UPGRADE_REQUIRED : NOT_FOUND)
  }

  /** Never rejects. */
  async #register(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = request.socket.remoteAddress ?? ''
    try {
      const body = await readJson(request, this.#options.maxBodyOctets)
      const reply = await this.#ports.register(body, address)
      answer(response, 201, JSON.stringify(reply))
    } catch (error) {
      this.#ports.logger.warn('registration refused', {
        address,
        code: errorCode(error),
        reason: errorText(error),
      })
      refuse(response, registrationRefusal(error))
    }
  }

  /**
   * Takes an upgrade request.
   *
   * @param parts - What the 'upgrade' event handed over.
   */
  onUpgrade(parts: Upgrade): void {
    parts.socket.on('error', () => {
      parts.socket.destroy()
    })
    if (parts.request.url === TUNNEL_PATH) void this.#openTunnel(parts)
    else refuseSocket(parts.socket, NOT_FOUND)
  }

  /** Rejects only where the listener is not TLS. */
  async #openTunnel(parts: Upgrade): Promise<void> {
    const { socket } = parts.request
    if (!(socket instanceof TLSSocket)) throw new TypeError('the tunnel listener speaks TLS')
    const connector = await this.#admit(parts, socket)
    if (connector === undefined) return
    const { clock, logger } = this.#ports
    const { id, group } = connector
    try {
      const handler = this.#ports.tunnelHandler({ id, group })
      const limits = this.#options.tunnelLimits
      const options = {
        handler,
        clock,
        logger,
        limits,
        capabilities: [PROBE, ...HTTP_CAPABILITIES],
      }
      const session = await acceptTunnel(parts, options)
      this.#options.onTunnelSocket(socket)
      await this.#cutIfRevoked(id, session)
    } catch (error) {
      const fields = { connector: id, code: errorCode(error), reason: errorText(error) }
      logger.warn('tunnel not opened', fields)
      socket.destroy()
    }
  }

  async #admit(parts: Upgrade, socket: TLSSocket): Promise<ConnectorRecord | undefined> {
    try {
      const connector = await admit(socket, this.#ports)
      if (!this.#closed) return connector
      refuseSocket(parts.socket, UNAVAILABLE)
    } catch (error) {
      this.#ports.logger.warn('tunnel refused', {
        address: socket.remoteAddress,
        code: errorCode(error),
        reason: errorText(error),
      })
      const expected = error instanceof SallyportError
      refuseSocket(parts.socket, expected ? NOT_A_CONNECTOR : UNAVAILABLE)
    }
    return undefined
  }

  /** A revocation between admission and now cut the tunnels it found; this one was not there yet. */
  async #cutIfRevoked(id: string, session: TunnelSession): Promise<void> {
    try {
      const connector = await this.#ports.connectors.find(id)
      if (connector !== undefined && connector.revokedMs === undefined) return
    } catch (error) {
      const fields = { connector: id, code: errorCode(error), reason: errorText(error) }
      this.#ports.logger.error('the store does not say whether a connector was revoked', fields)
    }
    session.close({ code: 'ERR_TUNNEL_REFUSED', message: 'the connector was revoked' })
  }
}
