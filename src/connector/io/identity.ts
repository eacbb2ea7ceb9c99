/**
 * Account and directory, as the service and the commands that explain open them.
 *
 * @module
 */

import { LdapDirectory } from '../../directory/io/index.ts'
import type { KerberosClient } from '../../kerberos/index.ts'
import type { Environment } from '../../kerberos/io/index.ts'
import type { Logger } from '../../platform/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import type { ConnectorConfig } from '../index.ts'
import { createKerberosClient, ldapBinder } from './kerberos-identity.ts'
import type { NameResolver } from './name-resolver.ts'
import { readText } from './read-text.ts'

const world = { clock: systemClock, random: systemRandom }

/** What the command line has read. */
export interface IdentityOptions {
  /** connector.yaml, every path absolute. */
  readonly config: ConnectorConfig
  readonly logger: Logger
  /** The variables of the environment. Default none. */
  readonly environment?: Environment | undefined
}

/** Account and directory of a connector that has Kerberos. */
export interface Identity {
  readonly client: KerberosClient
  readonly directory: LdapDirectory
  readonly close: () => void
}

/**
 * Reads the account's secret. Only for a managed account something is sent.
 *
 * @param options - What the command line has read.
 * @param resolve - Names of the inside.
 * @returns Client and directory; undefined where the configuration has no Kerberos.
 * @throws SallyportError when a file that is named cannot be used.
 */
export async function openIdentity(
  { config, logger, environment }: IdentityOptions,
  resolve: NameResolver,
): Promise<Identity | undefined> {
  const { kerberos, directory, dns } = config
  if (!kerberos || !directory) return undefined
  const { ca: caFile, ...settings } = directory
  const ca = caFile === undefined ? undefined : await readText(caFile, 'directory.ca')
  const opened: LdapDirectory[] = []
  const directoryOf = (client: KerberosClient): LdapDirectory => {
    const binder = ldapBinder(client, world)
    const ports = { clock: systemClock, logger, binder, lookup: resolve }
    const made = new LdapDirectory({ ...settings, ca }, ports)
    opened.push(made)
    return made
  }
  const ports = { ...world, logger, resolve, nameServers: dns?.servers, environment }
  const client = await createKerberosClient(kerberos, ports, directoryOf)
  const close = (): void => {
    for (const each of opened) each.close()
  }
  return { client, directory: directoryOf(client), close }
}
