/**
 * The connector's own account: keytab, KDCs, and the tickets that the directory wants.
 *
 * @module
 */

import type { LdapBinder } from '../../directory/io/index.ts'
import {
  Initiator,
  KerberosClient,
  keysFor,
  parsePrincipal,
  tlsServerEndPoint,
  type KeytabEntry,
} from '../../kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../kerberos/io/index.ts'
import type { Clock, Logger, Random } from '../../platform/index.ts'
import { ConnectorError, type KerberosConfig } from '../index.ts'
import { toLookupFunction, type NameResolver } from './name-resolver.ts'

/** What the account's client works through. */
export interface KerberosPorts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly resolve: NameResolver
}

/**
 * Reads the keytab and makes the client. Nothing is sent yet.
 *
 * @param config - The kerberos section, the keytab's path absolute.
 * @param ports - What it works through.
 * @returns The client.
 * @throws KerberosError ERR_KRB_KEYTAB when the keytab cannot be read, ConnectorError ERR_CONNECTOR_FILE when it has no
 *   key of the principal.
 */
export async function createKerberosClient(
  config: KerberosConfig,
  ports: KerberosPorts,
): Promise<KerberosClient> {
  const { clock, random, logger } = ports
  const { realm } = config
  const { principal } = parsePrincipal(config.principal)
  const entries = await readKeytabFile(config.keytab, { logger })
  const keys = keysFor(entries, realm, principal)
  if (keys.length === 0) throw noKey(config, entries)
  const transport = new NetworkKdcTransport({
    kdcs: { [realm]: config.kdcs },
    timeoutMs: config.timeoutMs,
    lookup: toLookupFunction(ports.resolve),
    logger,
    clock,
  })
  const identity = { principal, realm, keys }
  const { fast } = config
  return new KerberosClient({
    identity,
    transport,
    clock,
    random,
    logger,
    fast,
    requireSid: true,
  })
}

function noKey(config: KerberosConfig, entries: readonly KeytabEntry[]): ConnectorError {
  const held = entries.map((entry) => `${entry.principal.nameString.join('/')}@${entry.realm}`)
  const names = [...new Set(held)].slice(0, 5).join(', ')
  return new ConnectorError(
    'ERR_CONNECTOR_FILE',
    `${config.keytab} holds no key of ${config.principal}@${config.realm}, but of ${names || 'nobody'}`,
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
export function ldapBinder(client: KerberosClient, ports: { readonly random: Random }): LdapBinder {
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
