/**
 * The schema of connector.yaml. Strict: an unknown field is a fault. Paths are relative to the file; the command line resolves them.
 *
 * @module
 */

import { z } from 'zod'
import {
  distinguishedName,
  dnsServer,
  domainController,
  path,
  wholeNumber,
} from './config-fields.ts'
import { issuerKeysSchema, type IssuerKeysConfig } from './config-forward-proxy.ts'
import { kerberosSchema, type KerberosConfig } from './config-kerberos.ts'
import { ssoSchema } from './config-sso.ts'
import type { SsoLimits } from '../sso/index.ts'

/** Where accounts are looked up. */
export interface DirectoryConfig {
  /** Domain controllers by the names in their certificates, tried in order. */
  readonly servers: readonly string[]
  /** Path of CA certificates (PEM) to trust, instead of the system’s. */
  readonly ca?: string
  /** Where accounts are looked for. Absent: the whole domain of the server. */
  readonly baseDn?: string
  /** Longest wait for name, TCP, TLS and bind at one server. */
  readonly connectTimeoutMs: number
  /** Longest wait for one search. */
  readonly operationTimeoutMs: number
}

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
}

/** What connector.yaml says, defaults filled in. */
export interface ConnectorConfig {
  /** Path. Key, certificate, CA and gateway address, as `sallyport connector register` wrote them. */
  readonly stateDirectory: string
  /** Path of policy.yaml, the connector’s own policy: whose proofs, which backends. */
  readonly policy: string
  /** Absent: apps without Kerberos only. */
  readonly kerberos?: KerberosConfig
  readonly directory?: DirectoryConfig
  /** Absent: the host’s resolver. */
  readonly dns?: DnsConfig
  /** How the issuers' keys are fetched. */
  readonly issuerKeys: IssuerKeysConfig
  readonly limits: ConnectorLimits
  /** Bounds of single sign-on that differ from their defaults. */
  readonly sso: Partial<SsoLimits>
}

const DAY_MS = 86_400_000

const directorySchema = z.strictObject({
  servers: z
    .array(domainController)
    .min(1, 'must list at least one domain controller')
    .max(16, 'at most 16 domain controllers'),
  ca: path('the path of CA certificates (PEM)').exactOptional(),
  baseDn: distinguishedName.exactOptional(),
  connectTimeoutMs: wholeNumber(100, 60_000).default(5000),
  operationTimeoutMs: wholeNumber(100, 120_000).default(10_000),
})

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
})

const configSchema = z.strictObject({
  stateDirectory: path('the path of the state directory'),
  policy: path('the path of policy.yaml'),
  kerberos: kerberosSchema.exactOptional(),
  directory: directorySchema.exactOptional(),
  dns: dnsSchema.exactOptional(),
  issuerKeys: issuerKeysSchema.prefault({}),
  limits: limitsSchema.prefault({}),
  sso: ssoSchema.default({}),
})

function checkParts(config: ConnectorConfig, context: z.RefinementCtx): void {
  const fault = (path: string, message: string) => {
    context.addIssue({ code: 'custom', path: [path], message })
  }
  if (config.kerberos && !config.directory) {
    fault(
      'directory',
      'missing; a connector with a kerberos section looks accounts up in the directory',
    )
  }
  if (config.directory && !config.kerberos) {
    fault('kerberos', 'missing; the directory is asked with the connector’s own Kerberos account')
  }
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
export const connectorConfigSchema: z.ZodType<ConnectorConfig> =
  configSchema.superRefine(checkParts)

/**
 * Defaults of every bound, for callers without a file.
 *
 * @param limits - What differs.
 * @returns Every bound.
 */
export function resolveConnectorLimits(limits: Partial<ConnectorLimits> = {}): ConnectorLimits {
  return limitsSchema.parse(limits)
}
