/**
 * What the accounts' cache counts. No user is named.
 *
 * @module
 */

import type { QueueCounts } from './fair-queue.ts'
import type { RefusalHits } from './refusal-kind.ts'

/** What the cache has done. */
export interface IdentityCounts {
  /** Requests that found their user's account. */
  hits: number
  /** Times that the directory was asked. */
  lookups: number
  /** Times that no server answered, and the account at hand was used a little longer. */
  standIns: number
}

/** The same, with what is kept at this moment. */
export interface IdentityCounters extends Readonly<IdentityCounts> {
  /** Requests refused by what the directory had said a moment ago. */
  readonly refusalHits: Readonly<RefusalHits>
  /** Accounts kept; some may have to be asked for again. */
  readonly kept: number
  /** Before the directory. */
  readonly queue: Readonly<QueueCounts>
}
