/**
 * The listener that connectors dial: registration and tunnels, TLS 1.3 only. Browsers never meet it.
 *
 * @module
 */

import { createServer, type Server } from 'node:https'
import { Socket, type AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { errorCode, errorText, SallyportError, type Timer } from '../../platform/index.ts'
import type { Credential } from '../../pki/index.ts'
import type { TunnelLimits } from '../../tunnel/index.ts'
import { TunnelGate, type TunnelGatePorts } from './tunnel-listener-gate.ts'
import { resolveTunnelListenerLimits, type TunnelListenerLimits } from './tunnel-listener-limits.ts'
import { ListenerSockets } from './tunnel-listener-sockets.ts'

/** How the listener is opened. */
export interface TunnelListenerOptions {
  /** IP address or host name to listen on. */
  readonly address: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly limits?: Partial<TunnelListenerLimits>
  readonly tunnelLimits?: Partial<TunnelLimits>
}

/** What the listener needs of the gateway. */
export interface TunnelListenerPorts extends TunnelGatePorts {
  /** The listener's certificate; asked at the start and from time to time, for it may have been renewed. */
  loadCertificate(): Promise<Credential>
}

/** The tunnel listener. Nothing listens before start(). */
export class TunnelListener {
  readonly #options: TunnelListenerOptions
  readonly #ports: TunnelListenerPorts
  readonly #limits: TunnelListenerLimits
  readonly #sockets: ListenerSockets
  readonly #gate: TunnelGate
  #server: Server | undefined
  #certificatePem = ''
  #renewal: Timer | undefined

  constructor(options: TunnelListenerOptions, ports: TunnelListenerPorts) {
    this.#options = options
    this.#ports = ports
    this.#limits = resolveTunnelListenerLimits(options.limits)
    this.#sockets = new ListenerSockets(this.#limits.maxPending)
    this.#gate = new TunnelGate(ports, {
      maxBodyOctets: this.#limits.maxBodyOctets,
      tunnelLimits: options.tunnelLimits ?? {},
      onTunnelSocket: (socket) => {
        this.#sockets.becameTunnel(socket)
      },
    })
  }

  /**
   * Starts listening.
   *
   * @returns Where.
   * @throws SallyportError ERR_GATEWAY_LISTEN when the address cannot be had; what loadCertificate throws.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    const credential = await this.#ports.loadCertificate()
    this.#certificatePem = credential.certificatePem
    const server = this.#createServer(credential)
    this.#server = server
    await listen(server, this.#options)
    this.#renewLater()
    const { address, port } = server.address() as AddressInfo
    return { address, port }
  }

  /** Lets nobody in any more, gives tunnels the configured time to end, then cuts what is left. */
  async close(): Promise<void> {
    this.#gate.close()
    this.#renewal?.cancel()
    const server = this.#server
    if (!server?.listening) return
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
    })
    this.#sockets.destroyPending()
    const cut = this.#ports.clock.setTimer(this.#limits.closeTimeoutMs, () => {
      this.#sockets.destroyAll()
    })
    await closed
    cut.cancel()
  }

  #createServer(credential: Credential): Server {
    const limits = this.#limits
    const server = createServer({
      ...this.#tlsOptions(credential),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.handshakeTimeoutMs,
      headersTimeout: limits.headTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      maxHeaderSize: limits.maxHeadOctets,
    })
    server.maxConnections = limits.maxConnections
    server.on('connection', (socket) => {
      if (socket instanceof Socket) this.#sockets.add(socket)
    })
    server.on('error', (error) => {
      this.#ports.logger.error('the tunnel listener has a fault', { reason: errorText(error) })
    })
    server.on('tlsClientError', (error) => {
      this.#ports.logger.debug('TLS handshake failed', { reason: errorText(error) })
    })
    server.on('request', (request, response) => {
      this.#gate.onRequest(request, response)
    })
    server.on('upgrade', (request, socket, head) => {
      this.#gate.onUpgrade({ request, socket, head })
    })
    return server
  }

  /** A certificate is asked for but not required by TLS: who registers has none. The gate judges it. */
  #tlsOptions({ certificatePem, privateKeyPem }: Credential): TlsOptions {
    return {
      cert: certificatePem + this.#ports.caPem,
      key: privateKeyPem,
      ca: this.#ports.caPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    }
  }

  #renewLater(): void {
    this.#renewal = this.#ports.clock.setTimer(this.#limits.certificateCheckMs, () => {
      void this.#renew().then(() => {
        if (this.#server?.listening === true) this.#renewLater()
      })
    })
  }

  /** Never rejects: the certificate in use has half its life left. */
  async #renew(): Promise<void> {
    try {
      const credential = await this.#ports.loadCertificate()
      if (credential.certificatePem === this.#certificatePem) return
      this.#server?.setSecureContext(this.#tlsOptions(credential))
      this.#certificatePem = credential.certificatePem
      this.#ports.logger.info('certificate of the tunnel listener renewed')
    } catch (error) {
      const fields = { code: errorCode(error), reason: errorText(error) }
      this.#ports.logger.error('certificate of the tunnel listener not renewed', fields)
    }
  }
}

function listen(server: Server, { address, port }: TunnelListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const what = `cannot listen for connectors on ${address} port ${port}: ${errorText(cause)}`
      const mend = 'Choose another tunnel.address or tunnel.port, or end what listens there.'
      reject(new SallyportError('ERR_GATEWAY_LISTEN', what, { cause, mend }))
    })
    server.listen({ host: address, port }, resolve)
  })
}
