/**
 * Step-up: policy rows that want a stronger or fresher sign-in (claims acr and auth_time, OpenID Connect Core 1.0 section 2).
 *
 * @module
 */

import { counted } from '../platform/index.ts'
import { SsoError } from './errors.ts'
import type { BackendRow } from './policy-file.ts'
import type { Verdict } from './proof.ts'

/** What a row wants of a sign-in. */
type Wish = Pick<BackendRow, 'acr' | 'maxAgeMinutes'>

/** The refusal, ERR_SSO_STEP_UP_NEEDED: it says which sign-in would do. */
export class StepUpNeeded extends SsoError {
  /** Authentication contexts, one of which would. */
  readonly acr: readonly string[] | undefined
  /** How old it may be. */
  readonly maxAgeMinutes: number | undefined

  constructor(reason: string, { acr, maxAgeMinutes }: Wish) {
    super('ERR_SSO_STEP_UP_NEEDED', `the sign-in will not do here: ${reason}`, {
      mend: "Sign in again; say the row's acr and maxAgeMinutes at the app in gateway.yaml too, so that the provider is asked for them at once.",
    })
    this.acr = acr
    this.maxAgeMinutes = maxAgeMinutes
  }
}

/**
 * Compares a sign-in with a row.
 *
 * @param row - What it wants.
 * @param verdict - The proof.
 * @param nowMs - The time, clock tolerance subtracted.
 * @returns Why it will not do; undefined where it does.
 */
export function weaknessOf(
  row: Wish,
  verdict: Pick<Verdict, 'claims'>,
  nowMs: number,
): string | undefined {
  const { acr, maxAgeMinutes } = row
  // A ticket proves no context, and its auth_time is that of the user's password or card, not of the sign-in with it.
  const { acr: reached, auth_time: signedIn } = verdict.claims
  if (acr !== undefined && (typeof reached !== 'string' || !acr.includes(reached))) {
    return `its acr is not one of ${acr.join(', ')}`
  }
  if (maxAgeMinutes === undefined) return undefined
  // A refreshed token has a new iat: without auth_time it could not be told from a fresh sign-in.
  if (typeof signedIn !== 'number') return 'it does not say when (claim auth_time)'
  const isOld = nowMs - signedIn * 1000 > maxAgeMinutes * 60_000
  return isOld ? `it is older than ${counted(maxAgeMinutes, 'minute')}` : undefined
}

/**
 * Checks a sign-in against a row.
 *
 * @param row - What it wants.
 * @param verdict - The proof.
 * @param nowMs - The time, clock tolerance subtracted.
 * @throws SsoError ERR_SSO_STEP_UP_NEEDED.
 */
export function checkStrength(row: Wish, verdict: Pick<Verdict, 'claims'>, nowMs: number): void {
  const weakness = weaknessOf(row, verdict, nowMs)
  if (weakness !== undefined) throw new StepUpNeeded(weakness, row)
}
