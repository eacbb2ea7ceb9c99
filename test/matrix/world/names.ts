/** The names of a case, and the parts of the world that follow from them. */

import type { Configuration } from '../../../docker/demo/configuration.ts'
import type { LabEnvironment } from '../../../docker/lab.ts'
import type { MatrixCase, OwnConnector } from '../case.ts'
import type { AppEntry } from './gateway.ts'
import { computer, dnsNode, DOMAIN, service, TRUSTED_TO_AUTH, user } from './ldif.ts'
import type { Names } from './place.ts'
import { caFileOf, tlsDirectoryOf } from './certificates.ts'

/** The account of the connector that all cases share. */
export const SHARED_ACCOUNT = 'C-SHARED'

/** The service of the app beside the case's own at its own connector. */
export const BESIDE_SPN: string = `HTTP/beside.${DOMAIN}`

/** Longest id: `svc-<id>` is a sAMAccountName, of 20 characters at most. */
const MAX_ID = 14

/** The names that a case has. */
export function namesOf(one: MatrixCase, lab: LabEnvironment): Names {
  const { id } = one
  if (!/^[a-z][a-z0-9-]*$/.test(id) || id.length > MAX_ID) throw new Error(`'${id}' is no case id`)
  const host = `${id}.${DOMAIN}`
  const account = hasOwnConnector(one) ? `C-${id.toUpperCase()}` : SHARED_ACCOUNT
  const isOwnUser = typeof one.user === 'object'
  return {
    id,
    host,
    origin: `${one.https ? 'https' : 'http'}://${host}`,
    spn: `HTTP/${host}`,
    user: isOwnUser ? `mx-${id}` : (one.user ?? 'alice'),
    service: `svc-${id}`,
    connectorAccount: account,
    tlsDirectory: tlsDirectoryOf(lab),
    connectorPrincipal: `${account}${one.connector?.person ? '' : '$'}`,
    caFile: caFileOf(lab),
    apacheAddress: lab.backends.iwa.address,
    address: (host) => `127.88.${lab.instance}.${host}`,
  }
}

/** Whether a connector is started for this case alone. */
export function hasOwnConnector(one: MatrixCase): boolean {
  return one.connector !== undefined
}

/** The app of a case, as gateway.yaml has it. */
export function appOf(one: MatrixCase, names: Names): AppEntry {
  return {
    id: names.id,
    internalUrl: `${names.origin}/`,
    preAuthentication: 'oidc',
    singleSignOn: 'kerberos',
    servicePrincipalName: names.spn,
    delegatedLoginIdentity: 'userPrincipalName',
    connectorGroup: hasOwnConnector(one) ? 'own' : 'shared',
    allow: { everyone: true },
    ...one.app?.(names),
  }
}

/** The row of a case in policy.yaml. */
export function rowOf(one: MatrixCase, names: Names): Configuration {
  const usual = {
    origin: names.origin,
    servicePrincipalName: names.spn,
    addresses: ['127.88.0.0/16'],
    ...(one.https && { tls: { ca: names.caFile } }),
  }
  return { ...usual, ...one.row?.(names) }
}

/** LDIF of the accounts and DNS names of a case. */
export function entriesOf(one: MatrixCase, names: Names): string {
  const parts: string[] = []
  if (typeof one.user === 'object') parts.push(user({ ...one.user, name: names.user }))
  if (one.service !== null) parts.push(service(names.service, names.spn))
  if (one.connector) parts.push(connectorAccount(one.connector, names, serves(one)))
  if (one.entries) parts.push(one.entries(names))
  return parts.join('')
}

/** SPNs beyond its own for whose services a case's own connector has a row and the right to delegate. */
function serves({ spares }: MatrixCase): readonly string[] {
  return spares === 'connector' ? [BESIDE_SPN] : []
}

function connectorAccount(wish: OwnConnector, names: Names, more: readonly string[]): string {
  const usual = delegationLines([names.spn, ...more])
  const { person = false, flags = TRUSTED_TO_AUTH, lines = usual } = wish
  const name = names.connectorAccount
  if (!person) return computer({ name, flags, lines })
  const own = [`servicePrincipalName: HOST/${name.toLowerCase()}.${DOMAIN}`]
  return user({ name, flags, lines: [...own, 'msDS-SupportedEncryptionTypes: 24', ...lines] })
}

/** A connector's delegation list. */
export function delegationLines(spns: readonly string[]): readonly string[] {
  return spns.map((spn) => `msDS-AllowedToDelegateTo: ${spn}`)
}

/** The case's name in the DNS, if it has one. */
export function nameOf(target: string | null, names: Names): string {
  return target === null ? '' : dnsNode(names.id, target)
}

/** The site of a case, as Apache's configuration has it. */
export function siteOf(one: MatrixCase, names: Names): string {
  if (one.site) return one.site(names)
  if (one.service === null) return ''
  return one.https ? tlsSite(names) : `Use Site ${names.id} Off\n`
}

function tlsSite({ id, host }: Names): string {
  return `<VirtualHost \${LAB_BACKEND_ADDRESS}:443>
  ServerName ${host}
  SSLEngine on
  SSLProtocol TLSv1.2 TLSv1.3
  SSLCertificateFile \${LAB_TLS}/mx-${id}.pem
  SSLCertificateKeyFile \${LAB_TLS}/mx-${id}.key
  Use Negotiate ${id} Off
</VirtualHost>
`
}
