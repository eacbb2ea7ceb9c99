/** Pairs of connected sessions: over memory, and over ws with TLS on the loopback. */
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  issueServerCertificate,
  privateKeyToPem,
} from '../../../src/pki/index.ts'
import type { Logger } from '../../../src/platform/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import {
  createTunnelSession,
  type TunnelOptions,
  type TunnelSession,
} from '../../../src/tunnel/index.ts'
import {
  acceptTunnel,
  dialTunnel,
  type AcceptOptions,
  type DialOptions,
} from '../../../src/tunnel/io/index.ts'
import { MemoryLink } from './memory-link.ts'
import { TunnelRecorder } from './recorder.ts'

/** Says nothing. */
export const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
}

/** Two sessions that have exchanged hellos. */
export interface Pair {
  readonly gateway: TunnelSession
  readonly connector: TunnelSession
  readonly gatewaySide: TunnelRecorder
  readonly connectorSide: TunnelRecorder
  /** Breaks the connection without a word. */
  cut(): void
  /** Ends all that the pair holds. */
  dispose(): Promise<void>
}

/** Makes pairs over one kind of carrier. */
export type MakePair = (options?: TunnelOptions) => Promise<Pair>

const ports = { clock: systemClock, random: systemRandom }

/** One CA, a gateway's certificate for localhost and a connector's. */
export interface TestCertificates {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

/** Makes certificates by the pki room. */
export function makeCertificates(): TestCertificates {
  const authority = createAuthority(ports)
  const server = issueServerCertificate(authority, { names: ['localhost', '127.0.0.1'] }, ports)
  const key = createKey()
  const request = { csrPem: createSigningRequest(key, 'test'), connectorId: randomUUID() }
  const client = issueConnectorCertificate(authority, request, ports)
  return {
    ca: authority.certificatePem,
    server: { cert: server.certificatePem, key: server.privateKeyPem },
    client: { cert: client.certificatePem, key: privateKeyToPem(key) },
  }
}

/** A pair over memory; turns pass by themselves. */
export function memoryPair(options: TunnelOptions = {}): Promise<Pair> {
  const link = new MemoryLink(true)
  const gatewaySide = new TunnelRecorder()
  const connectorSide = new TunnelRecorder()
  const common = { clock: systemClock, logger: SILENT }
  const end = (role: 'gateway' | 'connector', handler: TunnelRecorder): TunnelSession =>
    createTunnelSession(link[role], { ...options, role }, { ...common, handler })
  const gateway = end('gateway', gatewaySide)
  const connector = end('connector', connectorSide)
  const pair: Pair = {
    gateway,
    connector,
    gatewaySide,
    connectorSide,
    cut: () => {
      link.cut()
    },
    dispose: () => {
      link.cut('disposed')
      return Promise.resolve()
    },
  }
  return until(() => gatewaySide.session !== undefined && connectorSide.session !== undefined).then(
    () => pair,
  )
}

/** A TLS listener as a gateway has it, on a free port. */
export class TestListener {
  readonly server: Server
  readonly sockets: Set<Socket> = new Set()

  constructor(certificates: TestCertificates) {
    const { server, ca } = certificates
    this.server = createServer({
      ...server,
      ca,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    })
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
  }

  /** Accepts the next tunnel. */
  accept(options: AcceptOptions): Promise<TunnelSession> {
    return new Promise((resolve, reject) => {
      this.server.once('upgrade', (request, socket, head) => {
        acceptTunnel({ request, socket, head }, options).then(resolve, reject)
      })
    })
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve()
      })
    })
  }
}

/** Dialler options for a listener. */
export function dialOptions(
  listener: TestListener,
  certificates: TestCertificates,
  handler: TunnelRecorder,
): DialOptions {
  return {
    address: `127.0.0.1:${listener.port}`,
    serverName: 'localhost',
    ca: certificates.ca,
    ...certificates.client,
    clock: systemClock,
    logger: SILENT,
    handler,
  }
}

let certificates: TestCertificates | undefined

/** A pair over ws, TLS 1.3 and certificates of both sides. */
export async function wsPair(options: TunnelOptions = {}): Promise<Pair> {
  certificates ??= makeCertificates()
  const listener = new TestListener(certificates)
  await listener.listen()
  const gatewaySide = new TunnelRecorder()
  const connectorSide = new TunnelRecorder()
  const common = { ...options, clock: systemClock, logger: SILENT }
  const [gateway, connector] = await Promise.all([
    listener.accept({ ...common, handler: gatewaySide }),
    dialTunnel({ ...dialOptions(listener, certificates, connectorSide), ...options }),
  ])
  return {
    gateway,
    connector,
    gatewaySide,
    connectorSide,
    cut: () => {
      for (const socket of listener.sockets) socket.destroy()
    },
    dispose: () => listener.close(),
  }
}

/** Waits until something holds; a test's own time limit ends it otherwise. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
