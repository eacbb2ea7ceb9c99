/**
 * The listener for browsers: HTTP/1.1 over TLS 1.2 or later, every limit named in the configuration.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { errorCode, SallyportError } from '../../platform/index.ts'
import type { BrowserLimits } from '../config.ts'
import type { UnreadableRequests } from './unreadable-requests.ts'
import { responseOn, type UpgradeRequest } from './upgrade-request.ts'

/** Certificate chain and private key, PEM. */
export interface ServerCertificate {
  readonly certificatePem: string
  readonly keyPem: string
}

/** How to listen. */
export interface BrowserListenerOptions {
  readonly address: string
  readonly port: number
  readonly limits: BrowserLimits
  readonly certificate: ServerCertificate
}

/** What the listener hands over. */
export interface BrowserTakers {
  readonly requests: RequestTaker
  readonly unreadable: Pick<UnreadableRequests, 'answering' | 'refuse'>
}

/** Where a listener listens. */
export interface ListenAddress {
  readonly address: string
  readonly port: number
}

/** What is done with a request. */
export interface RequestTaker {
  /** Handles it. */
  handle(request: IncomingMessage, response: ServerResponse, upgrade?: UpgradeRequest): void
  /** Which protocol its connection shall be switched to; undefined: none, it is an ordinary request. */
  protocolOf(request: IncomingMessage): string | undefined
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this host has no such address',
  EACCES:
    'this user may not listen on a port below 1024 (AmbientCapabilities=CAP_NET_BIND_SERVICE)',
}

function serverOptions(
  { limits, certificate }: BrowserListenerOptions,
  taker: RequestTaker,
): ServerOptions {
  return {
    cert: certificate.certificatePem,
    key: certificate.keyPem,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.handshakeMs,
    maxHeaderSize: limits.headerOctets,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: 5_000,
    insecureHTTPParser: false,
    // Front refuses a request without one by a page.
    requireHostHeader: false,
    noDelay: true,
    // From Node 24.12 on: a request without a body costs no stream.
    optimizeEmptyRequests: true,
    // From Node 24.9 on.
    shouldUpgradeCallback: (request) => taker.protocolOf(request) !== undefined,
  }
}

function applyLimits(server: Server, limits: BrowserLimits): void {
  server.maxConnections = limits.connections
  server.maxRequestsPerSocket = limits.requestsPerConnection
  // One more than allowed, so that Front can see that there are too many: older Nodes drop the rest without a word, newer
  // ones take it for a head that is too large.
  server.maxHeadersCount = limits.headerFields + 1
}

/** The browsers' door. */
export class BrowserListener {
  readonly #server: Server
  readonly #options: BrowserListenerOptions
  readonly #taker: RequestTaker
  /** Sockets that node:http has handed over and does not know any more. */
  readonly #handedOver = new Set<Duplex>()

  constructor(options: BrowserListenerOptions, { requests: taker, unreadable }: BrowserTakers) {
    this.#options = options
    this.#taker = taker
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      unreadable.answering(request.socket, response)
      taker.handle(request, response)
    }
    try {
      this.#server = createServer(serverOptions(options, taker), take)
    } catch (error) {
      throw new SallyportError(
        'ERR_GATEWAY_CERTIFICATE',
        `the browser certificate cannot be used: ${errorCode(error)}`,
        {
          cause: error,
          mend: 'browser.certificate and browser.key must be PEM and belong together.',
        },
      )
    }
    applyLimits(this.#server, options.limits)
    // With its own listener node:http leaves `100 Continue` to us: a refused upload is never sent.
    this.#server.on('checkContinue', take)
    this.#server.on('clientError', (error, socket) => {
      unreadable.refuse(error, socket)
    })
    this.#server.on('upgrade', (request, socket, head) => {
      this.#onUpgrade(request, socket, head)
    })
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#handedOver.add(socket)
    socket.once('close', () => {
      this.#handedOver.delete(socket)
    })
    const response = responseOn(request, socket)
    if (response === undefined) return
    const protocol = this.#taker.protocolOf(request)
    const upgrade = protocol === undefined ? undefined : { protocol, socket, head }
    this.#taker.handle(request, response, upgrade)
  }

  /**
   * Starts listening.
   *
   * @returns Where.
   * @throws SallyportError ERR_GATEWAY_LISTEN when the address cannot be had.
   */
  async listen(): Promise<ListenAddress> {
    const { address, port } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(listenFault(error, `${address}:${port}`))
      })
      this.#server.listen(port, address, resolve)
    })
    this.#server.removeAllListeners('error')
    const bound = this.#server.address() as AddressInfo
    return { address: bound.address, port: bound.port }
  }

  /**
   * Uses another certificate for new connections.
   *
   * @param certificate - Chain and key.
   */
  replaceCertificate(certificate: ServerCertificate): void {
    this.#server.setSecureContext({
      cert: certificate.certificatePem,
      key: certificate.keyPem,
      minVersion: 'TLSv1.2',
    })
  }

  /** Takes no new connections, and closes those without a request. */
  stopAccepting(): void {
    this.#server.close()
    this.#server.closeIdleConnections()
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      // Closing twice is an error that says that it is closed.
      this.#server.close(() => {
        resolve()
      })
      this.#server.closeAllConnections()
      for (const socket of this.#handedOver) socket.destroy()
    })
  }
}

function listenFault(error: Error, where: string): SallyportError {
  const code = errorCode(error)
  return new SallyportError(
    'ERR_GATEWAY_LISTEN',
    `cannot listen on ${where}: ${WHY[code] ?? code}`,
    {
      cause: error,
      mend: 'Correct browser.address and browser.port.',
    },
  )
}
