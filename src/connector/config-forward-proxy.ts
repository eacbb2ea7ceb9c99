/**
 * Forward proxies in connector.yaml: on the way to KDC proxies, and to the issuers' keys.
 *
 * @module
 */

import { z } from 'zod'
import { path, wholeNumber } from './config-fields.ts'

/** A forward proxy. */
export interface ForwardProxyConfig {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string
  /** With `passwordFile`: Basic credentials. */
  readonly user?: string
  /** Path of the file that holds the password. */
  readonly passwordFile?: string
  /** Negotiate with tokens of the host's GSS-API library (package `kerberos`) and its default credentials. */
  readonly engine?: 'gssapi'
}

/** A forward proxy that may also be shown tickets of the connector's own account, since no KDC is behind it. */
export interface IssuerProxyConfig extends Omit<ForwardProxyConfig, 'engine'> {
  /** Negotiate: `kerberos` with the connector's own account, `gssapi` with the host's library. */
  readonly engine?: 'gssapi' | 'kerberos'
}

/** How the key sets of issuers are fetched (`jwksUrl` in the policy). */
export interface IssuerKeysConfig {
  /** Absent: the one that HTTPS_PROXY names in the environment, if any. */
  readonly forwardProxy?: IssuerProxyConfig
  /** Longest wait for a key set. */
  readonly timeoutMs: number
  /** Least wait before an unknown key id leads to another fetch. */
  readonly cooldownMs: number
  /** Longest use of a key set; keys that the provider has dropped are refused from then on. */
  readonly keepMs: number
  /** Least wait before keys that could not be had are asked for again. */
  readonly retryMs: number
  /** Longest key set. */
  readonly maxOctets: number
}

const urlSchema = z
  .string('expected the URL of a forward proxy')
  .regex(/^https?:\/\/[^/@\s]+\/?$/, 'expected http://host:port, without user or password')

const fields = {
  url: urlSchema,
  user: z.string().min(1).max(256).exactOptional(),
  passwordFile: path('the path of the file with the password').exactOptional(),
}

function checkWays(
  proxy: Pick<IssuerProxyConfig, 'user' | 'passwordFile' | 'engine'>,
  context: z.RefinementCtx,
): void {
  const { user, passwordFile, engine } = proxy
  const fault = (message: string): void => {
    context.addIssue({ code: 'custom', path: [], message })
  }
  if ((user === undefined) !== (passwordFile === undefined)) {
    fault('user and passwordFile belong together')
  }
  if (user !== undefined && engine !== undefined) fault('either user and passwordFile, or engine')
}

/** A forward proxy on the way to KDC proxies. */
export const forwardProxySchema: z.ZodType<ForwardProxyConfig> = z
  .strictObject({
    ...fields,
    engine: z.literal('gssapi', "expected 'gssapi'").exactOptional(),
  })
  .superRefine(checkWays)

const issuerProxySchema: z.ZodType<IssuerProxyConfig> = z
  .strictObject({
    ...fields,
    engine: z.enum(['gssapi', 'kerberos'], 'expected gssapi or kerberos').exactOptional(),
  })
  .superRefine(checkWays)

const HOUR_MS = 3_600_000

/** The section `issuerKeys`. */
export const issuerKeysSchema: z.ZodType<IssuerKeysConfig> = z.strictObject({
  forwardProxy: issuerProxySchema.exactOptional(),
  timeoutMs: wholeNumber(100, 60_000).default(5000),
  cooldownMs: wholeNumber(1000, HOUR_MS).default(30_000),
  keepMs: wholeNumber(1000, 24 * HOUR_MS).default(600_000),
  retryMs: wholeNumber(0, HOUR_MS).default(2000),
  maxOctets: wholeNumber(1024, 16_777_216).default(1_048_576),
})
