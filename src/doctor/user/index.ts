/**
 * Checks of one user, in the order in which they are told.
 *
 * @module
 */

import type { Check } from '../check.ts'
import { identityCheck, policyCheck, standingCheck } from './account.ts'
import { issuerCheck } from './issuer.ts'
import { requestCheck } from './request.ts'
import { selfCheck, ticketsCheck } from './tickets.ts'
import type { UserWorld } from './world.ts'

/** All of them. */
export const USER_CHECKS: readonly Check<UserWorld>[] = [
  identityCheck,
  issuerCheck,
  standingCheck,
  policyCheck,
  selfCheck,
  ticketsCheck,
  requestCheck,
]
