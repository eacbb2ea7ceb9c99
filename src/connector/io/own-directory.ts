/**
 * The connector's account and its directory, opened for commands that look at the directory's settings rather than serve requests.
 *
 * @module
 */

import { LdapSearch } from '../../directory/io/index.ts'
import type { OpenDirectories } from './open-directories.ts'
import type { KerberosClient } from '../../kerberos/index.ts'
import { systemClock, systemRandom } from '../../platform/io/index.ts'
import { ConnectorError } from '../index.ts'
import { openIdentity, type Identity, type IdentityOptions } from './identity.ts'
import { createNameResolver, type NameResolver } from './name-resolver.ts'
import { ldapPorts, readDomainSettings } from './open-directories.ts'

/** What was opened. */
export interface OwnDirectory {
  readonly client: KerberosClient
  /** The account's sAMAccountName. */
  readonly account: string
  /** The domain's controllers. */
  readonly search: LdapSearch
  /** Every directory of connector.yaml, as users are looked up in them. */
  readonly users: OpenDirectories
  /** The same hosts as global catalogs (port 3269), where they are that. */
  readonly catalog: LdapSearch
  readonly close: () => void
}

const CATALOG_PORT = 3269

/**
 * Reads the account's secret. Only for a managed account something is sent.
 *
 * @param options - What the command line has read.
 * @returns Client and searches; each connects when first asked.
 * @throws ConnectorError ERR_CONNECTOR_FILE without kerberos and directory sections; else as openIdentity does.
 */
export async function openOwnDirectory(options: IdentityOptions): Promise<OwnDirectory> {
  const resolve = createNameResolver(options.config.dns, systemClock)
  return openSearches(await openIdentity(options, resolve), options, resolve)
}

/**
 * Searches beside an account that is open already, bound as its own look-ups are; closing them closes it too.
 *
 * @param identity - The account; undefined where the configuration has none.
 * @param options - What the command line has read.
 * @param resolve - Names of the inside.
 * @returns Client and searches; each connects when first asked.
 * @throws ConnectorError ERR_CONNECTOR_FILE without an account, or for a CA that cannot be read.
 */
export async function openSearches(
  identity: Identity | undefined,
  options: IdentityOptions,
  resolve: NameResolver,
): Promise<OwnDirectory> {
  const { directory } = options.config
  if (identity === undefined || directory === undefined) throw withoutDirectory()
  const { client } = identity
  const settings = await readDomainSettings(directory)
  const world = { clock: systemClock, random: systemRandom }
  const ports = ldapPorts(directory, { ...world, logger: options.logger, resolve, client })
  const search = new LdapSearch(settings, ports)
  const servers = settings.servers.map(asCatalog)
  const catalog = new LdapSearch({ ...settings, servers }, ports)
  return {
    client,
    account: client.name.slice(0, client.name.lastIndexOf('@')),
    search,
    catalog,
    users: identity.directory,
    close: () => {
      search.close()
      catalog.close()
      identity.close()
    },
  }
}

function withoutDirectory(): ConnectorError {
  return new ConnectorError(
    'ERR_CONNECTOR_FILE',
    'connector.yaml has no kerberos and directory sections, so there is nothing to look at',
    { mend: 'Add both sections; the README shows them.' },
  )
}

function asCatalog(server: string): string {
  return `${server.replace(/(?<!:[^\]]*):\d+$/, '')}:${CATALOG_PORT}`
}
