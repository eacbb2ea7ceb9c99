/**
 * Tells a peer that could not be reached from one that said no: only the latter ends what is cached.
 *
 * @module
 */

import { KdcReplyError, KrbErrorCode } from '../kerberos/index.ts'
import { errorCode } from '../platform/index.ts'

const UNREACHABLE = new Set([
  'ERR_DIRECTORY_UNREACHABLE',
  'ERR_DIRECTORY_TLS',
  'ERR_KRB_KDC_UNREACHABLE',
  'ERR_KRB_ABORTED',
  // Nobody was asked.
  'ERR_SSO_KDC_QUEUE_FULL',
  'ERR_SSO_KDC_QUEUE_TIMEOUT',
  'ERR_SSO_DIRECTORY_QUEUE_FULL',
  'ERR_SSO_DIRECTORY_QUEUE_TIMEOUT',
  'ERR_SSO_CLOSED',
])

/**
 * Says whether nothing was answered.
 *
 * @param error - What was thrown.
 * @returns True when no KDC or directory server answered, or none was asked; false for every answer, also a malformed one.
 */
export function isTransportFailure(error: unknown): boolean {
  // RFC 4120 section 7.5.9: a KDC that cannot answer now has said nothing about the user.
  if (error instanceof KdcReplyError)
    return error.krbErrorCode === KrbErrorCode.KDC_ERR_SVC_UNAVAILABLE
  return UNREACHABLE.has(errorCode(error))
}
