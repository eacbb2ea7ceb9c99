/**
 * The connector's own account and the directories it looks users up in, made of connector.yaml.
 *
 * @module
 */

import { LdapDirectory } from '../../directory/io/index.ts'
import type { LookupReport } from '../../directory/index.ts'
import type { KerberosClient } from '../../kerberos/index.ts'
import type { Environment } from '../../kerberos/io/index.ts'
import type { Logger } from '../../platform/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import type { ConnectorConfig, DirectoryConfig, KdcTotals } from '../index.ts'
import { createKerberosClient, ldapBinder } from './kerberos-identity.ts'
import type { NameResolver } from './name-resolver.ts'
import { openDirectories, readDomainSettings, type OpenDirectories } from './open-directories.ts'

const world = { clock: systemClock, random: systemRandom }

/** What the command line has read. */
export interface IdentityOptions {
  /** connector.yaml, every path absolute. */
  readonly config: ConnectorConfig
  readonly logger: Logger
  /** The variables of the environment. Default none. */
  readonly environment?: Environment | undefined
  /** Told about every search for an account. */
  readonly onLookup?: (report: LookupReport) => void
}

/** Account and directories of a connector that has Kerberos. */
export interface Identity {
  readonly client: KerberosClient
  /** All of them as one. */
  readonly directory: OpenDirectories
  /** What has been seen of the KDCs. */
  readonly kdcStatistics: () => KdcTotals
  readonly close: () => void
}

/**
 * Opens the account and the directories. Files are read now, the network is used when something is asked; but a managed
 * account's password is read at once.
 *
 * @param options - What the command line has read.
 * @param resolve - Names of the inside.
 * @returns Account and directories, to be closed; undefined without a kerberos section.
 * @throws SallyportError when a file that is named cannot be used.
 */
export async function openIdentity(
  options: IdentityOptions,
  resolve: NameResolver,
): Promise<Identity | undefined> {
  const { config, logger, environment, onLookup } = options
  const { kerberos, directory, directories, dns } = config
  if (!kerberos || !directory) return undefined
  const managed = await managedDirectory(directory, options, resolve)
  const kerberosPorts = { ...world, logger, environment, nameServers: dns?.servers }
  const way = { ...kerberosPorts, resolve }
  const { client, transport } = await createKerberosClient(kerberos, way, managed.open)
  const opened = await openDirectories(directories, {
    ...{ ...world, logger, resolve, client },
    ...(onLookup && { onLookup }),
  })
  const close = (): void => {
    managed.close()
    opened.close()
  }
  const kdcStatistics = (): KdcTotals => transport.statistics()
  return { client, directory: opened, kdcStatistics, close }
}

/** Where a managed account's password is read: always with the Kerberos account that may. */
async function managedDirectory(
  config: DirectoryConfig,
  { logger }: IdentityOptions,
  resolve: NameResolver,
) {
  const settings = await readDomainSettings(config)
  const opened: LdapDirectory[] = []
  const open = (client: KerberosClient): LdapDirectory => {
    const binder = ldapBinder(client, world)
    const ports = { clock: systemClock, logger, binder, lookup: resolve }
    const made = new LdapDirectory(settings, ports)
    opened.push(made)
    return made
  }
  const close = (): void => {
    for (const each of opened) each.close()
  }
  return { open, close }
}
