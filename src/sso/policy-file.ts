/**
 * The shape of policy.yaml: whom this connector believes, and where it may go in whose name.
 *
 * Default deny: what no row allows is refused, whatever the gateway says.
 *
 * @module
 */

import { z } from 'zod'
import { APP_PATH } from '../tunnel/index.ts'
import { parseNetwork } from './addresses.ts'
import { headerSignOnRow, type HeaderSignOnRow } from './header-sign-on/row.ts'
import { frontEndKerberosSchema, type FrontEndKerberosRow } from './front-end-policy.ts'
import {
  loginAttributes,
  loginIdentities,
  wholeNames,
  type LoginAttribute,
  type LoginIdentity,
} from './login-identities.ts'
import { PRIVILEGED_ACCOUNTS, PRIVILEGED_GROUPS, PRIVILEGED_NAMES } from './privileged-groups.ts'

/** Whom a connector never acts for, besides Windows' own administrators. */
export interface NeverImpersonate {
  /** sAMAccountName, UPN or SID. */
  readonly users: readonly string[]
  /** SID, name or distinguished name; nested membership counts. */
  readonly groups: readonly string[]
}

/** One issuer of ID tokens that this connector believes. */
export interface IssuerRow {
  readonly issuer: string
  readonly audience: string
  /** Who the token was issued to, where azp says so. Default: the audience. */
  readonly authorizedParty?: string | undefined
  /** The claim that is the login; one that users cannot edit. */
  readonly loginClaim: string
  /** The claim for the two onPremisesUserPrincipal… kinds. Default: loginClaim. */
  readonly onPremisesUserPrincipalNameClaim?: string | undefined
  /** The claim for onPremisesSAMAccountName. Default: loginClaim. */
  readonly onPremisesSAMAccountNameClaim?: string | undefined
  /** The claim for sid, `S-1-5-21-…`. */
  readonly sidClaim?: string | undefined
  /** The claim for objectGUID, as text or base64 (ImmutableID). */
  readonly objectGUIDClaim?: string | undefined
  /** The kinds of delegated login identity that its tokens may be used for, besides loginAttributes. */
  readonly loginIdentities: readonly LoginIdentity[]
  /** Kinds that are defined here: any claim, any LDAP attribute or filter. */
  readonly loginAttributes: readonly LoginAttribute[]
  /** Where the key set is; exactly one of jwksUrl and keysFile is given. */
  readonly jwksUrl?: string | undefined
  readonly keysFile?: string | undefined
  /** PEM file of the authority that signs the certificate at jwksUrl. Default: the system's roots. */
  readonly ca?: string | undefined
  /** Suffixes of logins it may assert; empty: any, within the realms. */
  readonly upnSuffixes: readonly string[]
  /** Realms of accounts it may assert; empty: any, within the suffixes. */
  readonly realms: readonly string[]
  /** Longest age of a sign-in, minutes. Default 720. */
  readonly maxAgeMinutes: number
  /** Signature algorithms, all asymmetric. Default RS256 and ES256. */
  readonly algorithms: string[]
}

/** How a backend's TLS is verified: exactly one field is given. */
export interface TlsRow {
  /** PEM file. */
  readonly ca?: string | undefined
  /** SHA-256 of SubjectPublicKeyInfo, hex. */
  readonly pin?: readonly string[] | undefined
  /** Not at all. YAML 1.1 reads `off` as false. */
  readonly verify?: 'off' | false | undefined
}

/** One backend that this connector may go to. */
export interface BackendRow {
  readonly origin: string
  /** With it: Kerberos, for this SPN alone. */
  readonly servicePrincipalName?: string | undefined
  /** With it: the user is named by header fields. Without it and without servicePrincipalName: no single sign-on. */
  readonly headerSignOn?: HeaderSignOnRow | undefined
  /** Only requests under one of these paths. Default all. */
  readonly paths?: readonly string[] | undefined
  /** passthrough: requests without a sign-in are allowed too. Default oidc. */
  readonly preAuthentication: 'oidc' | 'passthrough'
  /** Networks its addresses must be in. Default: any but loopback, link-local, multicast and metadata addresses. */
  readonly addresses?: readonly string[] | undefined
  /** Default: the system's roots. */
  readonly tls?: TlsRow | undefined
  /** required: a reply without a good AP-REP is refused. wanted: a bad one is. off: not looked at. Default wanted. */
  readonly mutualAuthentication: 'required' | 'wanted' | 'off'
  /** Protocols that connections to it may be switched to, lower case. Default websocket alone. */
  readonly upgrades: readonly string[]
  /**
   * True: Domain Admins and the like may be impersonated at this backend. A list: members of these privileged groups alone,
   * who are in no other. Default false.
   */
  readonly allowPrivileged: boolean | readonly string[]
  readonly neverImpersonate: NeverImpersonate
  /** Authentication contexts (claim acr), one of which the sign-in must have reached. Default: any. */
  readonly acr?: readonly string[] | undefined
  /** Longest time since the user typed a password (claim auth_time), minutes; what runs longer is cut. Default: the issuer's. */
  readonly maxAgeMinutes?: number | undefined
}

/** A checked policy.yaml. */
export interface PolicyFile {
  readonly issuers: readonly IssuerRow[]
  /** For every backend. */
  readonly neverImpersonate: NeverImpersonate
  readonly backends: readonly BackendRow[]
  /** Who may sign in with Kerberos at the gateway. Absent: nobody. */
  readonly frontEndKerberos?: FrontEndKerberosRow | undefined
}

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
    users: accountNames.default([]),
    groups: groupNames.default([]),
  })
  .default({ users: [], groups: [] })

const PRIVILEGED = [
  ...[...PRIVILEGED_ACCOUNTS, ...PRIVILEGED_GROUPS].map(({ name }) => name),
  ...PRIVILEGED_NAMES,
]

const privilegedName = z
  .string()
  .refine((name) => PRIVILEGED.some((each) => each.toLowerCase() === name.toLowerCase()))

const allowPrivileged = z
  .union([z.boolean(), z.array(privilegedName).min(1)], {
    error: `allowPrivileged must be true, false or a list of ${PRIVILEGED.join(', ')}`,
  })
  .default(false)

const issuer = z
  .strictObject({
    issuer: text('issuer'),
    audience: text('audience'),
    authorizedParty: text('authorizedParty').optional(),
    loginClaim: text('loginClaim'),
    onPremisesUserPrincipalNameClaim: text('onPremisesUserPrincipalNameClaim').optional(),
    onPremisesSAMAccountNameClaim: text('onPremisesSAMAccountNameClaim').optional(),
    sidClaim: text('sidClaim').optional(),
    objectGUIDClaim: text('objectGUIDClaim').optional(),
    loginIdentities: loginIdentities.optional(),
    loginAttributes: loginAttributes.default([]),
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
  .refine((row) => !row.loginIdentities?.includes('sid') || row.sidClaim !== undefined, {
    error: 'sid needs sidClaim, the claim that holds it',
    path: ['loginIdentities'],
  })
  .refine(
    (row) => !row.loginIdentities?.includes('objectGUID') || row.objectGUIDClaim !== undefined,
    {
      error: 'objectGUID needs objectGUIDClaim, the claim that holds it',
      path: ['loginIdentities'],
    },
  )
  .transform((row) => ({ ...row, loginIdentities: row.loginIdentities ?? wholeNames(row) }))

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
    servicePrincipalName: servicePrincipalName.optional(),
    headerSignOn: headerSignOnRow.optional(),
    paths: z
      .array(text('a path').regex(APP_PATH, 'must be a path such as /public/, without a query'))
      .min(1, 'paths must list at least one')
      .optional(),
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
    mutualAuthentication: z
      .enum(['required', 'wanted', 'off'], { error: 'must be required, wanted or off' })
      .default('wanted'),
    upgrades: z.array(text('a protocol name').toLowerCase()).default(['websocket']),
    allowPrivileged,
    neverImpersonate,
    acr: z.array(text('an acr')).min(1, 'acr must name at least one').optional(),
    maxAgeMinutes: z.number().int().min(1, 'maxAgeMinutes must be at least 1').optional(),
  })
  .refine((row) => row.servicePrincipalName === undefined || row.preAuthentication === 'oidc', {
    error: 'passthrough cannot go with servicePrincipalName: a ticket needs a proof of sign-in',
    path: ['preAuthentication'],
  })
  .refine((row) => row.headerSignOn === undefined || row.preAuthentication === 'oidc', {
    error: 'passthrough cannot go with headerSignOn: nobody has signed in who could be named',
    path: ['preAuthentication'],
  })
  .refine((row) => row.headerSignOn === undefined || row.servicePrincipalName === undefined, {
    error: 'give either servicePrincipalName or headerSignOn',
    path: ['headerSignOn'],
  })
  .refine(
    (row) =>
      (row.acr === undefined && row.maxAgeMinutes === undefined) ||
      row.preAuthentication === 'oidc',
    { error: 'acr and maxAgeMinutes cannot go with passthrough', path: ['preAuthentication'] },
  )
  .refine((row) => row.tls === undefined || row.origin.startsWith('https:'), {
    error: 'tls is for https:// origins',
    path: ['tls'],
  })

const policyFile = z.strictObject({
  issuers: z.array(issuer, { error: 'issuers must be a list' }).default([]),
  neverImpersonate,
  backends: z.array(backend, { error: 'backends must be a list' }),
  frontEndKerberos: frontEndKerberosSchema.optional(),
})

/** policy.yaml. Paths (`ca`, `keysFile`, `keyFile`) are as written; `compilePolicy` is given their contents. */
export const policySchema: z.ZodType<PolicyFile> = policyFile
