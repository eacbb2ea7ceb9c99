/**
 * The connector's account and its directory, opened for commands that look at the directory's settings rather than serve requests.
 *
 * @module
 */

import { LdapDirectory, LdapSearch, type LdapPorts } from '../../directory/io/index.ts'
import type { KerberosClient } from '../../kerberos/index.ts'
import type { Environment } from '../../kerberos/io/index.ts'
import type { Logger } from '../../platform/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import { ConnectorError, type ConnectorConfig } from '../index.ts'
import { createKerberosClient, ldapBinder } from './kerberos-identity.ts'
import { createNameResolver, type NameResolver } from './name-resolver.ts'
import { readText } from './read-text.ts'

/** What the command line has read. */
export interface OwnDirectoryOptions {
  /** connector.yaml, every path absolute. */
  readonly config: ConnectorConfig
  readonly logger: Logger
  /** The variables of the environment. Default none. */
  readonly environment?: Environment | undefined
}

/** What was opened. */
export interface OwnDirectory {
  readonly client: KerberosClient
  /** The account's sAMAccountName. */
  readonly account: string
  /** The domain's controllers. */
  readonly search: LdapSearch
  /** The same hosts as global catalogs (port 3269), where they are that. */
  readonly catalog: LdapSearch
  readonly resolve: NameResolver
  readonly close: () => void
}

const world = { clock: systemClock, random: systemRandom }
const CATALOG_PORT = 3269

/**
 * Reads the account's secret. Only for a managed account something is sent.
 *
 * @param options - What the command line has read.
 * @returns Client and searches; each connects when first asked.
 * @throws ConnectorError ERR_CONNECTOR_FILE without kerberos and directory sections; else as createKerberosClient does.
 */
export async function openOwnDirectory(options: OwnDirectoryOptions): Promise<OwnDirectory> {
  const { config, logger, environment } = options
  const { kerberos, directory, dns } = config
  if (!kerberos || !directory) {
    throw new ConnectorError(
      'ERR_CONNECTOR_FILE',
      'connector.yaml has no kerberos and directory sections, so there is nothing to look at',
      { mend: 'Add both sections; the README shows them.' },
    )
  }
  const { ca: caFile, ...settings } = directory
  const ca = caFile === undefined ? undefined : await readText(caFile, 'directory.ca')
  const resolve = createNameResolver(dns, systemClock)
  const portsOf = (client: KerberosClient): LdapPorts => {
    return { clock: systemClock, logger, lookup: resolve, binder: ldapBinder(client, world) }
  }
  const passwords: LdapDirectory[] = []
  const ports = { ...world, logger, resolve, nameServers: dns?.servers, environment }
  const client = await createKerberosClient(kerberos, ports, (reader) => {
    const opened = new LdapDirectory({ ...settings, ca }, portsOf(reader))
    passwords.push(opened)
    return opened
  })
  const search = new LdapSearch({ ...settings, ca }, portsOf(client))
  const servers = settings.servers.map(asCatalog)
  const catalog = new LdapSearch({ ...settings, servers, ca }, portsOf(client))
  return {
    client,
    account: client.name.slice(0, client.name.lastIndexOf('@')),
    search,
    catalog,
    resolve,
    close: () => {
      for (const each of [search, catalog, ...passwords]) each.close()
    },
  }
}

function asCatalog(server: string): string {
  return `${server.replace(/(?<!:[^\]]*):\d+$/, '')}:${CATALOG_PORT}`
}
