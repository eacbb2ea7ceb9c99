/**
 * Browsers with tickets of their own, a pipeline that signs them in, a KDC in memory and a backend that opens every token: real keys
 * all the way, on a virtual clock.
 *
 * @module
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Initiator, KerberosClient, parseNegotiate } from '../../../src/kerberos/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import {
  compilePolicy,
  createPipeline,
  policySchema,
  type PipelinePorts,
  type Proof,
  type ReadText,
  type SsoPipeline,
  type SsoRequest,
} from '../../../src/sso/index.ts'
import { createBackendPool } from '../../../src/sso/io/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { acceptToken } from '../gss-acceptor.ts'
import { ManualClock, MemoryLogger } from '../manual-clock.ts'
import { MemoryKdc, type Tricks } from '../memory-kdc/index.ts'
import { CollectingSink, type Outcome } from './sink.ts'
import { appOf, createIssuer, FakeDirectory, type RawPolicy } from './world.ts'

export const REALM = 'CORP.EXAMPLE'
/** The name that browsers get tickets for. */
export const FRONT = 'HTTP/intranet.example'
/** Another name of the same account, as long as the first. */
export const SISTER = 'HTTP/extranet.example'
const SPN = 'HTTP/iwa.corp.example'
const OWN = 'CONN2$'

/** What a test may choose. */
export interface FrontEndOptions {
  readonly frontEndKerberos?: RawPolicy | undefined
  readonly row?: RawPolicy
  readonly ports?: Partial<PipelinePorts>
  /** The realm that the connector takes for its own. Default the KDC's. */
  readonly ownRealm?: string
  /** Reads the files that the policy names. */
  readonly readText?: ReadText
}

/** The same client by another realm's name. */
function named(client: KerberosClient, realm: string): KerberosClient {
  return new Proxy(client, {
    get(target, key) {
      if (key === 'name') return `${OWN}@${realm}`
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** Everything. */
export class FrontEndWorld {
  readonly clock: ManualClock = new ManualClock()
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly directory: FakeDirectory = new FakeDirectory()
  readonly kdc: MemoryKdc
  app: AppSettings = appOf('http://127.0.0.1:1/')
  /** Fields of the requests at the backend. */
  readonly arrivals: (readonly string[])[] = []
  readonly #server: Server
  readonly #pipelines: SsoPipeline[] = []
  #keys: PipelinePorts['keys'] | undefined
  #count = 0

  constructor() {
    const random = systemRandom
    this.kdc = new MemoryKdc(REALM, { clock: this.clock, random })
      .add({ name: 'krbtgt', spns: [`krbtgt/${REALM}`] })
      .add({ name: OWN, spns: [FRONT, SISTER, 'HTTP/other.example'], allowedTo: [SPN] })
      .add({ name: 'OTHER$', spns: ['HTTP/foreign.example'] })
      .add({ name: 'svc-iwa', spns: [SPN] })
    for (const name of ['alice', 'bob']) {
      this.kdc.add({ name, password: `${name}-1` })
      const memberOf = ['S-1-5-21-9-9-9-600', 'staff', 'CN=staff,CN=Users,DC=corp,DC=example']
      this.directory.add(name, { sid: this.kdc.sidOf(name), memberOf })
    }
    this.#server = createServer((request, response) => {
      this.arrivals.push(request.rawHeaders)
      const token = parseNegotiate(request.headers.authorization ?? '')
      const [entry] = this.kdc.keytab('svc-iwa')
      const client = token && entry ? acceptToken(token, entry.key).client : 'nobody'
      if (request.url === '/endless') response.write(client)
      else response.end(client)
    })
  }

  async start(): Promise<this> {
    this.#keys = (await createIssuer(this.clock)).keys
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    this.app = appOf(`http://127.0.0.1:${port}/`)
    return this
  }

  /** A connector, as it is after a start. */
  connector(options: FrontEndOptions = {}): SsoPipeline {
    const frontEndKerberos = { services: [FRONT], realms: [REALM], ...options.frontEndKerberos }
    const { origin } = new URL(this.app.internalUrl)
    const backend = { origin, servicePrincipalName: SPN, addresses: ['127.0.0.1'], ...options.row }
    const policy = { backends: [backend], frontEndKerberos }
    if (this.#keys === undefined) throw new Error('not started')
    const pipeline = createPipeline({
      policy: compilePolicy(policySchema.parse(policy), options.readText ?? ((path) => path)),
      keys: this.#keys,
      kerberos: named(this.#client([OWN], this.kdc.keytab(OWN)), options.ownRealm ?? REALM),
      directory: this.directory,
      backends: createBackendPool({ resolve: () => Promise.resolve(['127.0.0.1']) }),
      clock: this.clock,
      random: systemRandom,
      logger: this.logger,
      ...options.ports,
    })
    this.#pipelines.push(pipeline)
    return pipeline
  }

  #client(
    nameString: readonly string[],
    keys: { password: string } | ReturnType<MemoryKdc['keytab']>,
  ) {
    return new KerberosClient({
      identity: { principal: { nameType: 1, nameString }, realm: REALM, keys },
      transport: this.kdc,
      clock: this.clock,
      random: systemRandom,
      requireSid: true,
    })
  }

  /** A browser's token. */
  async token(
    user: string,
    more: {
      readonly service?: string
      readonly tricks?: Tricks
      readonly binding?: Uint8Array
      /** How long ago the user typed the password. */
      readonly ageMs?: number
    } = {},
  ): Promise<Uint8Array> {
    const browser = this.#client([user], { password: `${user}-1` })
    await browser.armorTicket()
    if (more.ageMs !== undefined) await this.clock.advance(more.ageMs)
    this.kdc.tricks = more.tricks ?? {}
    const ticket = await browser.ownTicket(more.service ?? FRONT)
    this.kdc.tricks = {}
    const initiator = new Initiator(ticket, { clock: this.clock, random: systemRandom })
    const { binding: channelBinding } = more
    return initiator.createToken(channelBinding && { channelBinding }).token
  }

  /** Signs a user in; the proof is what the gateway keeps. */
  async signIn(
    pipeline: SsoPipeline,
    user: string,
    more: Parameters<FrontEndWorld['token']>[1] = {},
  ): Promise<Proof> {
    const { assertion } = await pipeline.signIn({
      app: this.app,
      token: await this.token(user, more),
      channelBinding: undefined,
    })
    return { id: `a${++this.#count}`, idToken: assertion, kind: 'assertion' }
  }

  /** Sends a request. */
  get(pipeline: SsoPipeline, proof: Proof, more: Partial<SsoRequest> = {}): Promise<Outcome> {
    const sink = new CollectingSink()
    const { app } = this
    const request = { requestId: `r${++this.#count}`, app, proof, method: 'GET', target: '/' }
    pipeline.handle({ ...request, headers: [], body: { kind: 'none' }, ...more }, sink)
    return sink.outcome
  }

  async stop(): Promise<void> {
    for (const pipeline of this.#pipelines) await pipeline.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
