/**
 * A pipeline whose domain controllers and directory can be cut off: real tickets of a KDC in memory, on a virtual clock, and a
 * backend that opens every token.
 *
 * @module
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DirectoryError } from '../../../src/directory/index.ts'
import {
  KerberosClient,
  KerberosError,
  parseNegotiate,
  type KdcTransport,
} from '../../../src/kerberos/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import {
  createPipeline,
  type Proof,
  type SsoLimits,
  type SsoPipeline,
} from '../../../src/sso/index.ts'
import { createBackendPool } from '../../../src/sso/io/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { acceptToken } from '../gss-acceptor.ts'
import { ManualClock, MemoryLogger, settled } from '../manual-clock.ts'
import { MemoryKdc } from '../memory-kdc/index.ts'
import { CollectingSink, type Outcome } from './sink.ts'
import { appOf, createIssuer, FakeDirectory, policyOf, type Issuer } from './world.ts'

const REALM = 'CORP.EXAMPLE'
const SPNS = ['HTTP/iwa.corp.example', 'HTTP/other.corp.example'] as const
/** Longer than any outage of a test: the gateway, which would renew ID tokens, is not here. */
const PROOF_SECONDS = 48 * 3600

/** The way to a KDC, which may be cut. */
class CutTransport implements KdcTransport {
  /** Requests that nobody answered. */
  lost = 0
  cut = false
  readonly #kdc: KdcTransport

  constructor(kdc: KdcTransport) {
    this.#kdc = kdc
  }

  exchange(...asked: Parameters<KdcTransport['exchange']>): Promise<Uint8Array> {
    if (!this.cut) return this.#kdc.exchange(...asked)
    this.lost += 1
    const mend = 'Mend the way to the domain controllers.'
    return Promise.reject(new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'no KDC', { mend }))
  }
}

/** Everything. */
export class OutageWorld {
  readonly clock: ManualClock = new ManualClock()
  readonly directory: FakeDirectory = new FakeDirectory()
  readonly kdc: MemoryKdc = new MemoryKdc(REALM, { clock: this.clock, random: systemRandom })
  readonly wire: CutTransport = new CutTransport(this.kdc)
  /** Holds the backend's answers up until it is resolved. */
  gate: Promise<void> | undefined
  readonly #server: Server
  #pipeline: SsoPipeline | undefined
  #issuer: Issuer | undefined
  #apps: readonly AppSettings[] = []
  #count = 0

  constructor(users: readonly string[]) {
    this.kdc
      .add({ name: 'CONN1$', trustedToAuth: true, allowedTo: SPNS })
      .add({ name: 'svc-iwa', spns: SPNS })
    for (const name of users) {
      this.kdc.add({ name })
      this.directory.add(name, { sid: this.kdc.sidOf(name) })
    }
    this.#server = createServer((request, response) => {
      const token = parseNegotiate(request.headers.authorization ?? '')
      const [entry] = this.kdc.keytab('svc-iwa')
      const client = token && entry ? acceptToken(token, entry.key).client : 'nobody'
      void Promise.resolve(this.gate).then(() => response.end(client))
    })
  }

  /**
   * Starts it.
   *
   * @param users - Names of accounts that KDC and directory know.
   * @param limits - What differs from the defaults.
   */
  static async start(
    users: readonly string[],
    limits: Partial<SsoLimits> = {},
  ): Promise<OutageWorld> {
    const world = new OutageWorld(users)
    await new Promise<void>((resolve) => world.#server.listen(0, '127.0.0.1', resolve))
    world.#issuer = await createIssuer(world.clock)
    world.#pipeline = world.#createPipeline(world.#issuer, limits)
    return world
  }

  #createPipeline({ keys }: Issuer, limits: Partial<SsoLimits>): SsoPipeline {
    const { clock, directory, wire } = this
    const { port } = this.#server.address() as AddressInfo
    const rows = SPNS.map((servicePrincipalName) => {
      const origin = `http://${servicePrincipalName.replace('HTTP/', '')}:${port}`
      return { origin, servicePrincipalName, addresses: ['127.0.0.1'] }
    })
    this.#apps = rows.map(({ origin, servicePrincipalName }) =>
      appOf(`${origin}/`, { id: servicePrincipalName, servicePrincipalName }),
    )
    const principal = { nameType: 1, nameString: ['CONN1$'] }
    const identity = { principal, realm: REALM, keys: this.kdc.keytab('CONN1$') }
    const ports = { clock, random: systemRandom }
    return createPipeline({
      ...ports,
      policy: policyOf(rows),
      keys,
      kerberos: new KerberosClient({ ...ports, identity, transport: wire, requireSid: true }),
      directory,
      backends: createBackendPool({ resolve: () => Promise.resolve(['127.0.0.1']) }),
      logger: new MemoryLogger(),
      limits,
    })
  }

  get pipeline(): SsoPipeline {
    if (this.#pipeline === undefined) throw new Error('not started')
    return this.#pipeline
  }

  /** No domain controller answers from now on, neither as KDC nor as directory. */
  cut(): void {
    this.cutKdcs()
    const mend = 'Mend the way to the directory.'
    const text = 'no directory server'
    this.directory.failure = new DirectoryError('ERR_DIRECTORY_UNREACHABLE', text, { mend })
  }

  /** Only the directory answers from now on. */
  cutKdcs(): void {
    this.wire.cut = true
  }

  /** All answer again. */
  restore(): void {
    this.wire.cut = false
    this.directory.failure = undefined
  }

  /** Signs a user in, now. */
  async signIn(user: string): Promise<Proof> {
    if (this.#issuer === undefined) throw new Error('not started')
    const exp = Math.floor(this.clock.nowMs() / 1000) + PROOF_SECONDS
    const idToken = await this.#issuer.token({ upn: `${user}@corp.example`, exp })
    return { id: `${user}-${++this.#count}`, idToken }
  }

  /** Sends a request, to the first service or the second; what it sets off behind itself is let end. */
  async get(proof: Proof, service: 0 | 1 = 0): Promise<Outcome> {
    const app = this.#apps[service]
    if (app === undefined) throw new Error('not started')
    const sink = new CollectingSink()
    const request = { requestId: `r${++this.#count}`, app, proof, method: 'GET', target: '/' }
    this.pipeline.handle({ ...request, headers: [], body: { kind: 'none' } }, sink)
    const outcome = await sink.outcome
    await settled()
    return outcome
  }

  async stop(): Promise<void> {
    await this.pipeline.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
