/**
 * The part of a backend row of policy.yaml that says how its users are named by header fields.
 *
 * @module
 */

import { z } from 'zod'
import { HeaderTemplate, TemplateFault } from './template.ts'

/** A JSON Web Token that tells the backend who the user is, signed by this connector. */
export interface AssertionRow {
  /** The field that carries it. */
  readonly header: string
  /** PEM file of the private key, EC P-256 or RSA. */
  readonly keyFile: string
  /** `aud`. Default: the backend's origin. */
  readonly audience?: string | undefined
  /** `iss`. Default sallyport. */
  readonly issuer: string
  /** From iat to exp, seconds. Default 120. */
  readonly lifetimeSeconds: number
  /** Claims of the ID token that are handed on. */
  readonly claims: readonly string[]
}

/** How the users of a backend are named by header fields. */
export interface HeaderSignOnRow {
  /** Field names with their templates. */
  readonly headers: Readonly<Record<string, HeaderTemplate>>
  /** Between the values of a list. Default ';'. */
  readonly separator: string
  readonly assertion?: AssertionRow | undefined
}

/** Fields that are framing, routing or somebody else's, RFC 9110 section 7.6.1 among them. */
const NOT_OURS = new Set([
  ...['connection', 'content-length', 'cookie', 'expect', 'host', 'http2-settings', 'keep-alive'],
  ...['origin', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'via', 'x-forwarded-for', 'x-forwarded-host'],
  ...['x-forwarded-proto', 'x-request-id'],
])

const fieldName = z
  .string({ error: 'a header must be a text' })
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'must be the name of a header field')
  .refine((name) => !NOT_OURS.has(name.toLowerCase()), 'is not a field to name users by')

const template = z.string({ error: 'a template must be a text' }).transform((source, context) => {
  try {
    return new HeaderTemplate(source)
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error
    context.addIssue({ code: 'custom', message: `is no template: ${error.message}` })
    return z.NEVER
  }
})

const assertion = z.strictObject({
  header: fieldName,
  keyFile: z.string({ error: 'keyFile must be a text' }).min(1, 'keyFile must not be empty'),
  audience: z.string().min(1, 'audience must not be empty').optional(),
  issuer: z.string().min(1, 'issuer must not be empty').default('sallyport'),
  lifetimeSeconds: z
    .number()
    .int()
    .min(10, 'lifetimeSeconds must be 10 to 3600')
    .max(3600, 'lifetimeSeconds must be 10 to 3600')
    .default(120),
  claims: z.array(z.string().min(1)).max(64).default([]),
})

/** `headerSignOn` of a backend row. */
export const headerSignOnRow: z.ZodType<HeaderSignOnRow> = z
  .strictObject({
    headers: z.record(fieldName, template).default({}),
    separator: z.string().min(1).max(4).default(';'),
    assertion: assertion.optional(),
  })
  .refine((row) => Object.keys(row.headers).length > 0 || row.assertion !== undefined, {
    error: 'name at least one header, or an assertion',
  })
