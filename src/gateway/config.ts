/**
 * The schema of gateway.yaml. Strict: an unknown field is a fault. Paths are relative to the file; the command line
 * resolves and reads them.
 *
 * @module
 */

import { z } from 'zod'
import { appsSchema } from './config-apps.ts'
import { issuerUrl, listenAddress, listenPort, text, wholeNumber } from './config-fields.ts'

const DAY_MS = 86_400_000

const limitsSchema = z.strictObject({
  /** Largest request head, octets. Kerberos sites with many cookies need room. */
  headerOctets: wholeNumber(1024, 1_048_576).default(32_768),
  /** Most header fields in a request. */
  headerFields: wholeNumber(8, 256).default(100),
  /** Longest request target, octets. */
  targetOctets: wholeNumber(256, 65_536).default(16_384),
  /** Most browser connections at once. */
  connections: wholeNumber(1, 1_000_000).default(10_000),
  /** Most requests on one connection, 0 for any number. */
  requestsPerConnection: wholeNumber(0, 1_000_000).default(0),
  /** Time for the TLS handshake. */
  handshakeMs: wholeNumber(100, DAY_MS).default(10_000),
  /** Time for a whole request head. */
  headersMs: wholeNumber(100, DAY_MS).default(20_000),
  /** Time for a whole request with its body. */
  requestMs: wholeNumber(1000, DAY_MS).default(3_600_000),
  /** How long a connection without a request is kept. */
  keepAliveMs: wholeNumber(0, DAY_MS).default(60_000),
  /** How long a browser may neither send what it announced nor take what it asked for. */
  stalledMs: wholeNumber(1000, DAY_MS).default(120_000),
  /** Octets of a request body kept for a second attempt when the first was refused before it began. */
  replayOctets: wholeNumber(0, 1_048_576).default(65_536),
  /** How long requests in flight may take to end when the gateway stops. */
  drainMs: wholeNumber(0, DAY_MS).default(10_000),
})

const browserSchema = z.strictObject({
  address: listenAddress.default('0.0.0.0'),
  port: listenPort.default(443),
  certificate: text('the path of the certificate chain (PEM)'),
  key: text('the path of the private key (PEM)'),
  limits: limitsSchema.prefault({}),
})

const tunnelSchema = z.strictObject({
  address: listenAddress.default('0.0.0.0'),
  port: listenPort.default(8444),
  name: text('the host name that connectors check'),
  publicAddress: text('host:port').regex(/^\S+:\d{1,5}$/, 'expected host:port'),
})

const oidcSchema = z.strictObject({
  issuer: issuerUrl,
  clientId: text('the client id'),
  clientSecretFile: text('the path of the client secret').exactOptional(),
  /** CA certificates (PEM) to trust for the provider, instead of the system's. */
  ca: text('the path of CA certificates (PEM)').exactOptional(),
  scopes: z
    .array(text('a scope'))
    .default(['openid', 'profile', 'offline_access'])
    .refine((scopes) => scopes.includes('openid'), 'must hold openid'),
  /** The claim that is the user's login. */
  loginClaim: text('a claim name').default('upn'),
  /** The claim that lists the user's groups. */
  groupsClaim: text('a claim name').default('groups'),
  /** Longest time since the user typed a password at the provider. */
  maxAgeSeconds: wholeNumber(60, 2_592_000).default(36_000),
  /** Further parameters of the authorization request, e.g. `prompt: consent` or `domain_hint`. */
  parameters: z.record(z.string(), text('a parameter')).default({}),
  /** Time for one request to the provider. */
  timeoutMs: wholeNumber(100, 120_000).default(10_000),
  /** Where the provider sends the browser after sign-out; must be registered there. Absent: the provider's own page. */
  postLogoutRedirectUri: text('a URL').exactOptional(),
})

const sessionSchema = z.strictObject({
  idleMinutes: wholeNumber(1, 10_080).default(30),
  absoluteHours: wholeNumber(1, 720).default(10),
  /** Opened sessions kept in memory; the others are decrypted again when they are used. */
  cachedSessions: wholeNumber(16, 1_000_000).default(10_000),
})

const configSchema = z.strictObject({
  stateDirectory: text('the path of the state directory'),
  browser: browserSchema,
  tunnel: tunnelSchema,
  oidc: oidcSchema.exactOptional(),
  session: sessionSchema.prefault({}),
  apps: appsSchema,
})

type Config = z.infer<typeof configSchema>

/** What gateway.yaml says, defaults filled in. */
export type GatewayConfig = Readonly<Config>
/** Limits of the browser listener. */
export type BrowserLimits = Readonly<z.infer<typeof limitsSchema>>
/** The OpenID provider. */
export type OidcConfig = Readonly<z.infer<typeof oidcSchema>>
/** How long sessions live. */
export type SessionConfig = Readonly<z.infer<typeof sessionSchema>>

function checkOidc(config: Config, context: z.RefinementCtx): void {
  const needy = config.apps.findIndex((app) => app.preAuthentication === 'oidc')
  if (needy < 0 || config.oidc) return
  context.addIssue({
    code: 'custom',
    path: ['oidc'],
    message: `missing; app '${config.apps[needy]?.id ?? ''}' signs its users in by OpenID Connect`,
  })
}

/** The schema of gateway.yaml. */
export const gatewayConfigSchema: z.ZodType<GatewayConfig> = configSchema.superRefine(checkOidc)
