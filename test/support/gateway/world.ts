/** A gateway with a real browser listener on a free port, a connector in memory and a provider that obeys the test. */

import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { gatewayConfigSchema, type GatewayConfig } from '../../../src/gateway/index.ts'
import { createGateway, type Gateway, type GatewayPorts } from '../../../src/gateway/io/index.ts'
import { createAuthority, issueServerCertificate, type Credential } from '../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { MemoryLogger } from '../manual-clock.ts'
import { FakeProvider } from './fake-provider.ts'
import { MemorySessions } from './memory-sessions.ts'
import { TestConnector } from './test-connector.ts'
import { joinTunnel, type TunnelPair } from './tunnel-pair.ts'

const HOSTS = ['app.example', 'wiki.example', 'open.example', 'shut.example', 'app.localhost']
const issuePorts = { clock: systemClock, random: systemRandom }
const authority = createAuthority(issuePorts)
const credential = issueServerCertificate(authority, { names: HOSTS }, issuePorts)

/** PEM of the authority that signs the browser listener's certificate. */
export const browserCa: string = authority.certificatePem
/** Certificate and key of a listener for the test's hosts. */
export const listenerCredential: Credential = credential

/** gateway.yaml for tests, as an object. */
export function testConfig(change: Readonly<Record<string, unknown>> = {}): GatewayConfig {
  const allow = { groups: ['staff'] }
  const app = (id: string, more: object) => ({
    ...{ id, externalUrl: `https://${id}.example/`, internalUrl: `http://${id}.corp.example/` },
    ...more,
  })
  return gatewayConfigSchema.parse({
    stateDirectory: 'state',
    browser: {
      address: '127.0.0.1',
      port: 0,
      certificate: 'c',
      key: 'k',
      limits: { drainMs: 200 },
    },
    tunnel: { name: 'gateway.example', publicAddress: 'gateway.example:8444' },
    oidc: { issuer: 'https://idp.example', clientId: 'sallyport' },
    apps: [
      app('app', {
        singleSignOn: 'kerberos',
        servicePrincipalName: 'HTTP/app.corp.example',
        allow,
      }),
      app('wiki', { hostHeader: 'external', allow }),
      app('open', { preAuthentication: 'passthrough' }),
      app('shut', {}),
    ],
    ...change,
  })
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** A request of a test. */
export interface Ask {
  readonly host?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer
  readonly cookie?: string | undefined
  readonly agent?: Agent
}

/** A gateway under test. */
export class World {
  readonly config: GatewayConfig
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly sessions: MemorySessions
  readonly provider: FakeProvider
  readonly connector: TestConnector = new TestConnector()
  readonly gateway: Gateway
  port = 0
  readonly #agent = new Agent({ keepAlive: true })

  constructor(
    config: GatewayConfig = testConfig(),
    ports: Partial<GatewayPorts> & { sessions?: MemorySessions } = {},
  ) {
    this.config = config
    this.sessions = ports.sessions ?? new MemorySessions()
    const clock = ports.clock ?? systemClock
    this.provider = new FakeProvider(() => clock.nowMs(), {
      ...{ sub: 'user-1', upn: 'Alice@corp.example', groups: ['staff'] },
    })
    this.gateway = createGateway(config, {
      sessions: this.sessions,
      provider: this.provider,
      certificate: {
        certificatePem: credential.certificatePem,
        keyPem: credential.privateKeyPem,
      },
      random: systemRandom,
      logger: this.logger,
      ...ports,
      clock,
    })
  }

  async start(): Promise<this> {
    this.port = (await this.gateway.start()).port
    return this
  }

  /** Connects a connector. */
  connect(
    connector: TestConnector = this.connector,
    id = 'c1',
    capabilities?: readonly string[],
  ): Promise<TunnelPair> {
    const handler = this.gateway.tunnelHandler({ id, group: 'default' })
    const ports = {
      ...{ clock: systemClock, logger: this.logger },
      ...(capabilities && { capabilities }),
    }
    return joinTunnel(ports, { gateway: handler, connector })
  }

  options(ask: Ask): RequestOptions {
    const { host = 'app.example', path = '/', method = 'GET', headers, cookie } = ask
    return {
      ...{ host: '127.0.0.1', port: this.port, servername: host, ca: browserCa, path, method },
      agent: ask.agent ?? this.#agent,
      headers: { Host: host, ...headers, ...(cookie !== undefined && { Cookie: cookie }) },
    }
  }

  /** Sends a request and reads the response whole. */
  ask(ask: Ask = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(this.options(ask), (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode: status = 0, headers, rawHeaders } = response
          resolve({ status, headers, rawHeaders, body: Buffer.concat(chunks).toString() })
        })
      })
      request.on('error', reject)
      request.end(ask.body)
    })
  }

  /** Signs a user in by the real pages; returns the Cookie field of the session. */
  async signIn(host = 'app.example', path = '/'): Promise<string> {
    const begun = await this.ask({ host, path, headers: { Accept: 'text/html' } })
    const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? ''
    const cookie = cookiesOf(begun)
    const done = await this.ask({
      ...{ host, cookie, path: `/.sallyport/callback?code=x&state=${state}` },
      headers: { Accept: 'text/html' },
    })
    const session = cookiesOf(done)
    if (!session.startsWith('__Host-sallyport=')) {
      throw new Error(`no session: ${done.status} ${done.body}`)
    }
    return session
  }

  async stop(): Promise<void> {
    this.#agent.destroy()
    await this.gateway.stop()
  }
}

/** The cookies that a response sets (not those it clears), as a Cookie field. */
export function cookiesOf(answer: Answer): string {
  return (answer.headers['set-cookie'] ?? [])
    .filter((line) => !line.includes('Max-Age=0'))
    .map((line) => line.slice(0, line.indexOf(';')))
    .join('; ')
}
