/**
 * The part of policy.yaml that says which claim of an issuer's tokens names an account, and how.
 *
 * @module
 */

import { z } from 'zod'
import { FilterTemplate, FilterTemplateFault } from '../directory/index.ts'

/** The kinds of delegated login identity that need no definition: those of Entra, and the account's identifiers. */
export const LOGIN_IDENTITIES = [
  'userPrincipalName',
  'onPremisesUserPrincipalName',
  'userPrincipalUsername',
  'onPremisesUserPrincipalUsername',
  'onPremisesSAMAccountName',
  'sid',
  'objectGUID',
] as const

/** One of them. */
export type LoginIdentity = (typeof LOGIN_IDENTITIES)[number]

/** A kind that the policy defines. */
export interface LoginAttribute {
  /** What an app's delegatedLoginIdentity says. */
  readonly name: string
  /** The claim; one that users cannot edit. */
  readonly claim: string
  /** What finds the account. */
  readonly template: FilterTemplate
  /** True when the forest's global catalog holds all that the template asks for. Default false: every domain is asked. */
  readonly inGlobalCatalog: boolean
}

/** RFC 4512 section 2.5. */
const ATTRIBUTE = /^(?:[A-Za-z][A-Za-z0-9-]{0,127}|\d+(?:\.\d+)+)$/

const fields = z.strictObject({
  name: z
    .string({ error: 'name must be a text' })
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'name must be 1 to 64 letters, digits, - and _')
    .refine(
      (name) => !LOGIN_IDENTITIES.some((kind) => kind.toLowerCase() === name.toLowerCase()),
      'name is one of the kinds that there are already',
    ),
  claim: z.string({ error: 'claim must be a text' }).min(1, 'claim must not be empty'),
  attribute: z
    .string({ error: 'attribute must be a text' })
    .regex(ATTRIBUTE, 'attribute must be the name of an LDAP attribute, such as employeeID')
    .optional(),
  filter: z.string({ error: 'filter must be a text' }).optional(),
  caseSensitive: z.boolean({ error: 'caseSensitive must be true or false' }).default(false),
  inGlobalCatalog: z.boolean({ error: 'inGlobalCatalog must be true or false' }).default(false),
})

/** One row of loginAttributes; its template is parsed here. */
const loginAttribute = fields.transform((row, context): LoginAttribute => {
  const { name, claim, attribute, filter, caseSensitive, inGlobalCatalog } = row
  const source = filter ?? (attribute && `(${attribute}={claim})`)
  const fault = (path: string, message: string): never => {
    context.addIssue({ code: 'custom', path: [path], message })
    return z.NEVER
  }
  if (source === undefined) return fault('attribute', 'give attribute, filter, or both')
  try {
    const rules = { caseSensitive, ...(attribute !== undefined && { attribute }) }
    return { name, claim, template: new FilterTemplate(source, rules), inGlobalCatalog }
  } catch (error) {
    if (!(error instanceof FilterTemplateFault)) throw error
    return fault('filter', error.message)
  }
})

/** loginAttributes of an issuer. */
export const loginAttributes: z.ZodType<readonly LoginAttribute[]> = z
  .array(loginAttribute, { error: 'loginAttributes must be a list' })
  .max(32, 'at most 32 loginAttributes')
  .refine((rows) => new Set(rows.map(({ name }) => name)).size === rows.length, {
    error: 'two loginAttributes have the same name',
  })

/** loginIdentities of an issuer. */
export const loginIdentities: z.ZodType<readonly LoginIdentity[]> = z
  .array(
    z.enum(LOGIN_IDENTITIES, {
      error: `loginIdentities must be of ${LOGIN_IDENTITIES.join(', ')}`,
    }),
  )
  .min(1, 'loginIdentities must name at least one')

/** The claims that a row of an issuer names for kinds that are no whole user principal name. */
interface NamedClaims {
  readonly onPremisesSAMAccountNameClaim?: string | undefined
  readonly sidClaim?: string | undefined
  readonly objectGUIDClaim?: string | undefined
}

/**
 * The kinds that need no listing: whole names, which no two accounts share. What a UPN has before its @ may be the
 * account name of somebody else, and the gateway, which chooses the kind per app, is not trusted with that choice.
 *
 * @param row - The issuer's row.
 * @returns The kinds whose claim the row names.
 */
export function wholeNames(row: NamedClaims): readonly LoginIdentity[] {
  return [
    'userPrincipalName',
    'onPremisesUserPrincipalName',
    ...(row.onPremisesSAMAccountNameClaim === undefined
      ? []
      : (['onPremisesSAMAccountName'] as const)),
    ...(row.sidClaim === undefined ? [] : (['sid'] as const)),
    ...(row.objectGUIDClaim === undefined ? [] : (['objectGUID'] as const)),
  ]
}
