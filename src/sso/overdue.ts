/**
 * What has outlived its sign-in: a call may go on for as long as its user has a proof that is good, and good enough for the
 * policy's row (design, invariant 9).
 *
 * @module
 */

import type { Call } from './call.ts'
import { SsoError } from './errors.ts'
import type { ProofVerifier, Verdict } from './proof.ts'
import { StepUpNeeded, weaknessOf } from './sign-in-strength.ts'

/** When it is now. */
export interface SweepTime {
  readonly nowMs: number
  /** Clock tolerance subtracted. */
  readonly tolerantMs: number
}

/**
 * Whether a call may not go on.
 *
 * @param call - One that is under way.
 * @param proofs - Knows whether its user has a newer proof.
 * @param time - The time.
 * @returns Why it ends: ERR_SSO_PROOF_EXPIRED, ERR_SSO_PROOF_WITHDRAWN, or ERR_SSO_STEP_UP_NEEDED where the sign-in has become too old for the row; else
 *   undefined.
 */
export function overdue(
  { verdict, route }: Pick<Call, 'verdict' | 'route'>,
  proofs: Pick<ProofVerifier, 'isLive'>,
  { nowMs, tolerantMs }: SweepTime,
): SsoError | undefined {
  if (verdict === undefined) return undefined
  const expired = nowMs >= verdict.validUntilMs
  if (expired && !proofs.isLive(verdict)) return verdict.refusal ?? expiredUnderWay()
  if (route?.backend.wantsStrength !== true) return undefined
  const { row } = route.backend
  const weakness = weaknessOf(row, verdict, tolerantMs)
  if (!expired && weakness === undefined) return undefined
  const isStrong = (other: Verdict): boolean => weaknessOf(row, other, tolerantMs) === undefined
  if (proofs.isLive(verdict, isStrong)) return undefined
  return new StepUpNeeded(weakness ?? 'the newer proof is of a weaker one', row)
}

function expiredUnderWay(): SsoError {
  const what = 'the proof of sign-in expired while the request was under way'
  return new SsoError('ERR_SSO_PROOF_EXPIRED', what)
}
