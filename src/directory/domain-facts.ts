/**
 * What a domain is made of: its controllers, sites, functional level, trusts, and which names stand for others.
 *
 * @module
 */

import { generalizedTimeMs } from './file-time.ts'
import { onlyOctets, onlyText, type DirectoryEntry, type DirectorySearch } from './search.ts'
import { readSpnMappings, type SpnAliases } from './service-principal-name.ts'
import { decodeSid, siblingSid } from './sid.ts'
import { TRUST_BINARY, TRUST_TEXT, trustOf, type Trust } from './trust.ts'

/** Most objects of one list that are read. */
const MAX_OBJECTS = 2000
const PAGE = 250

/** The server that answers, and the domain it is of (rootDSE, MS-ADTS 3.1.1.3.2). */
export interface DomainRoot {
  readonly namingContext: string
  readonly configuration: string
  /** The forest's first domain. */
  readonly rootDomain: string
  /** DNS name of the server. */
  readonly server?: string
  /** The site it is in. */
  readonly site?: string
  /** DS_BEHAVIOR of the domain: 3 is Windows Server 2008, 7 is 2016, 10 is 2025. */
  readonly domainLevel?: number
  /** Its clock, milliseconds since 1970. */
  readonly currentTimeMs?: number
  /** True: it answers for the whole forest at port 3269. */
  readonly globalCatalog: boolean
}

/** A domain controller. */
export interface DomainController {
  readonly name: string
  /** Its DNS name, where the directory has it. */
  readonly host?: string
  readonly readOnly: boolean
  readonly site?: string
  readonly globalCatalog: boolean
  /** `Windows Server 2022 Standard`, `Samba`. */
  readonly operatingSystem?: string
}

const ROOT_TEXT = [
  'defaultNamingContext',
  'configurationNamingContext',
  'rootDomainNamingContext',
  'dnsHostName',
  'serverName',
  'domainFunctionality',
  'currentTime',
  'isGlobalCatalogReady',
]

/**
 * Asks a server who it is.
 *
 * @param search - The server.
 * @param signal - Gives up waiting.
 * @returns What it says of itself.
 * @throws DirectoryError as a search does.
 */
export async function readDomainRoot(
  search: DirectorySearch,
  signal?: AbortSignal,
): Promise<DomainRoot> {
  const namingContext = await search.namingContext(signal)
  const [entry] = await search.search(
    {
      base: '',
      scope: 'base',
      filter: '(objectClass=*)',
      text: ROOT_TEXT,
      binary: [],
      sizeLimit: 1,
    },
    signal,
  )
  const text = (name: string): string | undefined => entry && onlyText(entry, name)
  const level = text('domainFunctionality')
  return {
    namingContext,
    configuration: text('configurationNamingContext') ?? `CN=Configuration,${namingContext}`,
    rootDomain: text('rootDomainNamingContext') ?? namingContext,
    globalCatalog: text('isGlobalCatalogReady') === 'TRUE',
    ...has('server', text('dnsHostName')),
    ...has('site', siteOf(text('serverName'))),
    ...has('domainLevel', level === undefined ? undefined : Number(level)),
    ...has('currentTimeMs', generalizedTimeMs(text('currentTime'))),
  }
}

/**
 * The domain's controllers, with their sites.
 *
 * @param search - The server.
 * @param root - From readDomainRoot.
 * @param signal - Gives up waiting.
 * @returns All of them, up to 2000.
 * @throws DirectoryError as a search does.
 */
export async function readDomainControllers(
  search: DirectorySearch,
  root: DomainRoot,
  signal?: AbortSignal,
): Promise<readonly DomainController[]> {
  const computers = await search.search(
    {
      base: root.namingContext,
      scope: 'sub',
      filter: '(&(objectClass=computer)(|(primaryGroupID=516)(primaryGroupID=521)))',
      text: ['sAMAccountName', 'dNSHostName', 'primaryGroupID', 'operatingSystem'],
      binary: [],
      sizeLimit: MAX_OBJECTS,
      pageSize: PAGE,
    },
    signal,
  )
  const servers = await search.search(
    {
      base: `CN=Sites,${root.configuration}`,
      scope: 'sub',
      filter: '(|(objectClass=server)(objectClass=nTDSDSA))',
      text: ['serverReference', 'options'],
      binary: [],
      sizeLimit: 2 * MAX_OBJECTS,
      pageSize: PAGE,
    },
    signal,
  )
  return computers.map((computer) => controllerOf(computer, servers))
}

/** Bit of `options` of an nTDSDSA object: it is a global catalog. MS-ADTS 6.1.1.2.2.1.2.1.1. */
const IS_GLOBAL_CATALOG = 1

function controllerOf(
  computer: DirectoryEntry,
  servers: readonly DirectoryEntry[],
): DomainController {
  const folded = computer.distinguishedName.toLowerCase()
  const server = servers.find((each) => onlyText(each, 'serverReference')?.toLowerCase() === folded)
  const settings = server && `CN=NTDS Settings,${server.distinguishedName}`.toLowerCase()
  const own = servers.find((each) => each.distinguishedName.toLowerCase() === settings)
  return {
    name: (onlyText(computer, 'sAMAccountName') ?? '').replace(/\$$/, ''),
    readOnly: onlyText(computer, 'primaryGroupID') === '521',
    globalCatalog: (Number((own && onlyText(own, 'options')) ?? 0) & IS_GLOBAL_CATALOG) !== 0,
    ...has('host', onlyText(computer, 'dNSHostName')),
    ...has('site', siteOf(server?.distinguishedName)),
    ...has('operatingSystem', onlyText(computer, 'operatingSystem')),
  }
}

/** `CN=DC1,CN=Servers,CN=Berlin,CN=Sites,…` is in Berlin. */
function siteOf(serverName: string | undefined): string | undefined {
  return /,CN=Servers,CN=((?:\\.|[^,\\])+),CN=Sites,/i.exec(serverName ?? '')?.[1]
}

/**
 * The domain's sites.
 *
 * @param search - The server.
 * @param root - From readDomainRoot.
 * @param signal - Gives up waiting.
 * @returns Their names, up to 2000.
 * @throws DirectoryError as a search does.
 */
export async function readSites(
  search: DirectorySearch,
  root: DomainRoot,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const entries = await search.search(
    {
      base: `CN=Sites,${root.configuration}`,
      scope: 'sub',
      filter: '(objectClass=site)',
      text: ['cn'],
      binary: [],
      sizeLimit: MAX_OBJECTS,
      pageSize: PAGE,
    },
    signal,
  )
  return entries.map((entry) => onlyText(entry, 'cn') ?? entry.distinguishedName)
}

/**
 * The domain's trusts.
 *
 * @param search - The server.
 * @param root - From readDomainRoot.
 * @param signal - Gives up waiting.
 * @returns Up to 2000.
 * @throws DirectoryError as a search does.
 */
export async function readTrusts(
  search: DirectorySearch,
  root: DomainRoot,
  signal?: AbortSignal,
): Promise<readonly Trust[]> {
  const entries = await search.search(
    {
      base: `CN=System,${root.namingContext}`,
      scope: 'sub',
      filter: '(objectClass=trustedDomain)',
      text: TRUST_TEXT,
      binary: TRUST_BINARY,
      sizeLimit: MAX_OBJECTS,
      pageSize: PAGE,
    },
    signal,
  )
  return entries.map(trustOf)
}

/**
 * Which service classes stand for others; `host` for `http` and others where the directory says nothing.
 *
 * @param search - The server.
 * @param root - From readDomainRoot.
 * @param signal - Gives up waiting.
 * @returns The class that stands for each.
 * @throws DirectoryError as a search does.
 */
export async function readSpnAliases(
  search: DirectorySearch,
  root: DomainRoot,
  signal?: AbortSignal,
): Promise<SpnAliases> {
  const entries = await search.search(
    {
      base: `CN=Directory Service,CN=Windows NT,CN=Services,${root.configuration}`,
      scope: 'base',
      filter: '(objectClass=*)',
      text: ['sPNMappings'],
      binary: [],
      sizeLimit: 1,
    },
    signal,
  )
  const values = entries[0]?.text.get('spnmappings') ?? []
  return readSpnMappings(values.length > 0 ? values : ['host=http,www,w3svc,cifs'])
}

/** Relative identifier of Read-only Domain Controllers, a group that came with Windows Server 2008, as AES keys did. */
const RID_READ_ONLY_CONTROLLERS = 521

/**
 * Since when new passwords get AES keys: the domain's first step to Windows Server 2008 made a group.
 *
 * @param search - The server.
 * @param accountSid - The SID of any account of the domain.
 * @param signal - Gives up waiting.
 * @returns Milliseconds since 1970; undefined where the group cannot be read.
 * @throws DirectoryError as a search does.
 */
export async function aesKeysSinceMs(
  search: DirectorySearch,
  accountSid: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const sid = siblingSid(accountSid, RID_READ_ONLY_CONTROLLERS)
  const entries = await search.search(
    {
      base: await search.namingContext(signal),
      scope: 'sub',
      filter: `(objectSid=${sid})`,
      text: ['whenCreated'],
      binary: ['objectSid'],
      sizeLimit: 1,
    },
    signal,
  )
  const [group] = entries
  const octets = group && onlyOctets(group, 'objectSid')
  if (group === undefined || octets === undefined || decodeSid(octets) !== sid) return undefined
  return generalizedTimeMs(onlyText(group, 'whenCreated'))
}

function has<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>)
}
