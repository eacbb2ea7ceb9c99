/** What the command line of the bench says. */
import { parseArgs } from 'node:util'

/** How the bench is run. */
export interface BenchOptions {
  /** One JSON object as the last line. */
  readonly json: boolean
  /** Seconds of each load. */
  readonly seconds: number
  /** How often each is measured, in turns. */
  readonly rounds: number
  readonly connections: number
  /** Leave out single sign-on: no domain is started. */
  readonly lab: boolean
}

export const HELP = `npm run bench                  Sallyport against nginx on this machine, five minutes, as root
npm run bench -- --json        the last line is one JSON object
               --seconds N     of each load (default 4)
               --rounds N      measured in turns (default 5)
               --connections N kept alive by the load generator (default 64)
               --no-lab        without single sign-on: starts no domain`

/** A whole number of an option. */
export function positive(text: string, name: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new RangeError(`--${name} must be a whole number above 0, got '${text}'`)
}

/** Reads the arguments; undefined: help was asked for. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      json: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '64' },
      lab: { type: 'boolean', default: true },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  return {
    json: values.json,
    lab: values.lab,
    seconds: positive(values.seconds, 'seconds'),
    rounds: positive(values.rounds, 'rounds'),
    connections: positive(values.connections, 'connections'),
  }
}
