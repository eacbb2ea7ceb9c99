/**
 * A pipeline over real sockets with everything else made up, ready for requests.
 *
 * @module
 */

import { systemRandom } from '../../../src/platform/io/index.ts'
import {
  createPipeline,
  type BodySource,
  type HopOptions,
  type KeySource,
  type Policy,
  type Proof,
  type ReadText,
  type RequestBody,
  type SsoCall,
  type SsoLimits,
  type SsoPipeline,
} from '../../../src/sso/index.ts'
import { createBackendPool, type BackendLimits } from '../../../src/sso/io/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { ManualClock, MemoryLogger } from '../manual-clock.ts'
import { IwaBackend } from './iwa-backend.ts'
import { CollectingSink, type Outcome } from './sink.ts'
import {
  appOf,
  createIssuer,
  FakeDirectory,
  FakeKerberos,
  policyOf,
  type Issuer,
  type RawPolicy,
} from './world.ts'

/** What a test may choose. */
export interface StageOptions {
  readonly row?: RawPolicy
  readonly issuerRow?: RawPolicy
  /** Default: the issuer's own, which never changes. */
  readonly keys?: KeySource
  /** What the files are that the policy names. */
  readonly readText?: ReadText
  readonly app?: Partial<AppSettings>
  readonly limits?: Partial<SsoLimits>
  readonly backendLimits?: Partial<BackendLimits>
}

/** What a request may choose. */
export interface Ask {
  readonly proof?: Proof | undefined
  readonly app?: AppSettings
  readonly method?: string
  readonly target?: string
  readonly headers?: readonly string[]
  readonly body?: RequestBody
  readonly hop?: HopOptions
  readonly afterSwitch?: BodySource
  readonly sink?: CollectingSink
}

/** A pipeline, its world and one backend. */
export class Stage {
  readonly clock: ManualClock
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly issuer: Issuer
  readonly directory: FakeDirectory
  readonly kerberos: FakeKerberos
  readonly backend: IwaBackend
  readonly policy: Policy
  readonly app: AppSettings
  readonly pipeline: SsoPipeline
  #requests = 0
  #proofs = 0

  constructor(
    parts: Pick<Stage, 'clock' | 'issuer' | 'directory' | 'kerberos' | 'backend'>,
    options: StageOptions,
  ) {
    this.clock = parts.clock
    this.issuer = parts.issuer
    this.directory = parts.directory
    this.kerberos = parts.kerberos
    this.backend = parts.backend
    const origin = `http://127.0.0.1:${this.backend.port}`
    const row = {
      origin,
      servicePrincipalName: 'HTTP/iwa.corp.example',
      addresses: ['127.0.0.1'],
      ...options.row,
    }
    const open = { origin, preAuthentication: 'passthrough', addresses: ['127.0.0.1'] }
    const strict = {
      ...row,
      origin: `http://localhost:${this.backend.port}`,
      allowPrivileged: false,
    }
    this.policy = policyOf([row, open, strict], options.issuerRow, options.readText)
    this.app = appOf(`${origin}/`, options.app)
    this.pipeline = createPipeline({
      policy: this.policy,
      keys: options.keys ?? this.issuer.keys,
      kerberos: this.kerberos,
      directory: this.directory,
      backends: createBackendPool({
        resolve: () => Promise.resolve(['127.0.0.1']),
        ...(options.backendLimits === undefined ? {} : { limits: options.backendLimits }),
      }),
      clock: this.clock,
      random: systemRandom,
      logger: this.logger,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    })
  }

  /** A proof for a user of corp.example, signed in now. */
  async proof(user: string, claims: Record<string, unknown> = {}): Promise<Proof> {
    const idToken = await this.issuer.token({ upn: `${user}@corp.example`, ...claims })
    return { id: `proof-${++this.#proofs}`, idToken }
  }

  /** Starts a request. */
  start(ask: Ask): { readonly call: SsoCall; readonly sink: CollectingSink } {
    const sink = ask.sink ?? new CollectingSink()
    const call = this.pipeline.handle(
      {
        requestId: `r${++this.#requests}`,
        app: ask.app ?? this.app,
        proof: ask.proof,
        method: ask.method ?? 'GET',
        target: ask.target ?? '/',
        headers: ask.headers ?? [],
        body: ask.body ?? { kind: 'none' },
        hop: ask.hop,
        afterSwitch: ask.afterSwitch,
      },
      sink,
    )
    return { call, sink }
  }

  /** Sends a request and waits for what becomes of it. */
  ask(ask: Ask): Promise<Outcome> {
    return this.start(ask).sink.outcome
  }

  async close(): Promise<void> {
    await this.pipeline.close()
    await this.backend.close()
  }
}

/**
 * Sets a stage up, with alice, bob and carol in the directory.
 *
 * @param options - What differs.
 * @returns The stage; to be closed.
 */
export async function createStage(options: StageOptions = {}): Promise<Stage> {
  const clock = new ManualClock()
  const directory = new FakeDirectory()
  for (const name of ['alice', 'bob', 'carol']) directory.add(name)
  const kerberos = new FakeKerberos(clock)
  const backend = await new IwaBackend(kerberos).listen()
  const issuer = await createIssuer(clock)
  return new Stage({ clock, issuer, directory, kerberos, backend }, options)
}
