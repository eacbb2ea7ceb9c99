/**
 * The sso section of connector.yaml: every bound of the pipeline is a setting of the same name.
 *
 * @module
 */

import { z } from 'zod'
import { SSO_LIMITS, type SsoLimits } from '../sso/index.ts'
import { wholeNumber } from './config-fields.ts'

const fields = Object.entries(SSO_LIMITS).map(([name, { least, most }]) => {
  return [name, wholeNumber(least, most).exactOptional()] as const
})

/** The schema of the section. Strict; what is absent has its default in the pipeline. */
export const ssoSchema: z.ZodType<Partial<SsoLimits>> = z.strictObject(Object.fromEntries(fields))
