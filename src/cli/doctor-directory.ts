/**
 * Builds what doctor's checks of the directory and of users look at, with the parts that the connector itself uses.
 *
 * @module
 */

import type { OwnDirectory } from '../connector/io/index.ts'
import { domainsOf, splitHostPort, type ConnectorConfig } from '../connector/index.ts'
import {
  directoryWorld,
  firstPage,
  userWorld,
  wantedServices,
  type BackendPlace,
  type DirectoryPorts,
  type DirectoryWorld,
  type HeaderRoom,
  type UserService,
  type UserWorld,
} from '../doctor/index.ts'
import { readKeytabFile } from '../kerberos/io/index.ts'
import type { Logger } from '../platform/index.ts'
import { systemClock } from '../platform/io/index.ts'
import { backendTarget, routeApp, SsoError, type Policy, type Route } from '../sso/index.ts'
import type { AppSettings } from '../tunnel/index.ts'
import { probeToken } from './doctor-token.ts'

type BackendPolicy = Policy['backends'][number]

/** What the worlds are made from. */
export interface DirectorySources {
  readonly config: ConnectorConfig
  readonly policy: Policy
  readonly logger: Logger
  /** Opened once. Rejects as openOwnDirectory does, every time. */
  readonly open: () => Promise<OwnDirectory>
  /** Connects to a port and closes. */
  readonly connect: DirectoryPorts['connect']
  readonly ask: UserWorld['ask']
  /** What is known of the header fields that an origin takes. */
  readonly headerRoom: (place: BackendPlace) => HeaderRoom
}

/**
 * The world of the directory.
 *
 * @param sources - What it is made from.
 * @returns The world; nothing is asked yet. Undefined where the configuration has no Kerberos.
 */
export function createDirectoryWorld(sources: DirectorySources): DirectoryWorld | undefined {
  const { config, policy, logger, open, connect } = sources
  const { kerberos, directory } = config
  if (!kerberos || !directory) return undefined
  const { principal: account, realm, keytab } = kerberos
  const hostOf = (text: string): string => splitHostPort(text)?.host ?? text
  const kdcs = kerberos.kdcs.filter((kdc) => !kdc.startsWith('https:'))
  return directoryWorld({
    clock: systemClock,
    account,
    keytab,
    rotatedEveryDays: kerberos.rotatePassword?.everyDays,
    services: wantedServices(policy.backends.map(({ row }) => row)),
    hosts: [
      ...kdcs.map((kdc) => ({ host: hostOf(kdc), use: 'kdc' as const })),
      ...directory.servers.map((server) => ({ host: hostOf(server), use: 'directory' as const })),
    ],
    otherDomains: domainsOf(config.directories).flatMap(({ domain }) =>
      domain === undefined || domain === directory.domain ? [] : [domain],
    ),
    others: async () => {
      const { each } = (await open()).users
      const isOwn = (domain: string | undefined): boolean =>
        domain === undefined ? false : domain === directory.domain
      return each.length === 1 ? [] : each.filter(({ domain }) => !isOwn(domain))
    },
    connect,
    ownKeys: async () => {
      if (keytab === undefined) return undefined
      const entries = await readKeytabFile(keytab, { logger })
      return entries
        .filter(
          (entry) => entry.realm === realm && entry.principal.nameString.join('/') === account,
        )
        .map(({ kvno, key }) => ({ kvno, etype: key.etype }))
    },
    ownTicket: async (signal) => (await open()).client.ticketGrantingTicket(signal),
    directory: open,
  })
}

/** Who is looked at, and what the gateway told. */
export interface UserQuestion extends Pick<UserWorld, 'login' | 'signIn'> {
  /** The apps that are looked at. */
  readonly apps: readonly AppSettings[]
  /** Only their backends; else every backend of the policy that wants Kerberos. */
  readonly appsAlone: boolean
}

/**
 * The world of one user.
 *
 * @param sources - What it is made from.
 * @param directory - The directory's world.
 * @param question - Who, at which apps.
 * @returns The world; nothing is asked yet.
 */
export function createUserWorld(
  sources: DirectorySources,
  directory: DirectoryWorld,
  { login, signIn, apps, appsAlone }: UserQuestion,
): UserWorld {
  const { config, policy, open, ask, headerRoom } = sources
  const routes = routesOf(policy, apps)
  return userWorld({
    clock: systemClock,
    ...{ login, signIn, ask },
    issuers: [...policy.issuers.values()],
    loginKinds: loginKinds(routes),
    connector: directory.account,
    realm: config.kerberos?.realm ?? '',
    frontEnd: policy.frontEnd,
    services: appsAlone ? routes.flatMap(serviceOfRoute) : policy.backends.flatMap(serviceOfRow),
    directory: async () => (await open()).users,
    settings: async (account) => (await open()).users.settingsOf(account),
    connectorSettings: async () => (await directory.picture()).connector,
    tickets: async () => (await open()).client,
    tokens: async () => {
      const { client } = await open()
      return (ticket, channelBinding) => probeToken(client, ticket, channelBinding)
    },
    headerRoom: ({ place }) => headerRoom(place),
  })
}

/** Apps that the policy refuses are what app.policy tells. */
function routesOf(policy: Policy, apps: readonly AppSettings[]): readonly Route[] {
  return apps.flatMap((app) => {
    try {
      return [routeApp(policy, app)]
    } catch (error) {
      if (error instanceof SsoError) return []
      throw error
    }
  })
}

/** Of the apps that look an account up by what a provider asserts. */
function loginKinds(routes: readonly Route[]): readonly string[] {
  const wanting = routes.filter(({ wantsAccount }) => wantsAccount)
  return [...new Set(wanting.map(({ app }) => app.delegatedLoginIdentity))]
}

function serviceOfRoute(route: Route): readonly UserService[] {
  const { backend, servicePrincipalName: spn } = route
  return spn === undefined ? [] : [serviceOf(backend, spn, firstPage(route))]
}

/** Limits of a request that no app sets any for: doctor's own limit for a check is longer. */
const TIMEOUTS = { connectMs: 5000, firstOctetMs: 15_000, idleMs: 15_000 }

function serviceOfRow(backend: BackendPolicy): readonly UserService[] {
  const spn = backend.row.servicePrincipalName
  if (spn === undefined) return []
  const url = new URL(backend.origin)
  const target = backendTarget(url, backend, TIMEOUTS)
  return [serviceOf(backend, spn, { target, host: url.host, path: '/' })]
}

function serviceOf(backend: BackendPolicy, spn: string, place: BackendPlace): UserService {
  return {
    ...{ origin: backend.origin, spn, place },
    mayImpersonate: (account, groupSids) => {
      backend.mayImpersonate({ account, groupSids })
    },
  }
}
