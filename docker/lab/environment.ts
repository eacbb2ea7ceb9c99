/**
 * What the lab tells those who use it: names, addresses, passwords and files. Also the shape of its env.json.
 *
 * @module
 */

import { join } from 'node:path'

/** Someone who can sign in. Their passwords are for this lab alone and no secret. */
export interface LabUser {
  readonly password: string
  readonly userPrincipalName: string
  readonly sAMAccountName: string
}

/** A computer account that asks for tickets on behalf of users. */
export interface LabConnector {
  /** `CONN1$@CORP.EXAMPLE`. */
  readonly principal: string
  /** Path of its keytab, AES keys only. */
  readonly keytab: string
}

/** A web server of the lab. */
export interface LabBackend {
  /** Its first page: `http://iwa.corp.example/`. */
  readonly url: string
  /** `http://iwa.corp.example`. */
  readonly origin: string
  /** The same site over TLS: `https://iwa.corp.example`. */
  readonly tlsOrigin: string
  /** `HTTP/iwa.corp.example`, or '' where nobody signs in. */
  readonly spn: string
  /** The address behind the name. */
  readonly address: string
  /** Path of the service's keytab, or ''. */
  readonly keytab: string
  /** PEM file of the authority that issued its certificate. */
  readonly ca: string
}

/** The OpenID provider and the client registered there. */
export interface LabOidc {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly caFile: string
  readonly jwksUri: string
}

/** The users there are; docker/README.md says what each is for. */
const USER_NAMES = [
  'alice',
  'bob',
  'carol',
  'dave',
  'erin',
  'frank',
  'grace',
  'heidi',
  'ivan',
  'victor1',
  'victor2',
  'victor3',
  'victor4',
  'victor5',
  'ghost',
] as const

/** Name of a user. */
export type LabUserName = (typeof USER_NAMES)[number]

const CONNECTOR_NAMES = ['CONN1', 'CONN2', 'CONN3', 'CONN4'] as const
const APACHE_SITES = ['iwa', 'bound', 'other', 'rbcd', 'plain'] as const

/** Name of a connector account. */
export type LabConnectorName = (typeof CONNECTOR_NAMES)[number]
/** Name of a backend. */
export type LabBackendName = (typeof APACHE_SITES)[number] | 'epa'

type Named<K extends string, V> = Readonly<Record<K, V>> & Readonly<Record<string, V | undefined>>

/** Everything about a running lab. */
export interface LabEnvironment {
  readonly realm: string
  /** The domain's DNS name. */
  readonly domain: string
  readonly baseDn: string
  /** N of 127.88.N.x. */
  readonly instance: number
  /** Samba's version, `4.22.6…`. */
  readonly sambaVersion: string
  /** Whether this KDC does resource-based delegation: Samba 4.22 or later. */
  readonly rbcd: boolean
  /** `gmsa1$`, whose password CONN1 may read; empty where Samba, before 4.20, has no such accounts. */
  readonly managedAccount: string
  readonly domainControllers: readonly { readonly name: string; readonly address: string }[]
  /** `127.88.1.1:88`. */
  readonly kdc: string
  /** `ldaps://dc1.corp.example`, a name that only the lab's DNS knows. */
  readonly ldaps: string
  /** PEM file of the one authority of all the lab's certificates. */
  readonly caFile: string
  /** For MIT's tools: KRB5_CONFIG. */
  readonly krb5Conf: string
  readonly users: Named<LabUserName, LabUser>
  readonly connectors: Named<LabConnectorName, LabConnector>
  readonly backends: Named<LabBackendName, LabBackend>
  readonly oidc: LabOidc
  /** Address of the DNS server that knows corp.example, port 53. */
  readonly dnsServer: string
  /** Folder of this instance, with the logs; it goes when the lab stops. */
  readonly directory: string
}

/** The addresses of one instance. */
export interface LabAddresses {
  readonly dc: string
  readonly backend: string
  readonly epa: string
  readonly oidc: string
}

/** Names and secrets that the scripts in docker/ default to as well. */
export const LAB = {
  realm: 'CORP.EXAMPLE',
  domain: 'corp.example',
  baseDn: 'DC=corp,DC=example',
  workgroup: 'CORP',
  dc: 'dc1.corp.example',
  clientId: 'sallyport',
  clientSecret: 'lab-client-secret-of-sallyport-0001',
} as const

/**
 * Where an instance lives.
 *
 * @param instance - N of 127.88.N.x.
 * @returns Its addresses.
 */
export function addressesOf(instance: number): LabAddresses {
  const address = (host: number): string => `127.88.${instance}.${host}`
  return { dc: address(1), backend: address(10), epa: address(11), oidc: address(20) }
}

function collect<K extends string, V>(names: readonly K[], make: (name: K) => V): Named<K, V> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Named<K, V>
}

function user(name: string): LabUser {
  const userPrincipalName = name === 'bob' ? 'robert@contoso.test' : `${name}@${LAB.domain}`
  return { password: `Lab-${name}-1`, userPrincipalName, sAMAccountName: name }
}

/** What describeLab needs to know of a running instance. */
export interface LabFacts {
  readonly instance: number
  readonly directory: string
  readonly sambaVersion: string
}

/**
 * Describes an instance.
 *
 * @param facts - Which one, where it keeps its files, and what runs there.
 * @returns The environment.
 */
export function describeLab(facts: LabFacts): LabEnvironment {
  const { instance, directory, sambaVersion } = facts
  const addresses = addressesOf(instance)
  const keytab = (name: string): string => join(directory, 'dc', 'keytabs', `${name}.keytab`)
  const caFile = join(directory, 'tls', 'ca.pem')
  const backend = (name: LabBackendName): LabBackend => {
    const host = `${name}.${LAB.domain}`
    const signsIn = name !== 'plain'
    const origin = name === 'epa' ? `https://${host}` : `http://${host}`
    return {
      url: `${origin}/`,
      origin,
      tlsOrigin: `https://${host}`,
      spn: signsIn ? `HTTP/${host}` : '',
      address: name === 'epa' ? addresses.epa : addresses.backend,
      keytab: signsIn ? keytab(`svc-${name}`) : '',
      ca: caFile,
    }
  }
  const issuer = `https://${addresses.oidc}`
  return {
    realm: LAB.realm,
    domain: LAB.domain,
    baseDn: LAB.baseDn,
    instance,
    sambaVersion,
    rbcd: sambaVersion.localeCompare('4.22', 'en', { numeric: true }) >= 0,
    managedAccount:
      sambaVersion.localeCompare('4.20', 'en', { numeric: true }) >= 0 ? 'gmsa1$' : '',
    domainControllers: [{ name: LAB.dc, address: addresses.dc }],
    kdc: `${addresses.dc}:88`,
    ldaps: `ldaps://${LAB.dc}`,
    caFile,
    krb5Conf: join(directory, 'dc', 'krb5.conf'),
    users: collect(USER_NAMES, user),
    connectors: collect(CONNECTOR_NAMES, (name) => ({
      principal: `${name}$@${LAB.realm}`,
      keytab: keytab(name.toLowerCase()),
    })),
    backends: collect([...APACHE_SITES, 'epa'], backend),
    oidc: {
      issuer,
      clientId: LAB.clientId,
      clientSecret: LAB.clientSecret,
      caFile,
      jwksUri: `${issuer}/jwks`,
    },
    dnsServer: addresses.dc,
    directory,
  }
}
