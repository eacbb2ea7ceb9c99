/**
 * The section `rotatePassword` of connector.yaml's kerberos section. Absent: the connector never changes its password by itself.
 *
 * @module
 */

import { z } from 'zod'
import { wholeNumber } from './config-fields.ts'

/** When the connector changes the password of its own account. */
export interface RotatePasswordConfig {
  /** How old the keytab's newest keys may get, days. */
  readonly everyDays: number
  /** Up to so much later, by chance: connectors do not all do it at once. */
  readonly spreadHours: number
  /** How often is looked whether it is time. */
  readonly checkMinutes: number
  /** How long a rotation that another process has begun is left to it. */
  readonly resumeAfterMinutes: number
  /** Wait after the first failure; doubles with each further one. */
  readonly retryFirstMinutes: number
  /** The longest such wait. */
  readonly retryMaxHours: number
  /** True: all connectors that are this account read this very keytab file, so that the new keys reach all of them. */
  readonly sharedKeytab: boolean
}

const DAY_MINUTES = 1440

/** The schema of the section. */
export const rotatePasswordSchema: z.ZodType<RotatePasswordConfig> = z.strictObject({
  everyDays: wholeNumber(1, 365),
  spreadHours: wholeNumber(0, 168).default(12),
  checkMinutes: wholeNumber(1, DAY_MINUTES).default(60),
  resumeAfterMinutes: wholeNumber(1, DAY_MINUTES).default(10),
  retryFirstMinutes: wholeNumber(1, DAY_MINUTES).default(15),
  retryMaxHours: wholeNumber(1, 168).default(24),
  sharedKeytab: z.boolean('expected true or false').default(false),
})
