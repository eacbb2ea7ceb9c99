/** What the command line of the ticket bench says. */
import { parseArgs } from 'node:util'
import { positive } from '../options.ts'

/** How the bench is run. */
export interface TicketBenchOptions {
  /** One JSON object as the last line. */
  readonly json: boolean
  /** Users who arrive in one second. */
  readonly users: number
  /** Users who have tickets, and go on. */
  readonly holders: number
  /** How long a KDC needs for an exchange, milliseconds. */
  readonly kdcMs: number
  /** Exchanges that the KDCs work on at a time. */
  readonly served: number
}

export const HELP = `npm run bench:tickets                 users who arrive in one second, beside users with tickets; half a minute
npm run bench:tickets -- --json       the last line is one JSON object
                       --users N      who arrive (default 10000)
                       --holders N    who have tickets already (default 200)
                       --kdc-ms N     an exchange takes a KDC (default 8)
                       --served N     exchanges that the KDCs work on at a time (default 16)`

/** Reads the arguments; undefined: help was asked for. */
export function readOptions(args: readonly string[]): TicketBenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      users: { type: 'string', default: '10000' },
      holders: { type: 'string', default: '200' },
      'kdc-ms': { type: 'string', default: '8' },
      served: { type: 'string', default: '16' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  return {
    json: values.json,
    users: positive(values.users, 'users'),
    holders: positive(values.holders, 'holders'),
    kdcMs: positive(values['kdc-ms'], 'kdc-ms'),
    served: positive(values.served, 'served'),
  }
}
