/**
 * The queues before the domain controllers: one for exchanges with KDCs, one for look-ups in the directory.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'
import { SsoError, type SsoErrorCode } from './errors.ts'
import { FairQueue } from './fair-queue.ts'
import type { SsoLimits } from './limits.ts'

function refusal(code: SsoErrorCode, what: string, setting: keyof SsoLimits): () => SsoError {
  const mend = `Try again. If it happens often, raise sso.${setting}, or add domain controllers.`
  return () => new SsoError(code, what, { mend })
}

/**
 * The queue before the KDCs.
 *
 * @param clock - Time.
 * @param limits - `kdcExchanges`, `kdcQueue` and `kdcQueueMs`.
 * @returns Turns away with ERR_SSO_KDC_QUEUE_FULL and ERR_SSO_KDC_QUEUE_TIMEOUT.
 */
export function kdcQueue(
  clock: Clock,
  limits: Pick<SsoLimits, 'kdcExchanges' | 'kdcQueue' | 'kdcQueueMs'>,
): FairQueue {
  const { kdcExchanges: atOnce, kdcQueue: waiting, kdcQueueMs: waitMs } = limits
  const full = `${waiting} exchanges wait for a domain controller already`
  const late = `the turn to ask a domain controller did not come within ${waitMs} ms`
  return new FairQueue(clock, {
    ...{ atOnce, waiting, waitMs },
    full: refusal('ERR_SSO_KDC_QUEUE_FULL', full, 'kdcExchanges'),
    late: refusal('ERR_SSO_KDC_QUEUE_TIMEOUT', late, 'kdcExchanges'),
  })
}

/**
 * The queue before the directory.
 *
 * @param clock - Time.
 * @param limits - `directoryLookups`, `directoryQueue` and `directoryQueueMs`.
 * @returns Turns away with ERR_SSO_DIRECTORY_QUEUE_FULL and ERR_SSO_DIRECTORY_QUEUE_TIMEOUT.
 */
export function directoryQueue(
  clock: Clock,
  limits: Pick<SsoLimits, 'directoryLookups' | 'directoryQueue' | 'directoryQueueMs'>,
): FairQueue {
  const { directoryLookups: atOnce, directoryQueue: waiting, directoryQueueMs: waitMs } = limits
  const full = `${waiting} look-ups wait for the directory already`
  const late = `the turn to ask the directory did not come within ${waitMs} ms`
  return new FairQueue(clock, {
    ...{ atOnce, waiting, waitMs },
    full: refusal('ERR_SSO_DIRECTORY_QUEUE_FULL', full, 'directoryLookups'),
    late: refusal('ERR_SSO_DIRECTORY_QUEUE_TIMEOUT', late, 'directoryLookups'),
  })
}
