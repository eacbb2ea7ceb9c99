/**
 * Builds what doctor looks at from connector.yaml and policy.yaml, with the parts that the connector itself uses.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { lookup } from 'node:dns/promises'
import {
  askGateway,
  issuerKeysOptions,
  createNameResolver,
  openIdentity,
  openSearches,
  readRegistration,
  type Identity,
  type OwnDirectory,
  type NameResolver,
} from '../connector/io/index.ts'
import { domainsOf, splitHostPort, type ConnectorConfig } from '../connector/index.ts'
import {
  headerRooms,
  type BackendPlace,
  type DirectoryWorld,
  type GatewayFacts,
  type HeaderRoom,
  type HostWorld,
  type IssuerWorld,
  type KdcTime,
  type KerberosWorld,
  type TunnelWorld,
  type UserWorld,
} from '../doctor/index.ts'
import {
  backendProbe,
  fipsFacts,
  lookAtFile,
  nameQuestions,
  ownUser,
  peekTls,
  timeTcp,
  type NameQuestions,
} from '../doctor/io/index.ts'
import type { KerberosClient } from '../kerberos/index.ts'
import { dnsSrvResolver, forwardProxyOf } from '../kerberos/io/index.ts'
import { errorCode, errorText, type Logger } from '../platform/index.ts'
import { systemClock, systemRandom } from '../platform/io/index.ts'
import { readKeySet } from '../sso/io/index.ts'
import {
  createDirectoryWorld,
  createUserWorld,
  type DirectorySources,
  type UserQuestion,
} from './doctor-directory.ts'
import { namedFiles, type FileSources } from './doctor-files.ts'
import { ownVersion } from './version.ts'

/** What the command line has read. */
export interface DoctorSources extends FileSources {
  readonly logger: Logger
}

/** Everything that doctor looks at, opened when it is first asked for. */
export interface DoctorWorlds {
  readonly sources: DoctorSources
  readonly host: HostWorld
  readonly tunnel: TunnelWorld
  /** Names of the inside, as the connector resolves them. */
  readonly resolve: NameResolver
  readonly names: NameQuestions
  /** The connector's own account; undefined without Kerberos. Rejects as `openIdentity` does, every time. */
  account(): Promise<Identity | undefined>
  /** Its client, once `account` has opened it. */
  client(): KerberosClient | undefined
  /** Asks a backend. */
  readonly ask: UserWorld['ask']
  /** What is known of the header fields that an origin takes: one for the whole run. */
  readonly headerRoom: (place: BackendPlace) => HeaderRoom
  /** Undefined without Kerberos. */
  readonly directory: DirectoryWorld | undefined
  readonly issuer: IssuerWorld
  /** The world of one user; undefined without Kerberos. */
  userOf(question: Omit<UserQuestion, 'signIn'>): UserWorld | undefined
  close(): void
}

/**
 * Builds the worlds. Nothing is read or sent yet.
 *
 * @param sources - What the command line has read.
 * @returns The worlds.
 */
export function createDoctorWorlds(sources: DoctorSources): DoctorWorlds {
  const { config, logger } = sources
  const resolve = createNameResolver(config.dns, systemClock)
  const names = nameQuestions(config.dns?.servers, config.dns?.timeoutMs ?? 2000)
  const { env: environment } = process
  let opened: Identity | undefined
  let searches: OwnDirectory | undefined
  const account = once(async () => {
    opened = await openIdentity({ config, logger, environment }, resolve)
    return opened
  })
  const ask = backendProbe(resolve)
  const headerRoom = headerRooms(ask)
  const inside: DirectorySources = {
    ...sources,
    open: once(async () => {
      searches = await openSearches(await account(), { config, logger }, resolve)
      return searches
    }),
    connect: async (host, port, signal) => {
      const [address = host] = await resolve(host)
      return timeTcp({ host: address, port }, signal)
    },
    ...{ ask, headerRoom },
  }
  const directory = createDirectoryWorld(inside)
  const tunnel = tunnelWorld(sources)
  const signIn = () =>
    tunnel.ask().then(
      (told) => told.signIn,
      // The checks of the tunnel say why.
      () => undefined,
    )
  return {
    directory,
    userOf: (question) => directory && createUserWorld(inside, directory, { ...question, signIn }),
    issuer: issuerWorld(sources, { resolve, account, tunnel }),
    sources,
    host: hostWorld(sources, { resolve, names, account }),
    tunnel,
    resolve,
    names,
    account,
    client: () => opened?.client,
    ...{ ask, headerRoom },
    close: () => {
      searches?.close()
      opened?.close()
    },
  }
}

/** Does something the first time, and remembers how it ended. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined
  return () => (done ??= work())
}

type HostParts = Pick<DoctorWorlds, 'resolve' | 'names' | 'account'>

function hostWorld(sources: DoctorSources, parts: HostParts): HostWorld {
  const { config } = sources
  const file = new URL('../../package.json', import.meta.url)
  const { engines } = JSON.parse(readFileSync(file, 'utf8')) as { engines: { node: string } }
  const { node, openssl } = process.versions
  return {
    versions: { sallyport: ownVersion(), node, openssl, nodeWanted: engines.node },
    files: namedFiles(sources),
    user: ownUser(),
    lookAt: lookAtFile,
    fips: fipsFacts(),
    kerberos: kerberosWorld(config, parts),
  }
}

function kerberosWorld(config: ConnectorConfig, parts: HostParts): KerberosWorld | undefined {
  const { kerberos, directory, dns } = config
  if (kerberos === undefined) return undefined
  const { realm, kdcs, krb5Conf, dnsLookup, allowOwnMd5 } = kerberos
  const srv = dnsSrvResolver({ random: systemRandom, servers: dns?.servers })
  const hosts = [...kdcs.filter((kdc) => !kdc.startsWith('https:')), ...(directory?.servers ?? [])]
  return {
    realm,
    hosts: [...new Set(hosts.map((host) => splitHostPort(host)?.host ?? host))],
    kdcsListed: kdcs.length > 0 || krb5Conf !== undefined,
    dnsLookup,
    allowOwnMd5,
    compareClocks: (signal) => compareClocks(parts, signal),
    addresses: parts.resolve,
    namesOf: (address) => parts.names.namesOf(address),
    services: async (question) => (await srv(question)).map(({ name, port }) => `${name}:${port}`),
  }
}

function issuerWorld(
  { config, policy, logger }: DoctorSources,
  { resolve, account, tunnel }: Pick<DoctorWorlds, 'resolve' | 'account' | 'tunnel'>,
): IssuerWorld {
  const options = once(async () => {
    // Only such a proxy is shown tickets: an account that cannot be opened does not keep the keys away otherwise.
    const own = config.issuerKeys.forwardProxy?.engine === 'kerberos'
    const client = own ? (await account())?.client : undefined
    const ports = { logger, environment: process.env, random: systemRandom, client }
    return issuerKeysOptions(config.issuerKeys, ports, resolve)
  })
  return {
    issuers: [...policy.issuers.values()],
    domains: domainsOf(config.directories).flatMap(({ domain }) => domain ?? []),
    keysOf: async (issuer) => (await readKeySet(issuer, await options())).keys,
    told: () => tunnel.ask(),
  }
}

async function compareClocks({ account }: HostParts, signal: AbortSignal): Promise<KdcTime> {
  try {
    const opened = await account()
    await opened?.client.ticketGrantingTicket(signal)
    return { skewMs: opened?.client.clockSkewMs }
  } catch (error) {
    return { skewMs: undefined, problem: { code: errorCode(error), text: errorText(error) } }
  }
}

function tunnelWorld({ config, logger }: DoctorSources): TunnelWorld {
  const registration = once(() => readRegistration(config.stateDirectory))
  const ask = once(async (): Promise<GatewayFacts> => {
    return askGateway({ identity: await registration(), clock: systemClock, logger })
  })
  return {
    nowMs: systemClock.nowMs(),
    stateDirectory: config.stateDirectory,
    proxy: forwardProxyOf(process.env, 'https://gateway.invalid/')?.url,
    registration,
    addresses: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    connect: (host, port, signal) => timeTcp({ host, port }, signal),
    peek: peekTls,
    ask,
  }
}
