/**
 * A pipeline whose every part is real but the identity provider: the lab's KDC, directory and backends.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import type { LabEnvironment } from '../../../docker/lab.ts'
import { LdapDirectory } from '../../../src/directory/io/index.ts'
import {
  Initiator,
  KerberosClient,
  parsePrincipal,
  tlsServerEndPoint,
} from '../../../src/kerberos/index.ts'
import { readKeytabFile } from '../../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import {
  compilePolicy,
  createPipeline,
  policySchema,
  type Proof,
  type RequestBody,
  type SsoPipeline,
} from '../../../src/sso/index.ts'
import { createNameResolver, type NameResolver } from '../../../src/connector/io/index.ts'
import { createBackendPool } from '../../../src/sso/io/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { patientTransport } from '../kerberos-clients.ts'
import { MemoryLogger } from '../manual-clock.ts'
import { CollectingSink, type Outcome } from './sink.ts'
import { appOf, createIssuer, ISSUER, type Issuer, type RawPolicy } from './world.ts'

/** A running pipeline in front of the lab. */
export interface LabPipeline {
  readonly pipeline: SsoPipeline
  readonly logger: MemoryLogger
  /** A proof for a user by login name. */
  proof(login: string): Promise<Proof>
  /** Sends a GET to a URL of a backend. */
  get(url: string, proof: Proof, spn?: string): Promise<Outcome>
  /** Sends a PUT with a body. */
  put(url: string, proof: Proof, body: RequestBody): Promise<Outcome>
  close(): Promise<void>
}

/** What a test may choose. */
export interface LabPipelineOptions {
  readonly account?: string
  readonly row?: RawPolicy
  readonly app?: Partial<AppSettings>
}

interface Sent {
  readonly method: string
  readonly body: RequestBody
  readonly spn: string | undefined
}

function policyFor(lab: LabEnvironment, row: RawPolicy): unknown {
  const backends = Object.values(lab.backends).flatMap((backend) =>
    [...new Set([backend?.origin, backend?.tlsOrigin])].map((origin) => ({
      origin,
      ...(backend?.spn === '' ? {} : { servicePrincipalName: backend?.spn }),
      addresses: ['127.88.0.0/16'],
      ...(origin?.startsWith('https:') === true ? { tls: { ca: lab.caFile } } : {}),
      ...row,
    })),
  )
  const [iwa] = backends
  // The site of 8,190 octets a field (docker/iwa-backend/apache.conf).
  if (iwa) backends.push({ ...iwa, origin: `${lab.backends.iwa.origin}:8190` })
  const issuer = {
    issuer: ISSUER,
    audience: 'sallyport',
    loginClaim: 'upn',
    keysFile: 'unused',
    upnSuffixes: ['corp.example', 'contoso.test'],
    realms: [lab.realm],
    algorithms: ['ES256'],
  }
  return { issuers: [issuer], backends }
}

async function kerberosOf(lab: LabEnvironment, account: string): Promise<KerberosClient> {
  const connector = lab.connectors[account]
  if (connector === undefined) throw new Error(`the lab has no connector ${account}`)
  const { principal } = parsePrincipal(connector.principal)
  const keys = await readKeytabFile(connector.keytab)
  return new KerberosClient({
    identity: { principal, realm: lab.realm, keys },
    transport: patientTransport(lab.realm, lab.kdc),
    clock: systemClock,
    random: systemRandom,
    requireSid: true,
  })
}

function resolverOf(lab: LabEnvironment): NameResolver {
  const settings = { timeoutMs: 20_000, cachedNames: 100, cacheSeconds: 60 }
  return createNameResolver({ servers: [lab.dnsServer], ...settings }, systemClock)
}

function directoryOf(lab: LabEnvironment, kerberos: KerberosClient, ca: string): LdapDirectory {
  const ports = { clock: systemClock, random: systemRandom }
  return new LdapDirectory(
    {
      servers: [new URL(lab.ldaps).host],
      ca,
      connectTimeoutMs: 30_000,
      operationTimeoutMs: 60_000,
    },
    {
      clock: systemClock,
      logger: new MemoryLogger(),
      lookup: resolverOf(lab),
      binder: {
        channelBinding: tlsServerEndPoint,
        bindToken: async (serverName, channelBinding) => {
          const ticket = await kerberos.ownTicket(`ldap/${serverName}`)
          return new Initiator(ticket, ports).createToken({ channelBinding }).token
        },
      },
    },
  )
}

/**
 * Starts a pipeline.
 *
 * @param lab - The lab.
 * @param options - Which connector account (default CONN1), fields for every policy row, and settings of every app.
 * @returns The pipeline; to be closed.
 */
export async function createLabPipeline(
  lab: LabEnvironment,
  options: LabPipelineOptions = {},
): Promise<LabPipeline> {
  const ca = await readFile(lab.caFile, 'utf8')
  const kerberos = await kerberosOf(lab, options.account ?? 'CONN1')
  const directory = directoryOf(lab, kerberos, ca)
  const issuer: Issuer = await createIssuer(systemClock)
  const logger = new MemoryLogger()
  const pipeline = createPipeline({
    policy: compilePolicy(policySchema.parse(policyFor(lab, options.row ?? {})), () => ca),
    keys: issuer.keys,
    kerberos,
    directory,
    backends: createBackendPool({ resolve: resolverOf(lab) }),
    clock: systemClock,
    random: systemRandom,
    logger,
  })
  const apps = new Map<string, AppSettings>()
  let count = 0
  const appFor = (origin: string, servicePrincipalName: string): AppSettings => {
    const id = `${origin} ${servicePrincipalName}`
    const app = apps.get(id) ?? appOf(`${origin}/`, { id, servicePrincipalName, ...options.app })
    apps.set(id, app)
    return app
  }
  const send = (url: string, proof: Proof, more: Sent): Promise<Outcome> => {
    const { origin, pathname, search, hostname } = new URL(url)
    const { spn = `HTTP/${hostname}`, method, body } = more
    const sink = new CollectingSink()
    const request = { requestId: `r${++count}`, app: appFor(origin, spn), proof, method }
    pipeline.handle({ ...request, target: pathname + search, headers: [], body }, sink)
    return sink.outcome
  }
  return {
    pipeline,
    logger,
    proof: async (login) => ({ id: `p${++count}`, idToken: await issuer.token({ upn: login }) }),
    get: (url, proof, spn) => send(url, proof, { method: 'GET', body: { kind: 'none' }, spn }),
    put: (url, proof, body) => send(url, proof, { method: 'PUT', body, spn: undefined }),
    close: async () => {
      await pipeline.close()
      directory.close()
    },
  }
}
