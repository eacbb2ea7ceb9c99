/**
 * The kerberos section of connector.yaml: who the connector is, and how it reaches its KDCs.
 *
 * @module
 */

import { z } from 'zod'
import {
  kdcLimitsSchema,
  kdcProxySchema,
  type KdcLimits,
  type KdcProxyConfig,
} from './config-kdcs.ts'
import { rotatePasswordSchema, type RotatePasswordConfig } from './config-rotation.ts'
import { kdcAddress, path, principal, realm, wholeNumber } from './config-fields.ts'

/** Which account may read a group managed service account's password. */
export interface ManagedByConfig {
  /** The account without realm, e.g. `CONN1$`. */
  readonly principal: string
  /** Path of its keytab. */
  readonly keytab: string
}

/** The connector's own account and its KDCs. One of keytab, passwordFile, passwordVariable and managedBy is there. */
export interface KerberosConfig {
  readonly realm: string
  /** The account without realm, e.g. `CONN1$`. */
  readonly principal: string
  /** Path of the keytab; read anew when it changes. */
  readonly keytab?: string
  /** Path of a file that holds the password; read anew when it changes. */
  readonly passwordFile?: string
  /** Name of the environment variable that holds the password. */
  readonly passwordVariable?: string
  /** The account is a group managed service account, whose password this account may read. */
  readonly managedBy?: ManagedByConfig
  /** KDCs of the realm: `host`, `host:port`, or the `https:` URL of a KDC proxy. Empty: krb5.conf and the DNS name them. */
  readonly kdcs: readonly string[]
  /** Path of a krb5.conf: KDCs of realms, `[domain_realm]` and `[capaths]`. */
  readonly krb5Conf?: string
  /** Whether KDCs that are not listed are looked for in the DNS. */
  readonly dnsLookup: boolean
  /** Whether KDCs that the DNS names are asked for our Active Directory site, whose KDCs come first. */
  readonly sites: boolean
  readonly kdcProxy?: KdcProxyConfig
  /** Longest wait for one KDC. */
  readonly timeoutMs: number
  /** Longest wait for a whole exchange, other KDCs included. */
  readonly totalTimeoutMs: number
  /** After which time without an answer another KDC is asked as well. Absent: by what is usual for the KDC. */
  readonly hedgeAfterMs?: number
  /** KDCs that one exchange asks at once. 1: another is asked when one fails, never sooner. */
  readonly maxInFlight: number
  /** Requests up to this size go over UDP first, octets. Absent: as krb5Conf says, else TCP alone. */
  readonly udpPreferenceLimit?: number
  /** Health, queues and sizes of the way to KDCs. */
  readonly kdcLimits: KdcLimits
  /** Absent: the connector never changes its own password by itself. */
  readonly rotatePassword?: RotatePasswordConfig
  /** Armour (FAST, RFC 6113). */
  readonly fast: 'off' | 'whenOffered' | 'required'
  /** How a user is named in S4U2Self; `x509Only` for hosts without MD5, which Samba does not understand. */
  readonly s4uUserPadata: 'both' | 'x509Only'
  /** Tickets of services whose accounts have RC4 or DES keys alone. */
  readonly brokenTicketKeys: 'refuse' | 'accept'
  /**
   * Who looks at the tokens of browsers that sign in with Kerberos: our own acceptor alone (`own`), the host's library too, which must
   * agree (`both`), or the latter where package and keytab are there (`auto`).
   */
  readonly acceptor: 'auto' | 'own' | 'both'
  /** On a FIPS host: the protocol's own MD5 (channel bindings, PA-FOR-USER) by our code. */
  readonly allowOwnMd5: boolean
}

const variable = z
  .string('expected the name of an environment variable')
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'expected the name of an environment variable')

const fieldsSchema = z.strictObject({
  realm,
  principal,
  keytab: path('the path of the keytab').exactOptional(),
  passwordFile: path('the path of the file with the password').exactOptional(),
  passwordVariable: variable.exactOptional(),
  managedBy: z.strictObject({ principal, keytab: path('the path of the keytab') }).exactOptional(),
  kdcs: z.array(kdcAddress).max(16, 'at most 16 KDCs').default([]),
  krb5Conf: path('the path of a krb5.conf').exactOptional(),
  dnsLookup: z.boolean('expected true or false').default(true),
  sites: z.boolean('expected true or false').default(true),
  kdcProxy: kdcProxySchema.exactOptional(),
  timeoutMs: wholeNumber(100, 60_000).default(3000),
  totalTimeoutMs: wholeNumber(100, 120_000).default(10_000),
  hedgeAfterMs: wholeNumber(10, 60_000).exactOptional(),
  maxInFlight: wholeNumber(1, 8).default(2),
  udpPreferenceLimit: wholeNumber(0, 65_507).exactOptional(),
  kdcLimits: kdcLimitsSchema.default({}),
  rotatePassword: rotatePasswordSchema.exactOptional(),
  fast: z.enum(['off', 'whenOffered', 'required']).default('whenOffered'),
  s4uUserPadata: z.enum(['both', 'x509Only']).default('both'),
  brokenTicketKeys: z.enum(['refuse', 'accept']).default('refuse'),
  acceptor: z.enum(['auto', 'own', 'both']).default('auto'),
  allowOwnMd5: z.boolean('expected true or false').default(false),
})

const SECRETS = ['keytab', 'passwordFile', 'passwordVariable', 'managedBy'] as const

type Fault = (field: string, message: string) => void

/** One secret, and what only a keytab can do. */
function checkSecret(config: KerberosConfig, fault: Fault): void {
  const named = SECRETS.filter((name) => config[name] !== undefined)
  if (named.length === 0) fault('keytab', `missing; one of ${SECRETS.join(', ')} is needed`)
  if (named.length > 1) fault(named[1] ?? '', `only one of ${SECRETS.join(', ')} may be there`)
  if (config.managedBy && !config.principal.endsWith('$')) {
    fault('principal', 'a managed account has a name that ends in $')
  }
  if (config.keytab !== undefined) return
  if (config.acceptor === 'both') {
    fault('acceptor', "both needs a keytab: the host's library reads nothing else")
  }
  if (config.rotatePassword) fault('rotatePassword', 'needs a keytab: no other password is changed')
}

function checkTogether(config: KerberosConfig, context: z.RefinementCtx): void {
  const fault: Fault = (field, message) => {
    context.addIssue({ code: 'custom', path: [field], message })
  }
  checkSecret(config, fault)
  if (config.kdcs.length === 0 && config.krb5Conf === undefined && !config.dnsLookup) {
    fault('kdcs', 'must list at least one KDC where there is neither krb5Conf nor dnsLookup')
  }
  if (config.totalTimeoutMs < config.timeoutMs) {
    fault('totalTimeoutMs', 'must not be below timeoutMs')
  }
}

/** The schema of the section. */
export const kerberosSchema: z.ZodType<KerberosConfig> = fieldsSchema.superRefine(checkTogether)
