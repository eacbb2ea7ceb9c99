/**
 * The directory and directories sections of connector.yaml: where accounts are looked up. A directory is one domain, or a forest
 * behind its global catalog.
 *
 * @module
 */

import { z } from 'zod'
import { domainOf } from '../directory/index.ts'
import { distinguishedName, domainController, path, wholeNumber } from './config-fields.ts'

/** How servers let us in, and how long they may take. */
interface AccessConfig {
  /** Path of CA certificates (PEM) to trust, instead of the system’s. */
  readonly ca?: string
  /** `kerberos`: with the connector's own account. `simple`: with bindDn and the password in passwordFile. */
  readonly bind: 'kerberos' | 'simple'
  readonly bindDn?: string
  /** Path; read with each connection. */
  readonly passwordFile?: string
  /** Longest wait for name, TCP, TLS and bind at one server. */
  readonly connectTimeoutMs: number
  /** Longest wait for one search. */
  readonly operationTimeoutMs: number
}

/** One domain. */
export interface DirectoryConfig extends AccessConfig {
  /** Domain controllers by the names in their certificates, tried in order. */
  readonly servers: readonly string[]
  /** DNS name of the domain, in small letters. Absent: the server's own. */
  readonly domain?: string
  /** Where accounts are looked for. Absent: the whole domain. */
  readonly baseDn?: string
  /** Suffixes of user principal names that are looked for here alone, besides the domain itself. */
  readonly upnSuffixes: readonly string[]
}

/** A forest. */
export interface ForestConfig extends AccessConfig {
  /** Servers of the global catalog, port 3269 unless named. */
  readonly globalCatalog: readonly string[]
  /** Domains whose accounts may be used. */
  readonly domains: readonly (DirectoryConfig & { readonly domain: string })[]
  readonly upnSuffixes: readonly string[]
}

/** A domain or a forest. */
export type AnyDirectoryConfig = DirectoryConfig | ForestConfig

const servers = z
  .array(domainController)
  .min(1, 'must list at least one domain controller')
  .max(16, 'at most 16 domain controllers')

const dnsName = z
  .string('expected the DNS name of the domain, e.g. corp.example')
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?$/,
    'expected the DNS name of the domain, e.g. corp.example',
  )
  .transform((name) => name.toLowerCase())

const access = {
  ca: path('the path of CA certificates (PEM)').exactOptional(),
  bind: z.enum(['kerberos', 'simple'], 'expected kerberos or simple').exactOptional(),
  bindDn: z.string('expected the name that binds').min(1).max(1024).exactOptional(),
  passwordFile: path('the path of the file with the password').exactOptional(),
  connectTimeoutMs: wholeNumber(100, 60_000).exactOptional(),
  operationTimeoutMs: wholeNumber(100, 120_000).exactOptional(),
}

const place = {
  domain: dnsName.exactOptional(),
  baseDn: distinguishedName.exactOptional(),
  upnSuffixes: z.array(dnsName).max(256, 'at most 256 suffixes').default([]),
}

const domainSection = z.strictObject({ servers, ...access, ...place })
const section = z.strictObject({
  servers: servers.exactOptional(),
  globalCatalog: servers.exactOptional(),
  domains: z.array(domainSection).min(1, 'must list at least one domain').exactOptional(),
  ...access,
  ...place,
})

type Section = z.output<typeof section>
type DomainSection = z.output<typeof domainSection>
type Fault = (path: readonly (string | number)[], message: string) => void
type Access = Pick<Section, keyof typeof access>

const DEFAULTS = { bind: 'kerberos', connectTimeoutMs: 5000, operationTimeoutMs: 10_000 } as const

function checkAccess(row: Access, fault: Fault): void {
  const { bind = 'kerberos', bindDn, passwordFile } = row
  if (bind === 'kerberos') {
    if (bindDn !== undefined) fault(['bindDn'], 'goes with bind: simple')
    if (passwordFile !== undefined) fault(['passwordFile'], 'goes with bind: simple')
    return
  }
  if (bindDn === undefined)
    fault(['bindDn'], 'missing; bind: simple needs it, nobody binds anonymously')
  if (passwordFile === undefined) fault(['passwordFile'], 'missing; bind: simple needs it')
}

function domainOfSection({
  domain,
  baseDn,
}: Pick<Section, 'domain' | 'baseDn'>): string | undefined {
  return domain ?? (baseDn === undefined ? undefined : domainOf(baseDn))
}

function checkDomain(row: Section | DomainSection, fault: Fault): void {
  checkAccess(row, fault)
  const { domain, baseDn } = row
  if (domain === undefined || baseDn === undefined || domainOf(baseDn) === domain) return
  fault(['baseDn'], `is not in ${domain}`)
}

function checkForest(row: Section, fault: Fault): void {
  checkAccess(row, fault)
  for (const field of ['servers', 'domain', 'baseDn'] as const) {
    if (row[field] !== undefined) fault([field], 'goes into domains where there is a globalCatalog')
  }
  if (row.domains === undefined) {
    fault(['domains'], 'missing; list the domains of the forest whose accounts may be used')
  }
  row.domains?.forEach((domain, index) => {
    const inside: Fault = (where, message) => {
      fault(['domains', index, ...where], message)
    }
    checkDomain({ ...inherited(row, domain), ...domain }, inside)
    if (domainOfSection(domain) === undefined) inside(['domain'], 'missing; one of several domains')
    if (domain.upnSuffixes.length > 0) inside(['upnSuffixes'], 'belongs to the forest')
  })
}

/** What the domains of a forest take over where they say nothing themselves. A bind is taken over whole. */
function inherited(row: Section, domain: Partial<DomainSection> = {}): Access {
  const { ca, bind, bindDn, passwordFile, connectTimeoutMs, operationTimeoutMs } = row
  return {
    ...(ca !== undefined && { ca }),
    ...(bind !== undefined && domain.bind === undefined && { bind }),
    ...(bindDn !== undefined && domain.bind === undefined && { bindDn }),
    ...(passwordFile !== undefined && domain.bind === undefined && { passwordFile }),
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    ...(operationTimeoutMs !== undefined && { operationTimeoutMs }),
  }
}

function domainConfig(row: DomainSection): DirectoryConfig {
  const domain = domainOfSection(row)
  return { ...DEFAULTS, ...row, ...(domain !== undefined && { domain }) }
}

function toConfig(row: Section): AnyDirectoryConfig {
  const { globalCatalog, domains = [], servers: own = [], ...rest } = row
  if (globalCatalog === undefined) return domainConfig({ ...rest, servers: own })
  const { upnSuffixes } = row
  return {
    ...DEFAULTS,
    ...inherited(row),
    globalCatalog,
    upnSuffixes,
    domains: domains.map((each) => {
      const config = domainConfig({ ...inherited(row, each), ...each })
      return { ...config, domain: config.domain ?? '' }
    }),
  }
}

/** A domain or a forest, checked. */
export const directorySection: z.ZodType<AnyDirectoryConfig> = section
  .superRefine((row, context) => {
    const fault: Fault = (where, message) => {
      // What is checked later needs a whole section: `continue: false` keeps it from being checked.
      context.addIssue({ code: 'custom', path: [...where], message, continue: false })
    }
    if (row.globalCatalog !== undefined) {
      checkForest(row, fault)
      return
    }
    if (row.domains !== undefined) fault(['domains'], 'goes with globalCatalog')
    if (row.servers === undefined) fault(['servers'], 'missing; name the domain controllers')
    checkDomain(row, fault)
  })
  .transform(toConfig)

/**
 * The domains of directories.
 *
 * @param directories - Domains and forests.
 * @returns Every domain.
 */
export function domainsOf(directories: readonly AnyDirectoryConfig[]): readonly DirectoryConfig[] {
  return directories.flatMap<DirectoryConfig>((each) =>
    'globalCatalog' in each ? each.domains : [each],
  )
}

/**
 * The connector's own domain.
 *
 * @param directories - Domains and forests.
 * @param realm - The connector's realm.
 * @returns The domain with the realm's name, or the only one; undefined when neither is there.
 */
export function ownDirectory(
  directories: readonly AnyDirectoryConfig[],
  realm: string | undefined,
): DirectoryConfig | undefined {
  const domains = domainsOf(directories)
  const own = domains.find(({ domain }) => domain === realm?.toLowerCase())
  return own ?? (domains.length === 1 ? domains[0] : undefined)
}

/** What a directory's search and finder are told of a domain. */
export type DomainSettings = Pick<
  DirectoryConfig,
  'servers' | 'domain' | 'baseDn' | 'connectTimeoutMs' | 'operationTimeoutMs'
> & { readonly name: string; readonly serves?: string }

/**
 * The part of a domain's section that its search takes as it is.
 *
 * @param config - The section.
 * @returns Servers, place, limits, and what reports call it.
 */
export function domainSettings(config: DirectoryConfig): DomainSettings {
  const { servers: names, domain, baseDn, connectTimeoutMs, operationTimeoutMs } = config
  return {
    servers: names,
    ...(domain !== undefined && { domain, serves: domain }),
    ...(baseDn !== undefined && { baseDn }),
    ...{ connectTimeoutMs, operationTimeoutMs },
    name: names.join(', '),
  }
}

/**
 * The servers of a forest's global catalog.
 *
 * @param config - The forest.
 * @returns Each with a port, 3269 unless named.
 */
export function catalogServers({ globalCatalog }: ForestConfig): readonly string[] {
  return globalCatalog.map((server) => (/:\d+$/.test(server) ? server : `${server}:3269`))
}
