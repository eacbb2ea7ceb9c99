/**
 * The schema of connector.yaml. Strict: an unknown field is a fault. Paths are relative to the file; the command line resolves them.
 *
 * @module
 */

import { z } from 'zod'
import {
  distinguishedName,
  dnsServer,
  hostAndPort,
  path,
  principal,
  realm,
  wholeNumber,
} from './config-fields.ts'

const DAY_MS = 86_400_000

const kerberosSchema = z.strictObject({
  realm,
  /** The connector's own account, without realm: `CONN1$`. */
  principal,
  keytab: path('the path of the keytab'),
  /** KDCs of the realm, tried in order. */
  kdcs: z
    .array(hostAndPort('a KDC'))
    .min(1, 'must list at least one KDC')
    .max(16, 'at most 16 KDCs'),
  /** Longest wait for one KDC. */
  timeoutMs: wholeNumber(100, 60_000).default(3000),
})

const directorySchema = z.strictObject({
  /** Domain controllers by the names in their certificates, tried in order. */
  servers: z
    .array(hostAndPort('a domain controller'))
    .min(1, 'must list at least one domain controller')
    .max(16, 'at most 16 domain controllers'),
  /** CA certificates (PEM) to trust, instead of the system’s. */
  ca: path('the path of CA certificates (PEM)').exactOptional(),
  /** Where accounts are looked for. Absent: the whole domain of the server. */
  baseDn: distinguishedName.exactOptional(),
  /** Longest wait for name, TCP, TLS and bind at one server. */
  connectTimeoutMs: wholeNumber(100, 60_000).default(5000),
  /** Longest wait for one search. */
  operationTimeoutMs: wholeNumber(100, 120_000).default(10_000),
})

const dnsSchema = z.strictObject({
  /** IP addresses of the name servers that know the inside. Absent: the host’s resolver. */
  servers: z.array(dnsServer).min(1, 'must list at least one name server').max(8, 'at most 8'),
  /** Longest wait for one answer. */
  timeoutMs: wholeNumber(100, 30_000).default(2000),
  /** Answers kept. */
  cachedNames: wholeNumber(1, 100_000).default(1000),
  /** Longest time that an answer is kept, whatever its time to live. */
  cacheSeconds: wholeNumber(0, 86_400).default(300),
})

const limitsSchema = z.strictObject({
  /** Shortest wait before dialling again. */
  reconnectFirstMs: wholeNumber(10, DAY_MS).default(500),
  /** Longest wait before dialling again. */
  reconnectMaxMs: wholeNumber(10, DAY_MS).default(30_000),
  /** A tunnel that lasted this long was a good one: the next wait is short again. */
  stableMs: wholeNumber(0, DAY_MS).default(10_000),
  /** Longest wait for one attempt to dial. */
  dialMs: wholeNumber(100, DAY_MS).default(15_000),
  /** Proofs of sign-in kept for each tunnel. */
  proofs: wholeNumber(16, 1_000_000).default(10_000),
  /** Octets of ID tokens kept for each tunnel. */
  proofOctets: wholeNumber(65_536, 1_073_741_824).default(67_108_864),
  /** How long requests in flight may take to end when the connector stops. */
  drainMs: wholeNumber(0, DAY_MS).default(30_000),
  /** How often Kerberos is checked, for the status that the gateway shows. */
  statusMs: wholeNumber(1000, DAY_MS).default(60_000),
})

const configSchema = z.strictObject({
  /** Key, certificate, CA and gateway address, as `sallyport connector register` wrote them. */
  stateDirectory: path('the path of the state directory'),
  /** The connector’s own policy: whose proofs, which backends. */
  policy: path('the path of policy.yaml'),
  /** Absent: apps without Kerberos only. */
  kerberos: kerberosSchema.exactOptional(),
  directory: directorySchema.exactOptional(),
  dns: dnsSchema.exactOptional(),
  limits: limitsSchema.prefault({}),
})

type Config = z.infer<typeof configSchema>

/** What connector.yaml says, defaults filled in. */
export type ConnectorConfig = Readonly<Config>
/** The connector’s own account and its KDCs. */
export type KerberosConfig = Readonly<z.infer<typeof kerberosSchema>>
/** Where accounts are looked up. */
export type DirectoryConfig = Readonly<z.infer<typeof directorySchema>>
/** Which name servers are asked. */
export type DnsConfig = Readonly<z.infer<typeof dnsSchema>>
/** Bounds of the connector. */
export type ConnectorLimits = Readonly<z.infer<typeof limitsSchema>>

function checkParts(config: Config, context: z.RefinementCtx): void {
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
