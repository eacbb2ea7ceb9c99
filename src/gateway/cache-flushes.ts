/**
 * Connectors' caches emptied by an administrator of this host, and how much each has dropped.
 *
 * @module
 */

import { FLUSHED, type DroppedFigures } from '../tunnel/index.ts'
import type { CacheFilter } from './cache-reports.ts'
import { answerOf, needCapability, PATIENCE, type ConnectorAnswer } from './connector-answers.ts'
import type { LiveConnector } from './live-connector.ts'

/** What one connector has dropped. One of an older version drops it too, and has a problem: it cannot count. */
export interface FlushReport extends ConnectorAnswer {
  readonly dropped?: DroppedFigures
}

/** What became of a flush. */
export interface FlushAnswer {
  readonly connectedTunnels: number
  readonly connectors: readonly FlushReport[]
}

async function flush(live: LiveConnector, filter: CacheFilter) {
  const { session } = live
  if (!session.peer.capabilities.includes(FLUSHED))
    session.sendControl({ type: 'flush', ...filter })
  needCapability(
    live,
    FLUSHED,
    'this connector has been told, but its version cannot say what it dropped',
  )
  const { dropped } = await live.flushes.ask((id) => {
    session.sendControl({ type: 'flush', id, ...filter })
  }, PATIENCE)
  return { dropped }
}

function sum(one: DroppedFigures, other: DroppedFigures): DroppedFigures {
  return {
    tickets: one.tickets + other.tickets,
    evidence: one.evidence + other.evidence,
    accounts: one.accounts + other.accounts,
    kdcRefusals: one.kdcRefusals + other.kdcRefusals,
    directoryRefusals: one.directoryRefusals + other.directoryRefusals,
  }
}

function together(one: FlushReport, other: FlushReport): FlushReport {
  const dropped = one.dropped && other.dropped ? sum(one.dropped, other.dropped) : one.dropped
  return { ...one, ...other, ...(dropped && { dropped }) }
}

/**
 * Tells all tunnels at once: two of one connector may lead to two processes.
 *
 * @param tunnels - All that are up.
 * @param filter - What is dropped.
 * @returns For each connector what it dropped, or why it did not say.
 */
export async function flushCaches(
  tunnels: readonly LiveConnector[],
  filter: CacheFilter,
): Promise<FlushAnswer> {
  const connectors = new Map<string, FlushReport>()
  const reports = tunnels.map((live) => answerOf(live, () => flush(live, filter)))
  for (const report of await Promise.all(reports)) {
    const earlier = connectors.get(report.connector)
    connectors.set(report.connector, earlier ? together(earlier, report) : report)
  }
  return { connectedTunnels: tunnels.length, connectors: [...connectors.values()] }
}
