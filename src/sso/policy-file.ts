/**
 * The shape of policy.yaml: whom this connector believes, and where it may go in whose name.
 *
 * Default deny: what no row allows is refused, whatever the gateway says.
 *
 * @module
 */

import { z } from 'zod'
import { parseNetwork } from './addresses.ts'

/** Signature algorithms an issuer may use. Symmetric ones are not among them: the verifier's key would forge. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

const text = (what: string) =>
  z.string({ error: `${what} must be a text` }).min(1, `${what} must not be empty`)

function isOrigin(value: string): boolean {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false
  return (
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === ''
  )
}

const origin = z
  .string({ error: 'origin must be a text such as https://intranet.corp.example' })
  .refine(
    isOrigin,
    'origin must be http:// or https://, a host and perhaps a port, and nothing else',
  )

const httpsUrl = z
  .string()
  .refine((value) => URL.parse(value)?.protocol === 'https:', 'must be an https:// address')

const servicePrincipalName = z
  .string()
  .regex(/^[^/@\s]+\/[^/@\s]+(\/[^/@\s]+)?(@[^/@\s]+)?$/, 'must look like HTTP/host.corp.example')

const accountNames = z.array(text('a user'), { error: 'users must be a list' })
const groupNames = z.array(text('a group'), { error: 'groups must be a list' })

const neverImpersonate = z
  .strictObject({
    /** sAMAccountName, UPN or SID. */
    users: accountNames.default([]),
    /** SID, name or distinguished name; nested membership counts. */
    groups: groupNames.default([]),
  })
  .default({ users: [], groups: [] })

const issuer = z
  .strictObject({
    issuer: text('issuer'),
    audience: text('audience'),
    /** Who the token was issued to, where azp says so. Default: the audience. */
    authorizedParty: text('authorizedParty').optional(),
    loginClaim: text('loginClaim'),
    onPremisesUserPrincipalNameClaim: text('onPremisesUserPrincipalNameClaim').optional(),
    onPremisesSAMAccountNameClaim: text('onPremisesSAMAccountNameClaim').optional(),
    jwksUrl: httpsUrl.optional(),
    keysFile: text('keysFile').optional(),
    ca: text('ca').optional(),
    upnSuffixes: z.array(text('a UPN suffix')).default([]),
    realms: z.array(text('a realm')).default([]),
    maxAgeMinutes: z.number().int().min(1, 'maxAgeMinutes must be at least 1').default(720),
    algorithms: z
      .array(z.enum(ALGORITHMS, { error: `algorithms must be of ${ALGORITHMS.join(', ')}` }))
      .min(1, 'algorithms must name at least one')
      .default(['RS256', 'ES256']),
  })
  .refine((row) => (row.jwksUrl === undefined) !== (row.keysFile === undefined), {
    error: 'give either jwksUrl or keysFile',
    path: ['jwksUrl'],
  })
  .refine((row) => row.upnSuffixes.length + row.realms.length > 0, {
    error:
      'say which upnSuffixes or realms this issuer may assert: without either it could name anyone',
    path: ['upnSuffixes'],
  })

const tls = z
  .strictObject({
    ca: text('ca').optional(),
    pin: z
      .union([text('pin'), z.array(text('a pin')).min(1)])
      .transform((value) => (typeof value === 'string' ? [value] : value))
      .pipe(
        z.array(
          z
            .string()
            .regex(/^[0-9a-fA-F]{64}$/, 'pin must be the SHA-256 of the public key, 64 hex digits'),
        ),
      )
      .optional(),
    // `off` is plain text in YAML 1.2, and false where a writer meant YAML 1.1.
    verify: z
      .union([z.literal('off'), z.literal(false)], { error: 'verify can only be off' })
      .optional(),
  })
  .refine(
    (row) => [row.ca, row.pin, row.verify].filter((value) => value !== undefined).length === 1,
    {
      error: 'give exactly one of ca, pin and verify: off',
    },
  )

const backend = z
  .strictObject({
    origin,
    /** With it: Kerberos, for this SPN alone. Without: no single sign-on. */
    servicePrincipalName: servicePrincipalName.optional(),
    /** passthrough: requests without a sign-in are allowed too. */
    preAuthentication: z
      .enum(['oidc', 'passthrough'], { error: 'must be oidc or passthrough' })
      .default('oidc'),
    addresses: z
      .array(
        text('an address').refine(
          (value) => parseNetwork(value) !== undefined,
          'must be an IP address or network, such as 10.1.0.0/16',
        ),
      )
      .min(1, 'addresses must list at least one network')
      .optional(),
    tls: tls.optional(),
    /** required: a reply without a good AP-REP is refused. wanted: a bad one is refused. off: not looked at. */
    mutualAuthentication: z
      .enum(['required', 'wanted', 'off'], { error: 'must be required, wanted or off' })
      .default('wanted'),
    /** True: Domain Admins and the like may be impersonated at this backend. */
    allowPrivileged: z.boolean().default(false),
    neverImpersonate,
  })
  .refine((row) => row.servicePrincipalName === undefined || row.preAuthentication === 'oidc', {
    error: 'passthrough cannot go with servicePrincipalName: a ticket needs a proof of sign-in',
    path: ['preAuthentication'],
  })
  .refine((row) => row.tls === undefined || row.origin.startsWith('https:'), {
    error: 'tls is for https:// origins',
    path: ['tls'],
  })

/** policy.yaml. Paths (`ca`, `keysFile`) are as written; `compilePolicy` is given their contents. */
export const policySchema = z.strictObject({
  issuers: z.array(issuer, { error: 'issuers must be a list' }).default([]),
  neverImpersonate,
  backends: z.array(backend, { error: 'backends must be a list' }),
})

/** A checked policy.yaml. */
export type PolicyFile = z.infer<typeof policySchema>
/** One issuer of ID tokens that this connector believes. */
export type IssuerRow = PolicyFile['issuers'][number]
/** One backend that this connector may go to. */
export type BackendRow = PolicyFile['backends'][number]
