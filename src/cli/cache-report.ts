/**
 * How `sallyport cache show` tells people what connectors keep.
 *
 * @module
 */

import type { CacheReport, ConnectorAnswer } from '../gateway/index.ts'
import { columns, counted, printable } from '../platform/index.ts'
import type { AccountFigures, CacheContents, CacheEntry, TicketFigures } from '../tunnel/index.ts'

const HEAD = ['USER', 'SPN', 'EXPIRES', 'REFRESH DUE', 'LAST USED', 'BYTES'] as const

/** Numbers by name: `3 hits, 1 misses` reads badly in a list of many, `hits 3, misses 1` does not. */
function named(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, figure]) => `${name} ${figure}`)
    .join(', ')
}

function ticketLines(figures: TicketFigures): readonly (readonly [string, string])[] {
  const { hits, misses, refreshes, refreshFailures, standIns, evicted, queue } = figures
  const { refused, flushed, ended, expired, pushedOut } = evicted
  const { kept, octets, evidenceKept, evidenceOctets, refusals, refusalHits } = figures
  const evidence = `${counted(evidenceKept, 'evidence ticket')} of ${counted(evidenceOctets, 'byte')}`
  return [
    ['tickets', `${counted(kept, 'ticket')} of ${counted(octets, 'byte')}, ${evidence}`],
    ['requests', named({ hits, misses, 'used while no KDC answered': standIns })],
    ['renewals', named({ refreshes, failed: refreshFailures })],
    ['evicted', named({ refused, flushed, ended, expired, 'pushed out': pushedOut })],
    ['KDC refusals', `${named({ ...refusals })} remembered; ${named({ ...refusalHits })} repeated`],
    ['KDC exchanges', named({ 'under way': queue.running, waiting: queue.waiting })],
  ]
}

function accountLines(figures: AccountFigures): readonly (readonly [string, string])[] {
  const { hits, lookups, standIns, kept, refusals, refusalHits, queue } = figures
  const counts = named({ hits, 'look-ups': lookups, 'used while no server answered': standIns })
  return [
    ['accounts', `${counted(kept, 'account')}; ${counts}`],
    [
      'directory refusals',
      `${named({ ...refusals })} remembered; ${named({ ...refusalHits })} repeated`,
    ],
    ['directory look-ups', named({ 'under way': queue.running, waiting: queue.waiting })],
  ]
}

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

function row(entry: CacheEntry, nowMs: number): readonly string[] {
  const { user, servicePrincipalName, expiresMs, refreshFromMs, lastUsedMs, octets } = entry
  return [
    printable(user),
    printable(servicePrincipalName),
    expiresMs <= nowMs ? 'expired' : time(expiresMs),
    refreshFromMs === undefined ? '-' : time(refreshFromMs),
    time(lastUsedMs),
    String(octets),
  ]
}

function entryLines({ entries, more }: CacheContents, nowMs: number): readonly string[] {
  const rest =
    more === 0
      ? []
      : [
          `and ${more} more: choose with --user or --spn, or raise sso.cacheShowEntries of the connector`,
        ]
  if (entries.length === 0) return more === 0 ? ['no tickets to list'] : rest
  return [...columns([HEAD, ...entries.map((each) => row(each, nowMs))]), ...rest]
}

function contentLines(cache: CacheContents, nowMs: number): readonly string[] {
  if (cache.tickets === undefined) return ['a connector without Kerberos keeps no tickets']
  const figures = [
    ...ticketLines(cache.tickets),
    ...(cache.accounts ? accountLines(cache.accounts) : []),
  ]
  return [...columns(figures), '', ...entryLines(cache, nowMs)]
}

function problemLines({ code, message, mend }: NonNullable<ConnectorAnswer['problem']>) {
  return [
    `${code}: ${printable(message)}`,
    ...(mend === undefined ? [] : [`  mend: ${printable(mend)}`]),
  ]
}

/**
 * One connector's answer under its name.
 *
 * @param answer - Whose, and what was wrong.
 * @param told - What it said, line by line.
 * @returns Text, ended by a line break.
 */
export function underName(answer: ConnectorAnswer, told: readonly string[]): string {
  const { connector, group, version, problem } = answer
  const runs = version === undefined ? '' : `, version ${printable(version)}`
  const lines = [...told, ...(problem ? problemLines(problem) : [])]
  return [
    `connector ${printable(connector)} (group ${printable(group)}${runs})\n`,
    ...lines.map((line) => (line === '' ? '\n' : `  ${line}\n`)),
  ].join('')
}

/**
 * What connectors keep, as text.
 *
 * @param reports - Of each connector.
 * @param nowMs - Tickets that end before are past their end.
 * @returns Lines for a terminal, ended by a line break.
 */
export function formatCaches(reports: readonly CacheReport[], nowMs: number): string {
  return reports
    .map((report) => underName(report, report.cache ? contentLines(report.cache, nowMs) : []))
    .join('\n')
}
