/**
 * How `sallyport cache flush` tells people what connectors have dropped.
 *
 * @module
 */

import type { CacheFilter, CacheReport, FlushAnswer, FlushReport } from '../gateway/index.ts'
import { columns, counted, printable } from '../platform/index.ts'
import type { DroppedFigures } from '../tunnel/index.ts'
import { underName } from './cache-report.ts'
import { nearService, nearUser } from './near-names.ts'

/** Names that look alike; nobody reads more. */
const MAX_NEAR = 5

function droppedLine(dropped: DroppedFigures): string {
  const { tickets, evidence, accounts, kdcRefusals, directoryRefusals } = dropped
  const kinds = [
    counted(tickets, 'ticket'),
    counted(evidence, 'evidence ticket'),
    counted(accounts, 'account'),
    counted(kdcRefusals, 'KDC refusal'),
    counted(directoryRefusals, 'directory refusal'),
  ]
  return `dropped ${kinds.join(', ')}`
}

/**
 * What connectors have dropped, as text.
 *
 * @param answer - Of the gateway.
 * @returns Lines for a terminal, ended by a line break.
 */
export function formatFlush({ connectedTunnels, connectors }: FlushAnswer): string {
  if (connectedTunnels === 0) return 'no connector is connected, so nothing is cached\n'
  if (connectors.length === 0) {
    return 'connectors have been told; the running gateway is of an older version, and cannot say what they dropped\n'
  }
  return connectors
    .map((report) => underName(report, report.dropped ? [droppedLine(report.dropped)] : []))
    .join('')
}

function isNothing({ dropped }: FlushReport): boolean {
  return dropped !== undefined && Object.values(dropped).every((figure) => figure === 0)
}

/**
 * Whether it is certain that nothing was there.
 *
 * @param answer - Of the gateway.
 * @returns False also where a connector could not say.
 */
export function droppedNothing({ connectors }: FlushAnswer): boolean {
  return connectors.length > 0 && connectors.every(isNothing)
}

function looksAlike({ user, servicePrincipalName }: CacheFilter) {
  return (entry: Required<CacheFilter>): boolean =>
    (user === undefined || nearUser(user, entry.user)) &&
    (servicePrincipalName === undefined ||
      nearService(servicePrincipalName, entry.servicePrincipalName))
}

/**
 * Why a filter may have matched nothing.
 *
 * @param filter - The filter.
 * @param reports - What connectors keep.
 * @returns Lines for a terminal, ended by a line break.
 */
export function formatNoMatch(filter: CacheFilter, reports: readonly CacheReport[]): string {
  const given = Object.values(filter).map(printable).join(' for ')
  const entries = reports.flatMap(({ cache }) => cache?.entries ?? []).filter(looksAlike(filter))
  const rows = entries.map((each) => [printable(each.user), printable(each.servicePrincipalName)])
  const alike = [...new Set(columns(rows))].slice(0, MAX_NEAR)
  const likely =
    alike.length > 0
      ? [
          'it may be spelt otherwise, or be of another realm; what is kept and looks alike:',
          ...alike,
        ]
      : ['nothing was kept of it, or it is spelt otherwise: `sallyport cache show` lists the names']
  return [`nothing matched ${given}`, ...likely.map((line) => `  ${line}`), ''].join('\n')
}
