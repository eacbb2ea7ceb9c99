/** What the Kerberos bench says at its end: a table for a page, and one object for a program. */
import { timesFaster, type Outcome } from './contest.ts'
import type { Batch } from './loop.ts'
import type { FirstTicketResult } from './first-ticket.ts'
import type { TokenResults, TokenWay } from './token-contest.ts'
import type { UserResult, UserResults } from './user-contest.ts'

/** All that was measured. */
export interface KerberosResults {
  readonly tokens: TokenResults
  readonly firstTicket: FirstTicketResult | undefined
  readonly users: UserResults
}

/** Numbers that others depend on; a peer that was not there leaves its keys out. */
export type Summary = Readonly<Record<string, number | undefined>>

/** What is aimed at: at least, or at most. */
const TARGETS: Readonly<Record<string, { readonly least?: number; readonly most?: number }>> = {
  tokenVsNpmKerberos1: { least: 20 },
  tokenVsNpmKerberos64: { least: 10 },
  tokenVsGssapi: { least: 2.5 },
  firstTicketVsKvno: { most: 0.6 },
}

const WALL = ({ wallUs }: Batch): number => wallUs
const CPU = ({ cpuUs }: Batch): number => cpuUs

function rounded(value: number | undefined, digits: number): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(digits))
}

function faster(
  { outcomes }: TokenResults,
  [ours, theirs]: readonly [TokenWay, TokenWay],
  pick = WALL,
): number | undefined {
  const [one, other] = [outcomes[ours], outcomes[theirs]]
  if (one === undefined || other === undefined) return undefined
  return rounded(timesFaster(one, other, pick), 2)
}

/** The numbers. Times of one thread are CPU time; a ratio to npm kerberos, which uses several, is of real time. */
export function summarize({ tokens, firstTicket, users }: KerberosResults): Summary {
  const cpuUs = (outcome: Outcome | undefined): number | undefined => rounded(outcome?.cpuUs, 2)
  const { outcomes } = tokens
  const own = outcomes.sallyport
  const most = users.costs.at(-1)?.outcome
  const peer = users.gssapi.at(-1)?.outcome
  return {
    tokenVsNpmKerberos1: faster(tokens, ['sallyportHeader', 'npmKerberos']),
    tokenVsNpmKerberos64: faster(tokens, ['sallyportHeader64', 'npmKerberos64']),
    tokenVsGssapi: faster(tokens, ['sallyport', 'gssapi']),
    tokenVsGssapiBound: faster(tokens, ['sallyportBound', 'gssapiBound']),
    tokenVsGssapiFile: faster(tokens, ['sallyport', 'gssapiFile']),
    tokenVsNpmKerberos1Cpu: faster(tokens, ['sallyportHeader', 'npmKerberos'], CPU),
    tokenVsNpmKerberos64Cpu: faster(tokens, ['sallyportHeader64', 'npmKerberos64'], CPU),
    tokenVsGssapiCpu: faster(tokens, ['sallyport', 'gssapi'], CPU),
    firstTicketVsKvno: rounded(firstTicket?.ratio, 3),
    firstTicketArmoredVsKvno: rounded(firstTicket?.armoredRatio, 3),
    tokensPerSecond: own && Math.round(1e6 / own.cpuUs),
    tokenUs: cpuUs(own),
    tokenBoundUs: cpuUs(outcomes.sallyportBound),
    bytesPerTicket: users.memory.resident,
    bytesPerTicketHeap: users.memory.heap,
    bytesPerTicketDer: users.memory.ticket,
    bytesPerUser: users.withEvidence.resident,
    tokenUs1User: cpuUs(users.costs[0]?.outcome),
    tokenUs100kUsers: cpuUs(most),
    tokenVsGssapi100kUsers: most && peer && rounded(timesFaster(most, peer, CPU), 2),
    gssapiUs1User: cpuUs(users.gssapi[0]?.outcome),
    gssapiUs100kUsers: cpuUs(peer),
    firstTicketMs: rounded(firstTicket?.oursMs, 2),
    kvnoMs: rounded(firstTicket?.kvnoMs, 2),
  }
}

/** Which targets are missed, each with what it is; a number that is not there is missed too. */
export function misses(summary: Summary): readonly string[] {
  return Object.entries(TARGETS).flatMap(([name, { least, most }]) => {
    const value = summary[name]
    if (value === undefined) return [`${name} was not measured`]
    if (least !== undefined && value < least) return [`${name} is ${value}, below ${least}`]
    if (most !== undefined && value > most) return [`${name} is ${value}, above ${most}`]
    return []
  })
}

const NAMES: Readonly<Record<TokenWay, string>> = {
  sallyport: 'Sallyport',
  sallyportBound: 'Sallyport, with channel binding',
  sallyportHeader: 'Sallyport, as a header in base64',
  sallyportHeader64: 'Sallyport, as a header, 64 in flight',
  npmKerberos: 'npm `kerberos`',
  npmKerberos64: 'npm `kerberos`, 64 in flight',
  gssapi: 'C on MIT GSS-API, cache in memory',
  gssapiBound: 'C on MIT GSS-API, with channel binding',
  gssapiFile: 'C on MIT GSS-API, cache in a file',
}

/** Each way's own counterpart among ours. */
const AGAINST: Readonly<Partial<Record<TokenWay, TokenWay>>> = {
  npmKerberos: 'sallyportHeader',
  npmKerberos64: 'sallyportHeader64',
  gssapi: 'sallyport',
  gssapiBound: 'sallyportBound',
  gssapiFile: 'sallyport',
}

function tokenRow(results: TokenResults, way: TokenWay): string[] {
  const outcome = results.outcomes[way]
  if (outcome === undefined) return []
  const ours = AGAINST[way]
  const ratio = ours === undefined ? undefined : faster(results, [ours, way])
  const cells = [
    NAMES[way],
    outcome.wallUs.toFixed(1),
    outcome.cpuUs.toFixed(1),
    ratio === undefined ? '' : `${ratio.toFixed(1)} times slower`,
  ]
  return [`| ${cells.join(' | ')} |`]
}

function userRow(who: string, { users, outcome }: UserResult): string {
  return `| ${users.toLocaleString('en')} users${who} | ${outcome.cpuUs.toFixed(1)} |`
}

/** The table, in Markdown. */
export function table({ tokens, firstTicket, users }: KerberosResults): string {
  const ways = Object.keys(NAMES) as TokenWay[]
  const { memory, withEvidence } = users
  const lines = [
    '| a Negotiate token from a ticket at hand | µs | CPU-µs | than Sallyport |',
    '| --- | ---: | ---: | ---: |',
    ...ways.flatMap((way) => tokenRow(tokens, way)),
    '',
    '| tickets kept of | CPU-µs of a token |',
    '| ---: | ---: |',
    ...users.costs.map((cost) => userRow('', cost)),
    ...users.gssapi.map((cost) => userRow(', C on MIT GSS-API', cost)),
    '',
    `A ticket of ${memory.ticket} octets takes ${memory.resident} octets of memory with all that tokens share, ${withEvidence.resident} with the user’s evidence ticket.`,
  ]
  if (firstTicket !== undefined) {
    const { oursMs, kvnoMs, ratio, armoredRatio } = firstTicket
    lines.push(
      `A user’s first ticket (S4U2Self, S4U2Proxy): ${oursMs.toFixed(1)} ms; kvno -U -P: ${kvnoMs.toFixed(1)} ms; ratio ${ratio.toFixed(2)}, under armour ${armoredRatio.toFixed(2)}.`,
    )
  }
  return lines.join('\n')
}
