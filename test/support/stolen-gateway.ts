/** A gateway in the wrong hands: its own authority and listener, with a real connector process registered at it. */

import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { stringify } from 'yaml'
import {
  connectorConfiguration,
  policy,
  type Configuration,
} from '../../docker/demo/configuration.ts'
import { startService, type ServiceProcess } from '../../docker/demo/process.ts'
import type { LabEnvironment } from '../../docker/lab.ts'
import { registrationFiles } from '../../src/connector/io/index.ts'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  issueServerCertificate,
  privateKeyToPem,
  type Authority,
} from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import type { AppSettings, StreamReason, TunnelSession } from '../../src/tunnel/index.ts'
import { acceptTunnel } from '../../src/tunnel/io/index.ts'
import { MemoryLogger } from './manual-clock.ts'

const PORTS = { clock: systemClock, random: systemRandom }
const NAME = 'gateway.sallyport.example'
const CONNECTOR_ID = '7d9cf2b4-7f0c-4f5e-9a51-6f2f0a4e7b11'
/** Guards against hangs only. */
const PATIENCE_MS = 20_000

/** A tunnel, and the connection under it for octets that no session of ours would send. */
export interface StolenTunnel {
  readonly session: TunnelSession
  readonly socket: Duplex
  /** Resolves when the tunnel is over. */
  readonly closed: Promise<StreamReason>
}

/** What became of a request. */
export type StolenOutcome =
  | { readonly status: number; readonly body: string }
  | { readonly code: string; readonly message: string }

/** A request of the stolen gateway. */
export interface StolenRequest {
  readonly app: string
  /** Proof id; '' for none. */
  readonly proof: string
  readonly target: string
  readonly headers?: readonly string[]
}

/** What may differ. */
export interface StolenOptions {
  readonly editPolicy?: (policy: Configuration) => void
  readonly editConnector?: (config: Configuration) => void
}

/**
 * Settings of an app as a gateway would send them.
 *
 * @param id - Its id.
 * @param internalUrl - Where its requests go.
 * @param more - What differs from a Kerberos app.
 * @returns The settings.
 */
export function appSettings(
  id: string,
  internalUrl: string,
  more: Partial<AppSettings> = {},
): AppSettings {
  return {
    id,
    externalUrl: `https://${id}.localhost/`,
    internalUrl,
    preAuthentication: 'oidc',
    singleSignOn: 'kerberos',
    delegatedLoginIdentity: 'userPrincipalName',
    hostHeader: 'internal',
    timeouts: { connectMs: 3000, firstOctetMs: 10_000, idleMs: 10_000 },
    ...more,
  }
}

/** The gateway, and the connector that trusts it. */
export class StolenGateway {
  readonly #authority: Authority = createAuthority(PORTS)
  readonly #server: Server
  readonly #waiting: ((tunnel: StolenTunnel) => void)[] = []
  readonly #sockets = new Set<Duplex>()
  /** Answers upgrade requests with this status instead of a tunnel, while there are any. */
  readonly refusals: number[] = []
  #tunnel: StolenTunnel | undefined
  #connector: ServiceProcess | undefined
  #directory = ''
  #requests = 0
  #revision = 0

  private constructor() {
    const { certificatePem, privateKeyPem } = issueServerCertificate(
      this.#authority,
      { names: [NAME] },
      PORTS,
    )
    this.#server = createServer({
      cert: certificatePem + this.#authority.certificatePem,
      key: privateKeyPem,
      ca: this.#authority.certificatePem,
      requestCert: true,
      minVersion: 'TLSv1.3',
    })
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('upgrade', (request, socket, head) => {
      const status = this.refusals.shift()
      if (status !== undefined) socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)
      else void this.#accept({ request, socket, head }).catch(() => socket.destroy())
    })
  }

  /** Starts both and waits for the first tunnel. */
  static async start(lab: LabEnvironment, options: StolenOptions = {}): Promise<StolenGateway> {
    const gateway = new StolenGateway()
    gateway.#server.listen(0, '127.0.0.1')
    await once(gateway.#server, 'listening')
    try {
      await gateway.#startConnector(lab, options)
    } catch (error) {
      await gateway.stop()
      throw error
    }
    return gateway
  }

  get connector(): ServiceProcess {
    if (this.#connector === undefined) throw new Error('the connector has not started')
    return this.#connector
  }

  /** The tunnel that is up; the next one if none is. */
  tunnel(): Promise<StolenTunnel> {
    return this.#tunnel === undefined ? this.nextTunnel() : Promise.resolve(this.#tunnel)
  }

  /** The tunnel that comes next. */
  nextTunnel(): Promise<StolenTunnel> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error('the connector did not dial again'))
      }, PATIENCE_MS)
      this.#waiting.push((tunnel) => {
        clearTimeout(timer)
        resolve(tunnel)
      })
    })
  }

  /** Tells the connector of apps: the whole list. */
  async describe(...apps: readonly AppSettings[]): Promise<void> {
    const { session } = await this.tunnel()
    session.sendControl({ type: 'apps', revision: ++this.#revision, apps })
  }

  /** Sends a proof. */
  async prove(id: string, idToken: string): Promise<void> {
    const { session } = await this.tunnel()
    session.sendControl({ type: 'proof', id, idToken })
  }

  /** Sends a GET and waits for its end. */
  async request({ app, proof, target, headers = [] }: StolenRequest): Promise<StolenOutcome> {
    const { session } = await this.tunnel()
    const head = { requestId: `r${++this.#requests}`, app, proof, method: 'GET', target, headers }
    return new Promise((resolve) => {
      let status = 0
      const chunks: Uint8Array[] = []
      const stream = session.open(
        head,
        {
          onHead: (response) => (status = response.status),
          onData: (chunk) => {
            chunks.push(Uint8Array.from(chunk))
            stream.consumed(chunk.length)
          },
          onEnd: () => {
            resolve({ status, body: Buffer.concat(chunks).toString('utf8') })
          },
          onReset: resolve,
        },
        true,
      )
    })
  }

  /** Stops the connector and the listener, and removes what was written. */
  async stop(): Promise<void> {
    await this.#connector?.stop()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    if (this.#directory !== '') await rm(this.#directory, { recursive: true, force: true })
  }

  async #startConnector(lab: LabEnvironment, options: StolenOptions): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-stolen-'))
    this.#directory = directory
    const places = { directory, browserPort: 0, tunnelPort: 0 }
    const config = connectorConfiguration(lab, places)
    // Many tunnels are broken in these tests: the next dial need not wait long.
    config['limits'] = { reconnectFirstMs: 10, reconnectMaxMs: 50 }
    const rules = policy(lab)
    options.editConnector?.(config)
    options.editPolicy?.(rules)
    await this.#register(join(directory, 'connector'))
    await writeFile(join(directory, 'policy.yaml'), stringify(rules))
    const path = join(directory, 'connector.yaml')
    await writeFile(path, stringify(config))
    const args = ['connector', 'run', '--config', path, '--log-level', 'debug']
    const first = this.nextTunnel()
    ;[this.#connector] = await Promise.all([startService(args, 'tunnel up'), first])
  }

  async #register(stateDirectory: string): Promise<void> {
    const key = createKey()
    const csrPem = createSigningRequest(key, 'connector')
    const order = { csrPem, connectorId: CONNECTOR_ID }
    const { certificatePem } = issueConnectorCertificate(this.#authority, order, PORTS)
    const files = registrationFiles(stateDirectory)
    await files.prepare(false)
    const { port } = this.#server.address() as AddressInfo
    const record = {
      address: `127.0.0.1:${port}`,
      serverName: NAME,
      id: CONNECTOR_ID,
      group: 'default',
      name: 'connector',
      key: privateKeyToPem(key),
      cert: certificatePem,
      ca: this.#authority.certificatePem,
    }
    await files.save(record, false)
  }

  async #accept(parts: Parameters<typeof acceptTunnel>[0]): Promise<void> {
    const over = Promise.withResolvers<StreamReason>()
    const handler = {
      onControl: () => undefined,
      onClose: (reason: StreamReason) => {
        this.#tunnel = undefined
        over.resolve(reason)
      },
    }
    const ports = { clock: systemClock, logger: new MemoryLogger(), handler }
    const session = await acceptTunnel(parts, ports)
    this.#tunnel = { session, socket: parts.socket, closed: over.promise }
    for (const resolve of this.#waiting.splice(0)) resolve(this.#tunnel)
  }
}
