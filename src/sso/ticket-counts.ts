/**
 * What the ticket caches count. No user and no service is named.
 *
 * @module
 */

import type { QueueCounts } from './fair-queue.ts'
import type { RefusalHits } from './refusal-kind.ts'

/** Why something left the cache before its end. */
export type DropReason = 'refused' | 'flushed' | 'ended'

/** What the caches have done. */
export interface TicketCounts {
  /** Requests that found a ticket. */
  hits: number
  /** Requests that had to wait for one. */
  misses: number
  /** Tickets that were renewed while in use, and tries that no KDC answered. */
  refreshes: number
  refreshFailures: number
  /** Requests that went on with the ticket at hand because no KDC answered. */
  standIns: number
  /** Tickets and evidence dropped: by a refusal, a flush, the end of a session. */
  refused: number
  flushed: number
  ended: number
  /** Found to be past their end when they were replaced, dropped or pushed out. */
  expired: number
  /** Pushed out by newer ones (ticketCount, ticketOctets). */
  pushedOut: number
  /** S4U2Self and S4U2Proxy exchanges asked for. */
  impersonations: number
  delegations: number
}

/** The same, with what is kept and what waits at this moment. */
export interface TicketCounters extends Readonly<TicketCounts> {
  /** Requests refused by what a KDC had said a moment ago. */
  readonly refusalHits: Readonly<RefusalHits>
  /** Service tickets kept; some may be past their end. */
  readonly kept: number
  /** Octets of service and evidence tickets kept. */
  readonly keptOctets: number
  /** Before the KDCs. */
  readonly queue: Readonly<QueueCounts>
}
