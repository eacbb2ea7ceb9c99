/**
 * `npm run bench:kerberos`: Sallyport's Kerberos client against npm kerberos and MIT Kerberos on the same machine, in the
 * same minutes, with the same ticket. The numbers that matter are ratios.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilSignal } from '../interrupt.ts'
import { firstTicketObstacle, measureFirstTicket } from './first-ticket.ts'
import { HELP, readOptions, type KerberosBenchOptions } from './options.ts'
import { plotTokenCost, type PlotPoint } from './plot.ts'
import { misses, summarize, table, type KerberosResults } from './report.ts'
import { makeSetting, type Setting } from './setting.ts'
import { measureTokens } from './token-contest.ts'
import { measureUsers, type UserResult, type UserResults } from './user-contest.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PLOT = join(ROOT, 'native-notes/kerberos-token-cost.svg')
/** A first ticket takes milliseconds, most of them the KDC's. */
const FIRST_TICKETS_PER_ROUND = 20

const began = performance.now()

function say(line: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6)
  console.log(`${seconds} s  ${line}`)
}

async function firstTicket(
  setting: Setting,
  rounds: number,
): Promise<KerberosResults['firstTicket']> {
  const obstacle = firstTicketObstacle(setting)
  if (obstacle === undefined) {
    say('a user’s first ticket: S4U2Self and S4U2Proxy, against kvno -U -P')
    return measureFirstTicket(setting, rounds * FIRST_TICKETS_PER_ROUND)
  }
  say(`left out: a user’s first ticket: ${obstacle}`)
  return undefined
}

async function measure(
  setting: Setting,
  { rounds, batchMs, users }: KerberosBenchOptions,
): Promise<KerberosResults> {
  const plan = { rounds, batchMs }
  say('tokens from one ticket, in turns')
  const tokens = await measureTokens(setting, plan)
  for (const missing of tokens.missing) say(`left out: ${missing}`)
  const first = await firstTicket(setting, rounds)
  say(`tickets of 1 to ${users} users`)
  return { tokens, firstTicket: first, users: await measureUsers(setting, users, plan) }
}

function plot({ costs, gssapi }: UserResults): void {
  const pointsOf = (results: readonly UserResult[]): readonly PlotPoint[] =>
    results.map(({ users, outcome }) => ({ users, us: outcome.cpuUs }))
  const lines = { Sallyport: pointsOf(costs), 'C on MIT GSS-API': pointsOf(gssapi) }
  writeFileSync(PLOT, plotTokenCost(lines, 'A Negotiate token, by the number of users'))
  say(`wrote ${PLOT}`)
}

async function bench(options: KerberosBenchOptions): Promise<boolean> {
  const packages = join(ROOT, 'docker/packages.sh')
  // Who is missing nevertheless is named below.
  spawnSync('bash', [packages, 'native', 'mit'], { stdio: 'inherit' })
  const setting = await makeSetting(options.lab, say)
  try {
    const results = await untilSignal(measure(setting, options))
    console.log(`\n${table(results)}\n`)
    if (options.plot) plot(results.users)
    const summary = summarize(results)
    const missed = misses(summary)
    for (const miss of missed) say(`missed: ${miss}`)
    const ok = missed.length === 0
    if (options.json) console.log(JSON.stringify({ ok, ...summary }))
    return ok
  } finally {
    await setting.remove()
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) console.log(HELP)
  else process.exitCode = (await bench(options)) ? 0 : 1
} catch (error) {
  say(`failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
