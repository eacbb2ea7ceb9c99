/**
 * The schema of gateway.yaml. Strict: an unknown field is a fault. Paths are relative to the file; the command line
 * resolves and reads them.
 *
 * @module
 */

import { z } from 'zod'
import type { LogoutLimits } from './backchannel-logout.ts'
import type { AppConfig } from './app-config.ts'
import { appsSchema } from './config-apps.ts'
import { issuerUrl, listenAddress, listenPort, text, wholeNumber } from './config-fields.ts'
import { tellingFault } from './told-apps.ts'

const DAY_MS = 86_400_000

/** Limits of the browser listener. Times in milliseconds. */
export interface BrowserLimits {
  /** Largest request head, octets; where browsers sign in with Kerberos their tokens have room besides. */
  readonly headerOctets: number
  /** Most header fields in a request. */
  readonly headerFields: number
  /** Longest request target, octets. */
  readonly targetOctets: number
  /** Most browser connections at once. */
  readonly connections: number
  /** Most requests on one connection, 0 for any number. */
  readonly requestsPerConnection: number
  /** Time for the TLS handshake. */
  readonly handshakeMs: number
  /** Time for a whole request head. */
  readonly headersMs: number
  /** Time for a whole request with its body. */
  readonly requestMs: number
  /** How long a connection without a request is kept. */
  readonly keepAliveMs: number
  /** How long a browser may neither send what it announced nor take what it asked for. */
  readonly stalledMs: number
  /** Most Kerberos tokens of browsers that are remembered at a time, each for a quarter of an hour. */
  readonly kerberosTokens: number
  /** Octets of a request body kept for a second attempt when the first was refused before it began. */
  readonly replayOctets: number
  /** How long requests in flight may take to end when the gateway stops. */
  readonly drainMs: number
}

/** The OpenID provider. */
export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  /** Path. Absent: a public client. */
  readonly clientSecretFile?: string
  /** Path of CA certificates (PEM) to trust for the provider, instead of the system's. */
  readonly ca?: string
  readonly scopes: readonly string[]
  /** The claim that is the user's login. */
  readonly loginClaim: string
  /** The claim that lists the user's groups. */
  readonly groupsClaim: string
  /** Longest time since the user typed a password at the provider. */
  readonly maxAgeSeconds: number
  /** Further parameters of the authorization request, e.g. `prompt: consent` or `domain_hint`. */
  readonly parameters: Readonly<Record<string, string>>
  /** Time for one request to the provider. */
  readonly timeoutMs: number
  /** Back-channel logout. */
  readonly logoutTokens: LogoutLimits
  /** Where the provider sends the browser after sign-out; must be registered there. Absent: the provider's own page. */
  readonly postLogoutRedirectUri?: string
}

/** How long sessions live. */
export interface SessionConfig {
  readonly idleMinutes: number
  readonly absoluteHours: number
  /** Opened sessions kept in memory; the others are decrypted again when they are used. */
  readonly cachedSessions: number
}

/** What gateway.yaml says, defaults filled in. */
export interface GatewayConfig {
  readonly stateDirectory: string
  readonly browser: {
    readonly address: string
    readonly port: number
    /** Path of the certificate chain (PEM). */
    readonly certificate: string
    /** Path of the private key (PEM). */
    readonly key: string
    readonly limits: BrowserLimits
  }
  readonly tunnel: {
    readonly address: string
    readonly port: number
    /** The host name that connectors check. */
    readonly name: string
    /** `host:port` where connectors reach the tunnel listener. */
    readonly publicAddress: string
  }
  /** Absent only when every app is passthrough. */
  readonly oidc?: OidcConfig
  readonly session: SessionConfig
  readonly apps: readonly AppConfig[]
}

const limitsSchema: z.ZodType<BrowserLimits> = z.strictObject({
  headerOctets: wholeNumber(1024, 1_048_576).default(32_768),
  headerFields: wholeNumber(8, 256).default(100),
  targetOctets: wholeNumber(256, 65_536).default(16_384),
  connections: wholeNumber(1, 1_000_000).default(10_000),
  requestsPerConnection: wholeNumber(0, 1_000_000).default(0),
  handshakeMs: wholeNumber(100, DAY_MS).default(10_000),
  headersMs: wholeNumber(100, DAY_MS).default(20_000),
  requestMs: wholeNumber(1000, DAY_MS).default(3_600_000),
  keepAliveMs: wholeNumber(0, DAY_MS).default(60_000),
  stalledMs: wholeNumber(1000, DAY_MS).default(120_000),
  kerberosTokens: wholeNumber(100, 10_000_000).default(250_000),
  replayOctets: wholeNumber(0, 1_048_576).default(65_536),
  drainMs: wholeNumber(0, DAY_MS).default(10_000),
})

const browserSchema: z.ZodType<GatewayConfig['browser']> = z.strictObject({
  address: listenAddress.default('0.0.0.0'),
  port: listenPort.default(443),
  certificate: text('the path of the certificate chain (PEM)'),
  key: text('the path of the private key (PEM)'),
  limits: limitsSchema.prefault({}),
})

const tunnelSchema: z.ZodType<GatewayConfig['tunnel']> = z.strictObject({
  address: listenAddress.default('0.0.0.0'),
  port: listenPort.default(8444),
  name: text('the host name that connectors check'),
  publicAddress: text('host:port').regex(/^\S+:\d{1,5}$/, 'expected host:port'),
})

const logoutTokensSchema: z.ZodType<LogoutLimits> = z.strictObject({
  maxAgeSeconds: wholeNumber(10, 3600).default(120),
  failuresPerMinute: wholeNumber(1, 10_000).default(20),
  remembered: wholeNumber(100, 1_000_000).default(10_000),
})

const oidcSchema: z.ZodType<OidcConfig> = z.strictObject({
  issuer: issuerUrl,
  clientId: text('the client id'),
  clientSecretFile: text('the path of the client secret').exactOptional(),
  ca: text('the path of CA certificates (PEM)').exactOptional(),
  scopes: z
    .array(text('a scope'))
    .default(['openid', 'profile', 'offline_access'])
    .refine((scopes) => scopes.includes('openid'), 'must hold openid'),
  loginClaim: text('a claim name').default('upn'),
  groupsClaim: text('a claim name').default('groups'),
  maxAgeSeconds: wholeNumber(60, 2_592_000).default(36_000),
  parameters: z.record(z.string(), text('a parameter')).default({}),
  timeoutMs: wholeNumber(100, 120_000).default(10_000),
  logoutTokens: logoutTokensSchema.prefault({}),
  postLogoutRedirectUri: text('a URL').exactOptional(),
})

const sessionSchema: z.ZodType<SessionConfig> = z.strictObject({
  idleMinutes: wholeNumber(1, 10_080).default(30),
  absoluteHours: wholeNumber(1, 720).default(10),
  cachedSessions: wholeNumber(16, 1_000_000).default(10_000),
})

const configSchema: z.ZodType<GatewayConfig> = z.strictObject({
  stateDirectory: text('the path of the state directory'),
  browser: browserSchema,
  tunnel: tunnelSchema,
  oidc: oidcSchema.exactOptional(),
  session: sessionSchema.prefault({}),
  apps: appsSchema,
})

function checkOidc(config: GatewayConfig, context: z.RefinementCtx): void {
  const needy = config.apps.findIndex((app) => app.preAuthentication === 'oidc')
  if (needy < 0 || config.oidc) return
  context.addIssue({
    code: 'custom',
    path: ['oidc'],
    message: `missing; app '${config.apps[needy]?.id ?? ''}' signs its users in by OpenID Connect`,
  })
}

function checkTelling({ apps, oidc }: GatewayConfig, context: z.RefinementCtx): void {
  const signIn = oidc && { issuer: oidc.issuer, clientId: oidc.clientId }
  const message = tellingFault(apps, signIn)
  if (message !== undefined) context.addIssue({ code: 'custom', path: ['apps'], message })
}

/** The schema of gateway.yaml. */
export const gatewayConfigSchema: z.ZodType<GatewayConfig> = configSchema
  .superRefine(checkOidc)
  .superRefine(checkTelling)
