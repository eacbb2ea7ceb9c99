/**
 * Changes the password of the connector's own account and renews its keytab.
 *
 * @module
 */

import { parsePrincipal, type RotatedPassword } from '../../kerberos/index.ts'
import { PasswordServerTransport, rotateKeytabFile } from '../../kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import { splitHostPort } from '../config-fields.ts'
import { ConnectorError, type ConnectorConfig, type KerberosConfig } from '../index.ts'
import { openKdcWay } from './kdc-way.ts'
import { createNameResolver, toLookupFunction } from './name-resolver.ts'
import type { ConnectorRuntimeOptions } from './runtime.ts'

/**
 * Changes the password. A running connector notices the new keytab by itself; a change that was stopped is gone on with.
 *
 * @param options - connector.yaml, every path absolute; who is told; the environment.
 * @returns The version of the new keys, and whether an earlier change was gone on with.
 * @throws ConnectorError ERR_CONNECTOR_FILE when the account has no keytab; KerberosError as the KDC and the password server
 *   refuse, or the keytab cannot be replaced.
 */
export async function rotateOwnPassword(
  options: Pick<ConnectorRuntimeOptions, 'config' | 'logger' | 'environment'>,
): Promise<RotatedPassword> {
  const { config, logger, environment } = options
  const { kerberos, keytab } = withKeytab(config)
  const world = { clock: systemClock, random: systemRandom, logger }
  const resolve = createNameResolver(config.dns, systemClock)
  const ports = { ...world, resolve, environment, nameServers: config.dns?.servers }
  const { transport } = await openKdcWay(kerberos, ports)
  const { realm } = kerberos
  const passwordServer = new PasswordServerTransport({
    servers: { [realm]: passwordServers(config) },
    lookup: toLookupFunction(resolve),
  })
  const owner = { principal: parsePrincipal(kerberos.principal).principal, realm }
  return rotateKeytabFile(keytab, owner, { ...world, transport, passwordServer })
}

function withKeytab({ kerberos }: ConnectorConfig): {
  readonly kerberos: KerberosConfig
  readonly keytab: string
} {
  const keytab = kerberos?.keytab
  if (kerberos !== undefined && keytab !== undefined) return { kerberos, keytab }
  throw new ConnectorError(
    'ERR_CONNECTOR_FILE',
    'only the password of an account with a keytab can be changed, and kerberos.keytab is not there',
    { mend: 'The directory changes the password of a managed account by itself.' },
  )
}

/** Every domain controller takes new passwords, on its port 464. */
function passwordServers({ directory }: ConnectorConfig): readonly string[] {
  return (directory?.servers ?? []).map((server) => splitHostPort(server)?.host ?? server)
}
