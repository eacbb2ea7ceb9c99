/**
 * The configuration files of the demo, as objects.
 *
 * @module
 */

import { join } from 'node:path'
import type { LabEnvironment } from '../lab.ts'

/** Where a stack lives. */
export interface StackPlaces {
  readonly directory: string
  readonly browserPort: number
  readonly tunnelPort: number
}

/** A YAML file before it is written. */
export type Configuration = Record<string, unknown>

const KERBEROS_APPLICATIONS = ['intranet', 'bound', 'other', 'rbcd', 'epa', 'closed'] as const

/** The demo's applications; each is published as `https://<name>.localhost`. */
export const APPLICATIONS: readonly string[] = [...KERBEROS_APPLICATIONS, 'plain']

/** Everyone of the lab's domain may use the demo's applications; `closed` is for nobody. */
const EVERYONE = { everyone: true }

function application(lab: LabEnvironment, places: StackPlaces, id: string): Configuration {
  const backend = id === 'intranet' || id === 'closed' ? lab.backends.iwa : lab.backends[id]
  if (backend === undefined) throw new Error(`the lab has no backend ${id}`)
  return {
    id,
    externalUrl: `https://${id}.localhost:${places.browserPort}/`,
    internalUrl: `${backend.origin}/`,
    preAuthentication: 'oidc',
    singleSignOn: 'kerberos',
    servicePrincipalName: backend.spn,
    delegatedLoginIdentity: 'userPrincipalName',
    connectorGroup: 'default',
    allow: id === 'closed' ? { users: [] } : EVERYONE,
    // This site's Apache has GssapiConnectionBound On.
    ...(id === 'bound' && { sendTicket: 'oncePerConnection' }),
  }
}

function plainApplication(lab: LabEnvironment, places: StackPlaces): Configuration {
  return {
    id: 'plain',
    externalUrl: `https://plain.localhost:${places.browserPort}/`,
    internalUrl: lab.backends.plain.url,
    preAuthentication: 'passthrough',
    singleSignOn: 'none',
    connectorGroup: 'default',
  }
}

/**
 * What the gateway of the demo is told.
 *
 * @param lab - The lab.
 * @param places - Ports and directory.
 * @returns gateway.yaml as an object.
 */
export function gatewayConfiguration(lab: LabEnvironment, places: StackPlaces): Configuration {
  return {
    stateDirectory: './gateway',
    browser: {
      address: '127.0.0.1',
      port: places.browserPort,
      certificate: 'browser.pem',
      key: 'browser.key',
    },
    tunnel: {
      address: '127.0.0.1',
      port: places.tunnelPort,
      name: 'gateway.sallyport.example',
      publicAddress: `127.0.0.1:${places.tunnelPort}`,
    },
    oidc: {
      issuer: lab.oidc.issuer,
      clientId: lab.oidc.clientId,
      clientSecretFile: 'oidc-secret.txt',
      ca: lab.oidc.caFile,
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      loginClaim: 'upn',
      groupsClaim: 'groups',
    },
    apps: [
      ...KERBEROS_APPLICATIONS.map((id) => application(lab, places, id)),
      plainApplication(lab, places),
    ],
  }
}

/**
 * What the connector of the demo is told.
 *
 * @param lab - The lab.
 * @param places - Ports and directory.
 * @param account - Connector account of the lab, null for none.
 * @returns connector.yaml as an object.
 */
export function connectorConfiguration(
  lab: LabEnvironment,
  places: StackPlaces,
  account: string | null = 'CONN1',
): Configuration {
  const common = {
    stateDirectory: join(places.directory, 'connector'),
    policy: 'policy.yaml',
    dns: { servers: [lab.dnsServer] },
  }
  if (account === null) return common
  const identity = lab.connectors[account]
  if (identity === undefined) throw new Error(`the lab has no connector account ${account}`)
  return {
    ...common,
    kerberos: {
      realm: lab.realm,
      principal: `${account}$`,
      keytab: identity.keytab,
      kdcs: lab.domainControllers.map((dc) => dc.address),
    },
    directory: { servers: lab.domainControllers.map((dc) => dc.name), ca: lab.caFile },
  }
}

/**
 * Time limits for a machine that has much else to do, as it has while suites run side by side: what is not there is missed later, and
 * what is slow is not missed.
 *
 * @param connector - connector.yaml as an object; changed.
 */
export function widenLimits(connector: Configuration): void {
  const wide = {
    kerberos: { timeoutMs: 20_000, totalTimeoutMs: 60_000 },
    directory: { connectTimeoutMs: 20_000, operationTimeoutMs: 60_000 },
    dns: { timeoutMs: 20_000 },
  }
  for (const [name, limits] of Object.entries(wide)) {
    const section = connector[name]
    if (typeof section === 'object') Object.assign(section as object, limits)
  }
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined
}

/**
 * What the connector of the demo allows, whatever the gateway says.
 *
 * @param lab - The lab.
 * @returns policy.yaml as an object.
 */
export function policy(lab: LabEnvironment): Configuration {
  const backends = Object.values(lab.backends)
    .filter(isPresent)
    .map((backend) => ({
      origin: backend.origin,
      ...(backend.spn === ''
        ? { preAuthentication: 'passthrough' }
        : { servicePrincipalName: backend.spn }),
      addresses: ['127.88.0.0/16'],
      ...(backend.origin.startsWith('https:') ? { tls: { ca: lab.caFile } } : {}),
    }))
  return {
    issuers: [
      {
        issuer: lab.oidc.issuer,
        audience: lab.oidc.clientId,
        loginClaim: 'upn',
        jwksUrl: lab.oidc.jwksUri,
        ca: lab.oidc.caFile,
        upnSuffixes: ['corp.example', 'contoso.test'],
        realms: [lab.realm],
      },
    ],
    backends,
  }
}
