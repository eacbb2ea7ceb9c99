/**
 * The whole connector service: every port wired to the real world.
 *
 * @module
 */

import type { Environment } from '../../kerberos/io/index.ts'
import { errorCode, errorMend, errorText, SecurityLog, type Logger } from '../../platform/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import {
  createPipeline,
  type KeySource,
  type Policy,
  type SsoPipeline,
  type TokenJudge,
} from '../../sso/index.ts'
import { FLUSHED, INSPECT, NEGOTIATE } from '../../tunnel/index.ts'
import { createBackendPool, createKeySource } from '../../sso/io/index.ts'
import {
  ConnectorError,
  createConnector,
  type Connector,
  type ConnectorConfig,
  type KerberosStatus,
} from '../index.ts'
import { openTokenJudge } from './token-judge.ts'
import { openIdentity, type Identity } from './identity.ts'
import { issuerKeysOptions } from './named-proxy.ts'
import { createNameResolver, type NameResolver } from './name-resolver.ts'
import { ownPasswordRotation } from './rotate-own-password.ts'
import { readRegistration } from './register-files.ts'
import { createTunnelDialler } from './tunnel-dialler.ts'

const world = { clock: systemClock, random: systemRandom }

/** What the command line has read. */
export interface ConnectorRuntimeOptions {
  /** connector.yaml, every path absolute. */
  readonly config: ConnectorConfig
  /** policy.yaml, compiled. */
  readonly policy: Policy
  /** Sallyport's version. */
  readonly version: string
  readonly logger: Logger
  /** The variables of the environment. Default none. */
  readonly environment?: Environment | undefined
}

/**
 * Makes the service. What the configuration names is read now, so that a mistake shows itself at once; the network is first used by
 * `start`.
 *
 * @param options - What the command line has read.
 * @returns The connector, not started.
 * @throws SallyportError when there is no registration, or a file that is named cannot be used.
 */
export async function createConnectorRuntime(options: ConnectorRuntimeOptions): Promise<Connector> {
  const { config, logger, version } = options
  const readIdentity = () => readRegistration(config.stateDirectory)
  await readIdentity()
  const resolve = createNameResolver(config.dns, systemClock)
  const identity = await openIdentity(options, resolve)
  const security = new SecurityLog({ logger, clock: systemClock })
  const keys = await createKeys(options, resolve, identity)
  const judge = await openJudge(options, identity)
  const parts = { resolve, identity, security, keys, judge }
  const pipeline = withDirectoryClosed(createSsoPipeline(options, parts), identity)
  const capabilities = [
    INSPECT,
    FLUSHED,
    ...(identity && options.policy.frontEnd ? [NEGOTIATE] : []),
  ]
  const dialler = createTunnelDialler({ readIdentity, clock: systemClock, logger, capabilities })
  const checkKerberos = identity && kerberosCheck(identity)
  const rotation = identity && ownPasswordRotation(options, identity.client.name)
  return createConnector(
    { version, limits: config.limits },
    {
      ...{ ...world, dialler, pipeline, logger, security, rotation },
      ...(checkKerberos ? { checkKerberos } : {}),
      kdcStatistics: identity?.kdcStatistics,
    },
  )
}

/** Only where the policy lets users sign in with Kerberos at the gateway. */
async function openJudge(
  { policy, config, logger }: ConnectorRuntimeOptions,
  identity: Identity | undefined,
): Promise<TokenJudge | undefined> {
  if (policy.frontEnd === undefined) return undefined
  if (identity !== undefined && config.kerberos) return openTokenJudge(config.kerberos, logger)
  throw new ConnectorError(
    'ERR_CONNECTOR_FILE',
    'frontEndKerberos of the policy needs the sections kerberos and directory of connector.yaml',
  )
}

interface PipelineParts {
  readonly resolve: NameResolver
  readonly identity: Identity | undefined
  readonly security: SecurityLog
  readonly keys: KeySource
  readonly judge: TokenJudge | undefined
}

async function createKeys(
  { policy, config, logger, environment = {} }: ConnectorRuntimeOptions,
  resolve: NameResolver,
  identity: Identity | undefined,
): Promise<KeySource> {
  const ports = { ...world, logger, environment, client: identity?.client }
  return createKeySource(policy, await issuerKeysOptions(config.issuerKeys, ports, resolve))
}

function createSsoPipeline(
  { config, policy, logger }: ConnectorRuntimeOptions,
  { resolve, identity, security, keys, judge }: PipelineParts,
): SsoPipeline {
  return createPipeline({
    ...world,
    policy,
    logger,
    security,
    keys,
    judge,
    kerberos: identity?.client,
    directory: identity?.directory,
    backends: createBackendPool({ resolve }),
    limits: config.sso,
  })
}

function withDirectoryClosed(pipeline: SsoPipeline, identity: Identity | undefined): SsoPipeline {
  return {
    handle: (request, sink) => pipeline.handle(request, sink),
    signIn: (request) => pipeline.signIn(request),
    offer: (proof) => {
      pipeline.offer(proof)
    },
    forget: (proofs) => {
      pipeline.forget(proofs)
    },
    flush: (filter) => pipeline.flush(filter),
    inspect: (filter) => pipeline.inspect(filter),
    appsChanged: (isCurrent) => {
      pipeline.appsChanged(isCurrent)
    },
    drain: () => {
      pipeline.drain()
    },
    get counters() {
      return pipeline.counters
    },
    close: async () => {
      await pipeline.close()
      identity?.close()
    },
  }
}

/** Asks for a ticket of our own, then for an answer of the directory: what every first request of a user needs. */
function kerberosCheck({ client, directory }: Identity) {
  return async (signal: AbortSignal): Promise<KerberosStatus> => {
    const principal = client.name
    try {
      await client.ownTicket(`krbtgt/${principal.slice(principal.lastIndexOf('@') + 1)}`, signal)
      await directory.check(signal)
      return { ready: true, principal }
    } catch (error) {
      const problem = `${errorCode(error)}: ${errorText(error)}`
      return { ready: false, principal, problem, mend: errorMend(error) }
    }
  }
}
