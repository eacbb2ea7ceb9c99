/**
 * What the caches hold, in the words of the tunnel's `inspected` (PROTOCOL.md section 8.2): numbers, names and times, never a key,
 * a ticket or a token.
 *
 * @module
 */

import type { DirectoryAccount } from '../directory/index.ts'
import type { AccountFigures, CacheEntry, RefusalFigures, TicketFigures } from '../tunnel/index.ts'
import type { QueueCounts } from './fair-queue.ts'
import type { IdentityCounters } from './identity-counts.ts'
import type { TicketCounters } from './ticket-counts.ts'

/** Longest name that is told; the wire has an end. */
const MAX_NAME = 512

/** What is told of a service ticket. */
interface ListedTicket {
  readonly identity: { readonly account: Pick<DirectoryAccount, 'sAMAccountName' | 'realm'> }
  readonly spn: string
  readonly endMs: number
  readonly refreshFromMs: number
  readonly usedMs: number
  readonly octets: number
}

function queueFigures({ inFlight: running, waiting }: Readonly<QueueCounts>) {
  return { running, waiting }
}

/**
 * The ticket cache in numbers.
 *
 * @param counters - What has been done, and what waits.
 * @param kept - What is kept now, service tickets and evidence told apart.
 * @param refusals - What is remembered now.
 * @returns The numbers.
 */
export function ticketFigures(
  counters: TicketCounters,
  kept: Pick<TicketFigures, 'kept' | 'octets' | 'evidenceKept' | 'evidenceOctets'>,
  refusals: RefusalFigures,
): TicketFigures {
  const { hits, misses, refreshes, refreshFailures, standIns, refusalHits } = counters
  const { refused, flushed, ended, expired, pushedOut, queue } = counters
  return {
    ...{ hits, misses, refreshes, refreshFailures, standIns },
    evicted: { refused, flushed, ended, expired, pushedOut },
    ...kept,
    ...{ refusals, refusalHits, queue: queueFigures(queue) },
  }
}

/**
 * The accounts in numbers.
 *
 * @param counters - What has been done, what is kept and what waits.
 * @param refusals - What is remembered now.
 * @returns The numbers.
 */
export function accountFigures(
  counters: IdentityCounters,
  refusals: RefusalFigures,
): AccountFigures {
  const { hits, lookups, standIns, kept, refusalHits, queue } = counters
  return { hits, lookups, standIns, kept, refusals, refusalHits, queue: queueFigures(queue) }
}

/**
 * One service ticket, without its octets.
 *
 * @param ticket - The ticket.
 * @returns Whose and for what it is, and its times.
 */
export function cacheEntry(ticket: ListedTicket): CacheEntry {
  const { identity, spn, endMs, refreshFromMs, usedMs, octets } = ticket
  const { sAMAccountName, realm } = identity.account
  return {
    user: `${sAMAccountName}@${realm}`.slice(0, MAX_NAME),
    servicePrincipalName: spn.slice(0, MAX_NAME),
    expiresMs: endMs,
    ...(Number.isFinite(refreshFromMs) && { refreshFromMs: Math.round(refreshFromMs) }),
    lastUsedMs: usedMs,
    octets,
  }
}
