/**
 * The schema of connector.yaml. Strict: an unknown field is a fault. Paths are relative to the file; the command line resolves them.
 *
 * @module
 */

import { z } from 'zod'
import {
  directorySection,
  domainsOf,
  ownDirectory,
  type AnyDirectoryConfig,
  type DirectoryConfig,
} from './config-directory.ts'
import { issuerKeysSchema, type IssuerKeysConfig } from './config-forward-proxy.ts'
import { dnsServer, path, wholeNumber } from './config-fields.ts'
import { kerberosSchema, type KerberosConfig } from './config-kerberos.ts'
import { ssoSchema } from './config-sso.ts'
import type { SsoLimits } from '../sso/index.ts'

/** Which name servers are asked about the inside. */
export interface DnsConfig {
  /** Their IP addresses, with or without a port. */
  readonly servers: readonly string[]
  /** Longest wait for one answer. */
  readonly timeoutMs: number
  /** Answers kept. */
  readonly cachedNames: number
  /** Longest time that an answer is kept, whatever its time to live. */
  readonly cacheSeconds: number
}

/** Bounds of the connector. */
export interface ConnectorLimits {
  /** Longest wait before dialling for the second time. */
  readonly reconnectFirstMs: number
  /** Longest wait before dialling again. */
  readonly reconnectMaxMs: number
  /** A tunnel that lasted this long was a good one: the next wait is short again. */
  readonly stableMs: number
  /** Longest wait for one attempt to dial. */
  readonly dialMs: number
  /** Proofs of sign-in kept for each tunnel. */
  readonly proofs: number
  /** Octets of ID tokens kept for each tunnel. */
  readonly proofOctets: number
  /** How long requests in flight may take to end when the connector stops. */
  readonly drainMs: number
  /** How often Kerberos is checked, for the status that the gateway shows. */
  readonly statusMs: number
  /** How often the line `statistics` is written, and once more at the end; 0: never. */
  readonly statisticsMs: number
}

/** What connector.yaml says, defaults filled in. */
export interface ConnectorConfig {
  /** Path. Key, certificate, CA and gateway address, as `sallyport connector register` wrote them. */
  readonly stateDirectory: string
  /** Path of policy.yaml, the connector’s own policy: whose proofs, which backends. */
  readonly policy: string
  /** Absent: apps without Kerberos only. */
  readonly kerberos?: KerberosConfig
  /** The connector's own domain, among `directories`. */
  readonly directory?: DirectoryConfig
  /** Everywhere that accounts are looked up. */
  readonly directories: readonly AnyDirectoryConfig[]
  /** Absent: the host’s resolver. */
  readonly dns?: DnsConfig
  /** How the issuers' keys are fetched. */
  readonly issuerKeys: IssuerKeysConfig
  readonly limits: ConnectorLimits
  /** Bounds of single sign-on that differ from their defaults. */
  readonly sso: Partial<SsoLimits>
}

const DAY_MS = 86_400_000

const dnsSchema = z.strictObject({
  servers: z.array(dnsServer).min(1, 'must list at least one name server').max(8, 'at most 8'),
  timeoutMs: wholeNumber(100, 30_000).default(2000),
  cachedNames: wholeNumber(1, 100_000).default(1000),
  cacheSeconds: wholeNumber(0, 86_400).default(300),
})

const limitsSchema = z.strictObject({
  reconnectFirstMs: wholeNumber(10, DAY_MS).default(500),
  reconnectMaxMs: wholeNumber(10, DAY_MS).default(30_000),
  stableMs: wholeNumber(0, DAY_MS).default(10_000),
  dialMs: wholeNumber(100, DAY_MS).default(15_000),
  proofs: wholeNumber(16, 1_000_000).default(10_000),
  proofOctets: wholeNumber(65_536, 1_073_741_824).default(67_108_864),
  drainMs: wholeNumber(0, DAY_MS).default(30_000),
  statusMs: wholeNumber(1000, DAY_MS).default(60_000),
  statisticsMs: wholeNumber(0, DAY_MS)
    .refine((ms) => ms === 0 || ms >= 1000, 'expected 0 (never), or at least 1000')
    .default(300_000),
})

const configSchema = z.strictObject({
  stateDirectory: path('the path of the state directory'),
  policy: path('the path of policy.yaml'),
  kerberos: kerberosSchema.exactOptional(),
  directory: directorySection.exactOptional(),
  directories: z
    .array(directorySection)
    .min(1, 'must list at least one directory')
    .max(16, 'at most 16 directories')
    .exactOptional(),
  dns: dnsSchema.exactOptional(),
  issuerKeys: issuerKeysSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  sso: ssoSchema.default({}),
})

type Sections = z.output<typeof configSchema>
type Fault = (path: string, message: string) => void

function checkDirectories({ kerberos, directory, directories }: Sections, fault: Fault): void {
  if (directory && directories) fault('directories', 'give either directory or directories')
  const all = directories ?? (directory ? [directory] : [])
  if (kerberos && all.length === 0) {
    fault(
      'directory',
      'missing; a connector with a kerberos section looks accounts up in the directory',
    )
  }
  if (all.length > 0 && !kerberos) {
    fault('kerberos', 'missing; the directory is asked with the connector’s own Kerberos account')
  }
  checkDomains(all, fault)
  if (kerberos && all.length > 0 && !ownDirectory(all, kerberos.realm)) {
    fault('directories', `must list the connector’s own domain, ${kerberos.realm.toLowerCase()}`)
  }
}

function checkDomains(all: readonly AnyDirectoryConfig[], fault: Fault): void {
  const domains = domainsOf(all).map(({ domain }) => domain)
  if (domains.length > 1 && domains.includes(undefined)) {
    fault('directories', 'where there are several, each says its domain')
  }
  const twice = domains.find((domain, index) => domains.indexOf(domain) !== index)
  if (twice !== undefined) fault('directories', `${twice} is listed twice`)
}

function checkParts(config: Sections, context: z.RefinementCtx): void {
  const fault: Fault = (path, message) => {
    context.addIssue({ code: 'custom', path: [path], message })
  }
  checkDirectories(config, fault)
  if (config.issuerKeys.forwardProxy?.engine === 'kerberos' && !config.kerberos) {
    fault(
      'issuerKeys',
      'engine: kerberos needs a kerberos section: the account whose tickets the proxy is shown',
    )
  }
  const { reconnectFirstMs, reconnectMaxMs } = config.limits
  if (reconnectMaxMs < reconnectFirstMs) {
    fault('limits', 'reconnectMaxMs must not be below reconnectFirstMs')
  }
}

/** The schema of connector.yaml. */
export const connectorConfigSchema: z.ZodType<ConnectorConfig> = configSchema
  .superRefine(checkParts)
  .transform(({ directory, directories, ...config }): ConnectorConfig => {
    const all = directories ?? (directory ? [directory] : [])
    const own = ownDirectory(all, config.kerberos?.realm)
    return { ...config, directories: all, ...(own && { directory: own }) }
  })

/**
 * Defaults of every bound, for callers without a file.
 *
 * @param limits - What differs.
 * @returns Every bound.
 */
export function resolveConnectorLimits(limits: Partial<ConnectorLimits> = {}): ConnectorLimits {
  return limitsSchema.parse(limits)
}
