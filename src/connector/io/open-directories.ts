/**
 * The directories of connector.yaml as one: domains over LDAPS, forests behind their global catalogs.
 *
 * @module
 */

import {
  LdapDirectory,
  LdapSearch,
  SimpleBinder,
  type LdapPorts,
} from '../../directory/io/index.ts'
import {
  ForestDirectory,
  SeveralDirectories,
  type AccountDirectory,
  type AccountSettings,
  type DirectoryAccount,
  type DirectoryPart,
  type LookupReport,
} from '../../directory/index.ts'
import type { KerberosClient } from '../../kerberos/index.ts'
import { readPasswordFile } from '../../kerberos/io/index.ts'
import type { Clock, Logger, Random } from '../../platform/index.ts'
import {
  catalogServers,
  domainSettings,
  type AnyDirectoryConfig,
  type DirectoryConfig,
  type DomainSettings,
  type ForestConfig,
} from '../index.ts'
import { ldapBinder } from './kerberos-identity.ts'
import type { NameResolver } from './name-resolver.ts'
import { readAuthorities } from './read-text.ts'

/** What directories work through. */
export interface OpenDirectoriesPorts {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly resolve: NameResolver
  /** Whose tickets bind. */
  readonly client: KerberosClient
  /** Told about every search for an account. */
  readonly onLookup?: (report: LookupReport) => void
}

/** One of them. */
export interface OpenDirectory {
  /** DNS name of the domain; undefined for a global catalog, and where the configuration leaves it to the server. */
  readonly domain?: string | undefined
  /** What it is called: the domain, or the forest of a global catalog. */
  readonly serves: string
  /** Makes sure that it answers and lets us in; DirectoryError as findAccount. */
  check(signal?: AbortSignal): Promise<void>
}

/** All directories as one. */
export interface OpenDirectories extends AccountDirectory {
  /** All settings of an account that was found, read in its own domain; undefined where they may not be read. */
  settingsOf(account: DirectoryAccount, signal?: AbortSignal): Promise<AccountSettings | undefined>
  /** Domains and global catalogs, one by one. */
  readonly each: readonly OpenDirectory[]
  /** Makes sure that each answers and lets us in; DirectoryError as findAccount. */
  check(signal?: AbortSignal): Promise<void>
  close(): void
}

/** What was opened of the network. */
interface Opened {
  readonly all: (OpenDirectory & Pick<LdapSearch, 'close'>)[]
  readonly domains: { readonly domain: string | undefined; readonly directory: LdapDirectory }[]
}

function named(
  names: Pick<OpenDirectory, 'domain' | 'serves'>,
  opened: Pick<LdapSearch, 'check' | 'close'>,
): Opened['all'][number] {
  return {
    ...names,
    check: (signal) => opened.check(signal),
    close: () => {
      opened.close()
    },
  }
}

/**
 * Opens directories. Files are read now; the network is used when something is asked.
 *
 * @param configs - Domains and forests, every path absolute.
 * @param ports - What they work through.
 * @returns All of them, to be closed.
 * @throws ConnectorError ERR_CONNECTOR_FILE when a ca cannot be read.
 */
export async function openDirectories(
  configs: readonly AnyDirectoryConfig[],
  ports: OpenDirectoriesPorts,
): Promise<OpenDirectories> {
  const opened: Opened = { all: [], domains: [] }
  const parts: DirectoryPart[] = []
  for (const config of configs) {
    parts.push(
      'globalCatalog' in config
        ? await openForest(config, ports, opened)
        : await openDomain(config, ports, opened),
    )
  }
  const [only] = parts
  const all = parts.length === 1 && only ? only.directory : new SeveralDirectories(parts)
  return {
    findAccount: (key, signal) => all.findAccount(key, signal),
    settingsOf: async (account, signal) => {
      const [only, ...others] = opened.domains
      const own = opened.domains.find(({ domain }) => domain === account.realm.toLowerCase())
      const found = own ?? (others.length === 0 ? only : undefined)
      return found?.directory.settingsOf(account, signal)
    },
    each: opened.all,
    check: async (signal) => {
      await Promise.all(opened.all.map((each) => each.check(signal)))
    },
    close: () => {
      for (const each of opened.all) each.close()
    },
  }
}

/**
 * What the searches of a domain are told, with the CA that its section names.
 *
 * @param config - The section.
 * @returns Settings for its connections.
 * @throws ConnectorError ERR_CONNECTOR_FILE when the ca cannot be read.
 */
export async function readDomainSettings(
  config: DirectoryConfig,
): Promise<DomainSettings & { readonly ca?: string }> {
  const { ca } = config
  return {
    ...domainSettings(config),
    ...(ca !== undefined && { ca: await readAuthorities(ca, 'directory.ca') }),
  }
}

async function openDomain(
  config: DirectoryConfig,
  ports: OpenDirectoriesPorts,
  opened: Opened,
): Promise<DirectoryPart> {
  const { domain, upnSuffixes } = config
  const settings = {
    ...(await readDomainSettings(config)),
    ...(ports.onLookup && { onLookup: ports.onLookup }),
  }
  const directory = new LdapDirectory(settings, ldapPorts(config, ports))
  const { servers } = config
  opened.all.push(named({ domain, serves: domain ?? servers.join(', ') }, directory))
  opened.domains.push({ domain, directory })
  return { directory, domains: domain === undefined ? [] : [domain], upnSuffixes }
}

async function openForest(
  config: ForestConfig,
  ports: OpenDirectoriesPorts,
  opened: Opened,
): Promise<DirectoryPart> {
  const { upnSuffixes, ca, connectTimeoutMs, operationTimeoutMs } = config
  const serves = `the forest of ${config.domains.map(({ domain }) => domain).join(', ')}`
  const settings = {
    ...{ servers: catalogServers(config), connectTimeoutMs, operationTimeoutMs, serves },
    ...(ca !== undefined && { ca: await readAuthorities(ca, 'directory.ca') }),
  }
  const catalog = new LdapSearch(settings, ldapPorts(config, ports))
  opened.all.push(named({ serves }, catalog))
  const domains = new Map<string, AccountDirectory>()
  for (const each of config.domains) {
    domains.set(each.domain, (await openDomain(each, ports, opened)).directory)
  }
  const name = `global catalog ${config.globalCatalog.join(', ')}`
  const options = { name, ...(ports.onLookup && { onLookup: ports.onLookup }) }
  const directory = new ForestDirectory({ catalog, domains }, options)
  return { directory, domains: [...domains.keys()], upnSuffixes }
}

/**
 * How a directory is bound to: with the name and password of its section, else with our own tickets.
 *
 * @param config - The section.
 * @param ports - What it works through.
 * @returns Ports for its connections.
 */
export function ldapPorts(
  config: AnyDirectoryConfig,
  ports: Omit<OpenDirectoriesPorts, 'onLookup'>,
): LdapPorts {
  const { clock, logger, resolve: lookup } = ports
  const { bindDn, passwordFile } = config
  if (bindDn === undefined || passwordFile === undefined) {
    return { clock, logger, lookup, binder: ldapBinder(ports.client, ports) }
  }
  const readPassword = (): Promise<string> => readPasswordFile(passwordFile, { logger })
  return { clock, logger, lookup, binder: new SimpleBinder({ name: bindDn, readPassword }, clock) }
}
