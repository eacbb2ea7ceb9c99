/**
 * The sign-in: the issuers' keys, and the gateway's provider against the policy.
 *
 * @module
 */

import type { Check } from '../check.ts'
import { gatewayCheck } from './gateway.ts'
import { keysCheck } from './keys.ts'
import { realmsCheck } from './realms.ts'
import type { IssuerWorld } from './world.ts'

export type { IssuerWorld, PublicKey } from './world.ts'

/** In the order in which they are told. */
export const ISSUER_CHECKS: readonly Check<IssuerWorld>[] = [keysCheck, gatewayCheck, realmsCheck]
