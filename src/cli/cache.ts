/**
 * `sallyport cache`: what the connectors keep of users, shown and forgotten.
 *
 * @module
 */

import { Command } from 'commander'
import type { CacheFilter, CacheReport, FlushAnswer } from '../gateway/index.ts'
import { ask, withConfig, type AdminOptions } from './admin-socket.ts'
import { formatCaches } from './cache-report.ts'
import { droppedNothing, formatFlush, formatNoMatch } from './flush-report.ts'
import { say, sayJson } from './output.ts'

interface CacheOptions extends AdminOptions {
  readonly user?: string
  readonly spn?: string
}

/** A connector that does as it is told and cannot count. */
const OLD = 'ERR_GATEWAY_CONNECTOR_OLD'

const FLUSH_HELP = `
For changes in the directory that are to count at once (groups, a disabled account, delegation); cached tickets else live up to an hour.
Refusals that are remembered for a while are forgotten too. Nobody has to sign in again. Tells for each connector how much it dropped, and
where a filter matched nothing, which names it keeps that look alike. The gateway has to be running on this host.

Examples:
  $ sallyport cache flush --config gateway.yaml
  $ sallyport cache flush --user alice@corp.example
  $ sallyport cache flush --spn HTTP/intranet.corp.example

Exit status: 0 done, also where nothing matched; 1 a connector did not answer; 2 wrong command line.`

const SHOW_HELP = `
For each connector: requests that found a ticket or had to wait for one, renewals, what was dropped and why, refusals that are remembered,
exchanges with domain controllers under way and waiting; then the service tickets, used last first. Never a key or a ticket itself.
Numbers are about everything, the filters choose tickets. A connector lists as many as its setting sso.cacheShowEntries allows (100).
The gateway has to be running on this host.

Examples:
  $ sallyport cache show --config gateway.yaml
  $ sallyport cache show --user alice@corp.example
  $ sallyport cache show --spn HTTP/intranet.corp.example --json

Exit status: 0 done, 1 a connector did not answer or none is connected, 2 wrong command line.`

function filterOf({ user, spn }: CacheOptions): CacheFilter {
  return {
    ...(user === undefined ? {} : { user }),
    ...(spn === undefined ? {} : { servicePrincipalName: spn }),
  }
}

function withFilter(command: Command): Command {
  return withConfig(command)
    .option(
      '-u, --user <name>',
      'those of one user only: sAMAccountName, UPN or SID, or the login that was refused',
    )
    .option('-s, --spn <name>', 'those for one service principal name only')
}

function reportsOn(options: AdminOptions, filter: CacheFilter) {
  const question = { method: 'POST', path: '/cache/show', body: filter } as const
  return ask(options, question) as Promise<readonly CacheReport[]>
}

/** Whose name may have been meant: those of the same name, whatever the realm, then those used last. */
async function namesKept(options: CacheOptions): Promise<readonly CacheReport[]> {
  const [name = ''] = (options.user ?? '').replace(/^.*\\/, '').split('@')
  const ofName = name === '' ? [] : await reportsOn(options, { user: name })
  return [...ofName, ...(await reportsOn(options, {}))]
}

/** A running gateway of an older version tells how many tunnels it has, and no more. */
type GivenAnswer = Pick<FlushAnswer, 'connectedTunnels'> & Partial<FlushAnswer>

async function runFlush(options: CacheOptions & { json?: boolean }): Promise<void> {
  const filter = filterOf(options)
  const question = { method: 'POST', path: '/cache/flush', body: filter } as const
  const given = (await ask(options, question)) as GivenAnswer
  const answer = { connectors: [], ...given }
  const unheard = answer.connectors.some(({ problem }) => problem && problem.code !== OLD)
  if (unheard) process.exitCode = 1
  if (options.json) {
    sayJson(given)
    return
  }
  say(formatFlush(answer))
  if (Object.keys(filter).length === 0 || !droppedNothing(answer)) return
  say(formatNoMatch(filter, await namesKept(options)))
}

function flushCommand(): Command {
  return withFilter(new Command('flush'))
    .description('make every connector forget cached identities and tickets')
    .option('--json', 'for machines: what each connector dropped')
    .addHelpText('after', FLUSH_HELP)
    .action(runFlush)
}

function showCommand(): Command {
  return withFilter(new Command('show'))
    .description('what every connector keeps: counters, and a table of tickets')
    .option('--json', 'for machines; times are milliseconds since 1970')
    .addHelpText('after', SHOW_HELP)
    .action(async (options: CacheOptions & { json?: boolean }) => {
      const reports = await reportsOn(options, filterOf(options))
      if (options.json) sayJson(reports)
      else say(formatCaches(reports, Date.now()))
      if (reports.some(({ problem }) => problem !== undefined)) process.exitCode = 1
    })
}

/**
 * The commands about the connectors' caches.
 *
 * @returns `cache show` and `cache flush`.
 */
export function cacheCommand(): Command {
  return new Command('cache')
    .description("connectors' caches")
    .addCommand(showCommand())
    .addCommand(flushCommand())
}
