/**
 * The connector's own account: its secret, wherever that is, and the tickets that the directory wants.
 *
 * @module
 */

import type { LdapBinder } from '../../directory/io/index.ts'
import type { ManagedAccountDirectory } from '../../directory/index.ts'
import {
  allowOwnMd5,
  Initiator,
  KerberosClient,
  keysFor,
  parsePrincipal,
  tlsServerEndPoint,
  type ClientIdentity,
  type KeyOwner,
} from '../../kerberos/index.ts'
import { keytabIdentity, passwordFileIdentity, readKeytabFile } from '../../kerberos/io/index.ts'
import { ConnectorError, managedIdentity, type KerberosConfig } from '../index.ts'
import { openKdcWay, type KdcWay, type KerberosPorts } from './kdc-way.ts'

/** Opens the directory for an account's client. */
export type DirectoryOf = (client: KerberosClient) => ManagedAccountDirectory

/** The account's client, and the way that it asks KDCs on. */
export interface KerberosAccess {
  readonly client: KerberosClient
  readonly transport: KdcWay['transport']
}

/**
 * Reads the account's secret and makes the client. Only for a managed account something is sent: its password is read.
 *
 * @param config - The kerberos section, every path absolute.
 * @param ports - What it works through.
 * @param directoryOf - For a managed account: where its password is read.
 * @returns The client and its transport.
 * @throws KerberosError ERR_KRB_KEYTAB or ERR_KRB_PASSWORD when the secret cannot be read, ERR_KRB_CONF for the krb5.conf,
 *   ConnectorError ERR_CONNECTOR_FILE when a keytab has no key of the principal; DirectoryError for a managed account.
 */
export async function createKerberosClient(
  config: KerberosConfig,
  ports: KerberosPorts,
  directoryOf: DirectoryOf,
): Promise<KerberosAccess> {
  const { managedBy, fast, s4uUserPadata, brokenTicketKeys } = config
  const { clock, random, logger } = ports
  if (config.allowOwnMd5) allowOwnMd5(true)
  const way = await openKdcWay(config, ports)
  const { transport } = way
  const clientOf = (identity: ClientIdentity): KerberosClient => {
    const settings = { fast, s4uUserPadata, brokenTicketKeys, requireSid: true }
    return new KerberosClient({ identity, ...way, clock, random, logger, ...settings })
  }
  if (managedBy === undefined) {
    return { client: clientOf(await ownIdentity(config, ports)), transport }
  }
  const reader = await fromKeytab(managedBy.keytab, ownerOf(managedBy.principal, config), ports)
  const directory = directoryOf(clientOf(reader))
  const account = ownerOf(config.principal, config)
  const identity = await managedIdentity(account, { directory, clock, logger })
  return { client: clientOf(identity), transport }
}

function ownerOf(name: string, { realm }: KerberosConfig): KeyOwner {
  return { principal: parsePrincipal(name).principal, realm }
}

async function ownIdentity(config: KerberosConfig, ports: KerberosPorts): Promise<ClientIdentity> {
  const { keytab, passwordFile, passwordVariable = '' } = config
  const owner = ownerOf(config.principal, config)
  if (keytab !== undefined) return fromKeytab(keytab, owner, ports)
  if (passwordFile !== undefined) return passwordFileIdentity(passwordFile, owner, ports)
  const password = ports.environment?.[passwordVariable]
  if (password !== undefined && password !== '') return { ...owner, keys: { password } }
  throw new ConnectorError(
    'ERR_CONNECTOR_FILE',
    `the environment variable ${passwordVariable} (kerberos.passwordVariable) is not set`,
    { mend: 'Set it where the service is started, or name a keytab instead.' },
  )
}

async function fromKeytab(
  path: string,
  owner: KeyOwner,
  { clock, logger }: KerberosPorts,
): Promise<ClientIdentity> {
  const entries = await readKeytabFile(path, { logger })
  if (keysFor(entries, owner.realm, owner.principal).length > 0) {
    return keytabIdentity(path, owner, { clock, logger })
  }
  const held = entries.map((entry) => `${entry.principal.nameString.join('/')}@${entry.realm}`)
  const names = [...new Set(held)].slice(0, 5).join(', ')
  const wanted = `${owner.principal.nameString.join('/')}@${owner.realm}`
  throw new ConnectorError(
    'ERR_CONNECTOR_FILE',
    `${path} holds no key of ${wanted}, but of ${names || 'nobody'}`,
    { mend: 'Correct kerberos.principal and realm, or write the keytab again.' },
  )
}

/**
 * Lets the directory bind with the account's tickets.
 *
 * @param client - The account's client.
 * @param ports - Chance for tokens.
 * @returns The binder.
 */
export function ldapBinder(
  client: KerberosClient,
  ports: Pick<KerberosPorts, 'random'>,
): LdapBinder {
  return {
    channelBinding: tlsServerEndPoint,
    async bindToken(serverName, channelBinding) {
      const ticket = await client.ownTicket(`ldap/${serverName}`)
      const clock = client.tokenClock(ticket.serverRealm)
      const initiator = new Initiator(ticket, { clock, random: ports.random })
      return initiator.createToken({ channelBinding }).token
    },
  }
}
