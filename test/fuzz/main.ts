/**
 * `npm run fuzz`: mutates real messages and feeds them to every decoder.
 *
 *     npm run fuzz                                   all targets, a million inputs each
 *     npm run fuzz -- --list                         their names
 *     npm run fuzz -- --target kerberos --inputs 50000 those whose name begins so
 *     npm run fuzz -- --seed 12345                   the same inputs again
 *     npm run fuzz -- --growth                       longer and longer inputs of many shapes instead
 *     npm run fuzz -- --help
 *
 * A finding is an input that makes a decoder throw anything but the room's own error, take more than 10 ms of CPU
 * (half a second for a configuration file), hang,
 * hold memory, or give a value that does not come back from its own encoding. Ends with status 1 when there is one.
 */

import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { systemRandom } from '../../src/platform/io/index.ts'
import { findSteep } from './growth.ts'
import type { Target } from './target.ts'
import { TARGETS } from './targets/index.ts'
import { NOW_HEAD, type Assignment, type Message } from './worker.ts'

const HELP = `npm run fuzz -- [options]: mutates real messages and feeds them to every decoder; ends with 1 when something is found

  --target NAME   targets whose name begins so, or is this; may be given several times (default all)
  --inputs N      inputs for each target (default 1000000)
  --seed N        the same inputs again (default by chance, printed)
  --growth        instead looks for inputs that cost more time than their length explains
  --list          prints the names of the targets
`

/** An input that takes this long will not end. */
const HANG_MS = 20_000
/** Growth over a whole run that is a leak and not a warm cache. */
const MAX_GROWN_OCTETS = 32 * 1024 * 1024
/** Most that one input may make the process hold for a moment. */
const MAX_RESIDENT_KIB = 512 * 1024
const SHOWN_OCTETS = 2000

/** What a target's thread said last. */
type Latest = Omit<Message, 'done'> & { readonly name: string }

interface Result {
  readonly name: string
  readonly latest: Latest | undefined
  readonly faults: readonly string[]
}

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    target: { type: 'string', multiple: true },
    growth: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value
  throw new RangeError(`--${name} must be a whole number below 2^32, not ${text}`)
}

function chosen(): readonly Target[] {
  const wanted = values.target
  if (wanted === undefined) return TARGETS
  const exact = TARGETS.filter(({ name }) => wanted.includes(name))
  if (exact.length === wanted.length) return exact
  const found = TARGETS.filter(({ name }) => wanted.some((prefix) => name.startsWith(prefix)))
  if (found.length > 0) return found
  throw new RangeError(`no target is called ${wanted.join(' or ')}; --list names them`)
}

function hex(octets: Uint8Array): string {
  const shown = Buffer.from(octets.subarray(0, SHOWN_OCTETS)).toString('hex')
  return octets.length > SHOWN_OCTETS ? `${shown}… (${octets.length} octets)` : shown
}

function kib(octets: number): string {
  return `${Math.round(octets / 1024)} KiB`
}

function line({ name, outcome, grownOctets, grownRss }: Latest): string {
  const { runs, accepted, kinds, medianUs, worstMs, worstOctets, findings } = outcome
  const worst =
    worstMs === 0 ? 'most below 50' : `most ${(worstMs * 1000).toFixed(0)} (${worstOctets} octets)`
  return [
    `${name}: ${runs} inputs, ${accepted} accepted, ${kinds} ways to refuse`,
    `microseconds: median ${medianUs.toFixed(1)}, ${worst}`,
    `grown: ${kib(grownOctets)} held, ${kib(grownRss)} resident`,
    findings.length === 0 ? 'ok' : `${findings.length} FINDINGS`,
  ].join('; ')
}

/** Watches that the thread comes on. */
function watch(now: SharedArrayBuffer, onHang: (run: number, input: Uint8Array) => void) {
  const numbers = new Int32Array(now, 0, 3)
  let last = -1
  return setInterval(() => {
    const run = Atomics.load(numbers, 0)
    const input = new Uint8Array(now, NOW_HEAD, Atomics.load(numbers, 1))
    // Making a slow input small takes many trials, each of which counts.
    const trials = Atomics.load(numbers, 2)
    if (trials === last && run > 0) onHang(run, new Uint8Array(input))
    last = trials
  }, HANG_MS)
}

function fuzzInThread(target: Target, runs: number, seed: number): Promise<Result> {
  const { name } = target
  const now = new SharedArrayBuffer(NOW_HEAD + target.maxOctets)
  const assignment: Assignment = { name, runs, seed, now }
  const residentKib = process.resourceUsage().maxRSS
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: assignment })
  return new Promise((resolve) => {
    let latest: Latest | undefined
    const faults: string[] = []
    const watcher = watch(now, (run, input) => {
      faults.push(`hangs at run ${run}: ${hex(input)}`)
      void worker.terminate()
    })
    worker.on('message', (message: Message) => {
      latest = { ...message, name }
      if (!message.done) console.log(`  ${line(latest)}`)
    })
    worker.on('error', (error: Error) => faults.push(`the thread died: ${error.message}`))
    worker.on('exit', () => {
      clearInterval(watcher)
      const grownOctets = latest?.grownOctets ?? 0
      if (grownOctets > MAX_GROWN_OCTETS) faults.push('memory grows')
      const moreKib = process.resourceUsage().maxRSS - residentKib
      if (moreKib > MAX_RESIDENT_KIB) faults.push(`the process grew by ${moreKib} KiB at times`)
      resolve({ name, latest, faults })
    })
  })
}

/** Places of a seed at which something is put in. */
const GROWTH_PLACES = 40

/** Tries each target with inputs of every shape, short and long ones. */
function tellGrowth(targets: readonly Target[]): number {
  let found = 0
  for (const target of targets) {
    let tried = 0
    const steep = findSteep(target, GROWTH_PLACES, () => (tried += 1))
    const { shape, octets, ms, times } = steep ?? {}
    if (steep) found += 1
    console.log(`${target.name}: ${tried} shapes; ${steep ? '1 FINDING' : 'ok'}`)
    if (!steep) continue
    const took = `${ms?.toFixed(1)} ms for ${octets} octets, ${times?.toFixed(0)} times as long`
    console.log(`FINDING ${target.name}: ${took} as for a sixteenth of them: ${shape}`)
  }
  return found
}

/** Prints what was found. */
function tell({ name, latest, faults }: Result, seed: number): number {
  if (latest) console.log(line(latest))
  for (const fault of faults) console.log(`FINDING ${name}, seed ${seed}: ${fault}`)
  for (const { kind, run, what, input } of latest?.outcome.findings ?? []) {
    console.log(`FINDING ${name}, seed ${seed}, run ${run}: ${kind}: ${what}\n  ${hex(input)}`)
  }
  return faults.length + (latest?.outcome.findings.length ?? 0)
}

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (values.list) {
    for (const { name } of TARGETS) console.log(name)
    return 0
  }
  setFlagsFromString('--expose-gc')
  const runs = wholeNumber('inputs', values.inputs)
  const drawn = String(Buffer.from(systemRandom.bytes(4)).readUInt32LE())
  const seed = wholeNumber('seed', values.seed ?? drawn)
  const targets = chosen()
  if (values.growth) return tellGrowth(targets)
  console.log(`seed ${seed}, ${targets.length} targets, ${runs} inputs each`)
  let found = 0
  for (const target of targets) found += tell(await fuzzInThread(target, runs, seed), seed)
  console.log(`${found} findings in ${targets.length} targets`)
  return found
}

process.exitCode = (await main()) > 0 ? 1 : 0
