/**
 * What the ticket caches hold, are asked for and work through.
 *
 * @module
 */

import type { Evidence, Initiator } from '../kerberos/index.ts'
import type { Clock, Logger, Random } from '../platform/index.ts'
import type { Identity, RefusalListener } from './identity.ts'
import type { KdcQueueCounts } from './kdc-queue.ts'
import type { BackendPolicy } from './policy.ts'
import type { KerberosPort } from './ports.ts'

/** What an evidence ticket and a service ticket have in common here. */
export interface Kept {
  readonly identity: Identity
  /** The newest sign-in that it serves. */
  signedInMs: number
  readonly fetchedMs: number
  /** Whoever uses it from then on has it renewed, and waits for nothing. Infinity while that is under way. */
  refreshFromMs: number
  /** Not used from then on, whatever happens. */
  readonly endMs: number
}

/** An evidence ticket (S4U2Self). */
export interface KeptEvidence extends Kept {
  readonly evidence: Evidence
  /** Policy rows that were asked about the PAC's groups and did not object. */
  readonly cleared: WeakSet<BackendPolicy>
}

/** A service ticket (S4U2Proxy), with all that tokens made from it share. */
export interface PreparedTicket extends Kept {
  readonly spn: string
  readonly initiator: Initiator
  readonly evidence: KeptEvidence
  readonly octets: number
}

/** For whom, to where, and since when the user is signed in. */
export interface TicketWish {
  readonly identity: Identity
  readonly backend: BackendPolicy
  readonly spn: string
  readonly signedInMs: number
}

/** Why something left the cache before its end. */
export type DropReason = 'refused' | 'flushed' | 'ended'

/** What the caches have done. No user and no service is named. */
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
  /** Pushed out by newer ones (ticketCount, ticketOctets). */
  pushedOut: number
  /** S4U2Self and S4U2Proxy exchanges asked for. */
  impersonations: number
  delegations: number
}

/** The same, with what is kept and what waits at this moment. */
export interface TicketCounters extends Readonly<TicketCounts> {
  /** Requests refused by what a KDC had said a moment ago. */
  readonly refusalHits: number
  /** Service tickets kept. */
  readonly kept: number
  /** Octets of service and evidence tickets kept. */
  readonly keptOctets: number
  /** Before the KDCs. */
  readonly queue: Readonly<KdcQueueCounts>
}

/** What the caches work through. */
export interface TicketPorts {
  readonly kerberos: KerberosPort
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** A KDC said no: the user's other tickets and sockets end too. */
  readonly onRefused: RefusalListener
}
