/** What the command line of the Kerberos bench says. */
import { parseArgs } from 'node:util'
import { positive } from '../options.ts'

/** How the bench is run. */
export interface KerberosBenchOptions {
  /** One JSON object as the last line. */
  readonly json: boolean
  /** Writes the plot. */
  readonly plot: boolean
  /** Without a domain: tickets are made up, and a user's first ticket is left out. */
  readonly lab: boolean
  /** How often each is measured, in turns. */
  readonly rounds: number
  /** Milliseconds of each batch. */
  readonly batchMs: number
  /** Most users. */
  readonly users: number
}

export const HELP = `npm run bench:kerberos                 tokens and tickets against MIT Kerberos and npm kerberos, five minutes, as root
npm run bench:kerberos -- --json       the last line is one JSON object
                        --plot         writes native-notes/kerberos-token-cost.svg
                        --rounds N     measured in turns (default 11)
                        --batch-ms N   of each batch of tokens (default 300)
                        --users N      most users whose tickets are kept (default 100000)
                        --no-lab       without a domain: tickets are made up, first tickets left out`

/** Reads the arguments; undefined: help was asked for. */
export function readOptions(args: readonly string[]): KerberosBenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      json: { type: 'boolean', default: false },
      plot: { type: 'boolean', default: false },
      lab: { type: 'boolean', default: true },
      rounds: { type: 'string', default: '11' },
      'batch-ms': { type: 'string', default: '300' },
      users: { type: 'string', default: '100000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  return {
    ...{ json: values.json, plot: values.plot, lab: values.lab },
    rounds: positive(values.rounds, 'rounds'),
    batchMs: positive(values['batch-ms'], 'batch-ms'),
    users: positive(values.users, 'users'),
  }
}
