/**
 * The part of policy.yaml that says who may sign in with Kerberos at the gateway. Absent: nobody.
 *
 * @module
 */

import { z } from 'zod'

/** Who may sign in that way, and to what. */
export interface FrontEndKerberosRow {
  /** Service principal names of external hosts, `HTTP/intranet.example.com`; all held by the connector's own account. */
  readonly services: readonly string[]
  /** Realms of users. */
  readonly realms: readonly string[]
  /** How long a sign-in lasts, at most to the end of the user's ticket. Default 480. */
  readonly maxAgeMinutes: number
  /** required: tokens of browsers that bind nothing are refused too. Default whenGiven. */
  readonly channelBinding: 'whenGiven' | 'required'
}

const service = z
  .string()
  .regex(/^HTTP\/[^/@\s:]+$/i, 'must look like HTTP/intranet.example.com, without port and realm')

/** frontEndKerberos of policy.yaml. */
export const frontEndKerberosSchema: z.ZodType<FrontEndKerberosRow> = z.strictObject({
  services: z
    .array(service, { error: 'services must be a list' })
    .min(1, 'services must name at least one')
    .max(1000, 'at most 1000 services'),
  realms: z
    .array(z.string().min(1, 'a realm must not be empty'), { error: 'realms must be a list' })
    .min(1, 'realms must name at least one: without, a trusted realm could assert anyone'),
  maxAgeMinutes: z
    .number('maxAgeMinutes must be a number')
    .int()
    .min(1, 'maxAgeMinutes must be at least 1')
    .max(1440, 'maxAgeMinutes must be at most 1440')
    .default(480),
  channelBinding: z
    .enum(['whenGiven', 'required'], { error: 'must be whenGiven or required' })
    .default('whenGiven'),
})
