/**
 * Builds what doctor's checks of the directory and of users look at, with the parts that the connector itself uses.
 *
 * @module
 */

import type { OwnDirectory } from '../connector/io/index.ts'
import { domainsOf, splitHostPort, type ConnectorConfig } from '../connector/index.ts'
import { AccountFinder } from '../directory/index.ts'
import {
  directoryWorld,
  userWorld,
  wantedServices,
  type DirectoryPorts,
  type DirectoryWorld,
  type UserService,
  type UserWorld,
} from '../doctor/index.ts'
import { formatNegotiate, Initiator, type ServiceTicket } from '../kerberos/index.ts'
import { readKeytabFile } from '../kerberos/io/index.ts'
import type { Logger } from '../platform/index.ts'
import { systemClock, systemRandom } from '../platform/io/index.ts'
import { routeApp, SsoError, type BackendPool, type Policy } from '../sso/index.ts'
import type { AppSettings } from '../tunnel/index.ts'
import { requestAs } from './doctor-request.ts'

/** What the worlds are made from. */
export interface DirectorySources {
  readonly config: ConnectorConfig
  readonly policy: Policy
  readonly logger: Logger
  /** Opened once. Rejects as openOwnDirectory does, every time. */
  readonly open: () => Promise<OwnDirectory>
  /** Connects to a port and closes. */
  readonly connect: DirectoryPorts['connect']
  readonly pool: BackendPool
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
    services: wantedServices(policy.backends.map(({ row }) => row)),
    hosts: [
      ...kdcs.map((kdc) => ({ host: hostOf(kdc), use: 'kdc' as const })),
      ...directory.servers.map((server) => ({ host: hostOf(server), use: 'directory' as const })),
    ],
    otherDomains: domainsOf(config.directories).flatMap(({ domain }) =>
      domain === undefined || domain === directory.domain ? [] : [domain],
    ),
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
  readonly apps: readonly AppSettings[]
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
  { login, signIn, apps }: UserQuestion,
): UserWorld {
  const { config, policy, open, pool } = sources
  const { baseDn } = config.directory ?? {}
  const services = policy.backends.flatMap((backend) => {
    const spn = backend.row.servicePrincipalName
    return spn === undefined ? [] : [{ backend, service: serviceOf(backend, spn) }]
  })
  return userWorld({
    clock: systemClock,
    login,
    signIn,
    issuers: [...policy.issuers.values()],
    loginKinds: loginKinds(policy, apps),
    connector: directory.account,
    services: services.map(({ service }) => service),
    directory: async () => {
      const { search } = await open()
      return new AccountFinder(search, systemClock, baseDn === undefined ? {} : { baseDn })
    },
    settings: async (name) => (await directory.picture()).facts.accounts.byName(name),
    tickets: async () => (await open()).client,
    fieldOctets,
    request: (service, ticket, signal) => {
      const found = services.find((each) => each.service === service)
      if (found === undefined) throw new TypeError('a service of another world')
      const parts = { pool, clock: systemClock, random: systemRandom, signal }
      return requestAs(found.backend, ticket, parts)
    },
  })
}

/** Of the apps that look an account up by what a provider asserts. */
function loginKinds(policy: Policy, apps: readonly AppSettings[]): readonly string[] {
  const kinds = apps.flatMap((app) => {
    try {
      return routeApp(policy, app).wantsAccount ? [app.delegatedLoginIdentity] : []
    } catch (error) {
      if (error instanceof SsoError) return []
      throw error
    }
  })
  return [...new Set(kinds)]
}

function serviceOf(backend: Policy['backends'][number], spn: string): UserService {
  return {
    origin: backend.origin,
    spn,
    mayImpersonate: (account, groupSids) => {
      backend.mayImpersonate({ account, groupSids })
    },
  }
}

/** A field's name, and a token with a channel binding, as https backends get it. */
function fieldOctets(ticket: ServiceTicket): number {
  const initiator = new Initiator(ticket, { clock: systemClock, random: systemRandom })
  const { token } = initiator.createToken({ channelBinding: new Uint8Array(32) })
  return 'Authorization: '.length + formatNegotiate(token).length
}
