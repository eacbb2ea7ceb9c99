/**
 * What kind of no it was: how long it is taken for the answer depends on who can change it, and how soon.
 *
 * @module
 */

import { KdcReplyError, KrbErrorCode } from '../kerberos/index.ts'
import { errorCode } from '../platform/index.ts'
import type { SsoLimits } from './limits.ts'
import { isTransportFailure } from './transport-failure.ts'

/** The setting that says how long a refusal of this kind is remembered. */
export type RefusalKind =
  'policyRefusalMs' | 'unknownPrincipalMs' | 'transportFailureMs' | 'refusalMs'

const KINDS: Readonly<Record<string, RefusalKind>> = {
  ERR_KRB_DELEGATION_REFUSED: 'policyRefusalMs',
  ERR_KRB_NOT_FORWARDABLE: 'policyRefusalMs',
  ERR_KRB_FOREIGN_USER: 'policyRefusalMs',
  ERR_KRB_CLIENT_REVOKED: 'policyRefusalMs',
  ERR_KRB_CLIENT_KEY_EXPIRED: 'policyRefusalMs',
  ERR_SSO_ACCOUNT_DISABLED: 'policyRefusalMs',
  ERR_SSO_ACCOUNT_EXPIRED: 'policyRefusalMs',
  ERR_SSO_ACCOUNT_LOCKED: 'policyRefusalMs',
  ERR_SSO_NOT_DELEGATABLE: 'policyRefusalMs',
  ERR_KRB_CLIENT_UNKNOWN: 'unknownPrincipalMs',
  ERR_KRB_SPN_UNKNOWN: 'unknownPrincipalMs',
  ERR_SSO_ACCOUNT_UNKNOWN: 'unknownPrincipalMs',
  ERR_SSO_ACCOUNT_AMBIGUOUS: 'unknownPrincipalMs',
}

/** Whoever asks again may find room in the queue; and a row of the policy speaks for itself alone. */
const NEVER = new Set([
  'ERR_SSO_KDC_QUEUE_FULL',
  'ERR_SSO_KDC_QUEUE_TIMEOUT',
  'ERR_SSO_DIRECTORY_QUEUE_FULL',
  'ERR_SSO_DIRECTORY_QUEUE_TIMEOUT',
  'ERR_SSO_CLOSED',
  'ERR_SSO_NEVER_IMPERSONATE',
])

/**
 * Tells which setting a refusal falls under.
 *
 * @param error - What was thrown.
 * @returns The setting's name.
 */
export function refusalKind(error: unknown): RefusalKind {
  if (isTransportFailure(error)) return 'transportFailureMs'
  if (error instanceof KdcReplyError && error.krbErrorCode === KrbErrorCode.KDC_ERR_POLICY) {
    return 'policyRefusalMs'
  }
  return KINDS[errorCode(error)] ?? 'refusalMs'
}

/**
 * How long a refusal is taken for the answer.
 *
 * @param error - What was thrown.
 * @param limits - The settings.
 * @returns Milliseconds; 0: not at all.
 */
export function rememberedMs(error: unknown, limits: SsoLimits): number {
  return NEVER.has(errorCode(error)) ? 0 : limits[refusalKind(error)]
}

/** How often a remembered refusal was the answer, by the kind of no it was. */
export interface RefusalHits {
  /** A rule (policyRefusalMs). */
  policy: number
  /** No such account or service (unknownPrincipalMs). */
  unknown: number
  /** Nobody answers (transportFailureMs). */
  transport: number
  /** Anything else (refusalMs). */
  other: number
}

const COUNTED: Readonly<Record<RefusalKind, keyof RefusalHits>> = {
  policyRefusalMs: 'policy',
  unknownPrincipalMs: 'unknown',
  transportFailureMs: 'transport',
  refusalMs: 'other',
}

/**
 * Counts a refusal that was remembered.
 *
 * @param hits - The counts.
 * @param error - What was thrown.
 */
export function countRefusal(hits: RefusalHits, error: unknown): void {
  hits[COUNTED[refusalKind(error)]] += 1
}
