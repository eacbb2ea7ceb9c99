/** Feeds one target with mutated inputs and writes down what must not happen. */

import { performance } from 'node:perf_hooks'
import { errorCode } from '../../src/platform/index.ts'
import { cpuMs } from './cpu-time.ts'
import { mutate } from './mutate.ts'
import { generator, type Below } from './random.ts'
import type { Target } from './target.ts'

/** Something that must not happen. */
export interface Finding {
  readonly kind: 'error' | 'value' | 'slow'
  readonly run: number
  readonly what: string
  /** The input, made as small as was easy. */
  readonly input: Uint8Array
}

/** What came of a target. */
export interface Outcome {
  readonly runs: number
  /** Inputs that were accepted. */
  readonly accepted: number
  /** Kinds of answers: how far mutations get. */
  readonly kinds: number
  /** By the clock, microseconds; 0 where nothing was timed. */
  readonly medianUs: number
  /** Slowest input, CPU milliseconds, measured again. */
  readonly worstMs: number
  readonly worstOctets: number
  readonly findings: readonly Finding[]
}

/** How to run. */
export interface FuzzOptions {
  readonly runs: number
  readonly seed: number
  /** Measure time; a test that runs beside others does not. */
  readonly timed: boolean
  /** Told before each run. */
  readonly onRun?: (run: number, input: Uint8Array) => void
  /** Told of every further trial of an input: measured again, made small. */
  readonly onTrial?: () => void
  /** Told now and then. */
  readonly onProgress?: (sofar: Outcome) => void
}

const MAX_POOL = 400
const MAX_SIGNATURES = 1000
const MAX_FINDINGS = 8
const PROGRESS_EVERY = 100_000
/** Faster ones are not measured again. */
const WORTH_MEASURING_MS = 0.05
/** Inputs this long do not breed: the pool would only grow slower. */
const MAX_POOL_INPUT = 8192

/** What one input did. */
interface Trial {
  readonly state: 'accepted' | 'refused' | 'fault'
  readonly kind: Finding['kind']
  readonly what: string
  readonly tookMs: number
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${typeof error}`
  return `${error.name} ${errorCode(error)}: ${error.message}`.slice(0, 300)
}

/** The kind of an answer: its text without numbers and values. */
function signature(text: string): string {
  return text.replace(/0x[0-9a-f]+|\d+|"[^"]*"|'[^']*'/gi, '#').slice(0, 120)
}

function tryInput(target: Target, input: Uint8Array, timed: boolean): Trial {
  const started = timed ? performance.now() : 0
  let tookMs = 0
  try {
    const verify = target.decode(input)
    if (timed) tookMs = performance.now() - started
    const fault = verify()
    if (fault !== undefined) return { state: 'fault', kind: 'value', what: fault, tookMs }
    return { state: 'accepted', kind: 'value', what: 'accepted', tookMs }
  } catch (error) {
    if (timed && tookMs === 0) tookMs = performance.now() - started
    const state = target.isRefusal(error) ? 'refused' : 'fault'
    return { state, kind: 'error', what: textOf(error), tookMs }
  }
}

/** Takes parts out as long as the finding stays. */
function shrink(input: Uint8Array, stays: (smaller: Uint8Array) => boolean, tries: number): Buffer {
  let best = Buffer.from(input)
  let left = tries
  for (let size = Math.floor(best.length / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= best.length && left > 0; left -= 1) {
      const smaller = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      if (stays(smaller)) best = smaller
      else at += size
    }
  }
  return best
}

/** Times of decoding in steps of half a microsecond; the last step holds all longer ones. */
class Times {
  readonly #counts = new Uint32Array(20_000)
  #sum = 0

  add(tookMs: number): void {
    const step = Math.min(this.#counts.length - 1, Math.floor(tookMs * 2000))
    this.#counts[step] = (this.#counts[step] ?? 0) + 1
    this.#sum += 1
  }

  medianUs(): number {
    let below = 0
    for (const [step, count] of this.#counts.entries()) {
      below += count
      if (below * 2 >= this.#sum) return this.#sum === 0 ? 0 : (step + 1) / 2
    }
    return 0
  }
}

/** One target's run. */
class Campaign {
  readonly #target: Target
  readonly #options: FuzzOptions
  readonly #below: Below
  readonly #pool: Uint8Array[]
  readonly #seeds: number
  readonly #known = new Set<string>()
  readonly #reported = new Set<string>()
  readonly #findings: Finding[] = []
  readonly #times = new Times()
  #accepted = 0
  #worstMs = 0
  #worstOctets = 0

  constructor(target: Target, options: FuzzOptions) {
    this.#target = target
    this.#options = options
    this.#below = generator(options.seed, target.name)
    this.#pool = [...target.seeds]
    this.#seeds = target.seeds.length
  }

  outcome(runs: number): Outcome {
    return {
      runs,
      accepted: this.#accepted,
      kinds: this.#known.size,
      medianUs: this.#options.timed ? this.#times.medianUs() : 0,
      worstMs: this.#worstMs,
      worstOctets: this.#worstOctets,
      findings: this.#findings,
    }
  }

  run(number: number): void {
    const input = number < this.#seeds ? this.#parent(number) : this.#nextInput()
    this.#options.onRun?.(number, input)
    const trial = tryInput(this.#target, input, this.#options.timed)
    if (this.#options.timed) this.#times.add(trial.tookMs)
    if (trial.state === 'accepted') this.#accepted += 1
    if (trial.state === 'fault') this.#report(number, input, trial)
    else this.#learn(input, trial)
    if (trial.tookMs > WORTH_MEASURING_MS && trial.tookMs > this.#worstMs) {
      this.#measure(number, input, trial)
    }
  }

  #parent(index: number): Uint8Array {
    return this.#pool[index] ?? new Uint8Array(0)
  }

  #nextInput(): Uint8Array {
    const below = this.#below
    const parent = this.#parent(below(2) === 0 ? below(this.#seeds) : below(this.#pool.length))
    const donor = Buffer.from(this.#parent(below(this.#pool.length)))
    return mutate(parent, { below, target: this.#target, donor })
  }

  /** An answer of a new kind: its input is worth building on. */
  #learn(input: Uint8Array, trial: Trial): void {
    if (trial.state === 'accepted' && this.#below(64) > 0) return
    const kind = trial.state === 'accepted' ? '' : signature(trial.what)
    if (kind !== '' && (this.#known.has(kind) || this.#known.size >= MAX_SIGNATURES)) return
    if (kind !== '') this.#known.add(kind)
    if (input.length > MAX_POOL_INPUT) return
    const kept = new Uint8Array(input)
    if (this.#pool.length < MAX_POOL) this.#pool.push(kept)
    else this.#pool[this.#seeds + this.#below(MAX_POOL - this.#seeds)] = kept
  }

  #report(run: number, input: Uint8Array, trial: Trial): void {
    const kind = `${trial.kind} ${signature(trial.what)}`
    if (this.#reported.has(kind) || this.#findings.length >= MAX_FINDINGS) return
    this.#reported.add(kind)
    const small = shrink(
      input,
      (smaller) => {
        this.#options.onTrial?.()
        const again = tryInput(this.#target, smaller, false)
        return again.state === 'fault' && `${again.kind} ${signature(again.what)}` === kind
      },
      3000,
    )
    const { what } = tryInput(this.#target, small, false)
    this.#findings.push({ kind: trial.kind, run, what, input: small })
  }

  #cpuMs(input: Uint8Array, times: number): number {
    return cpuMs(this.#target, input, { times, slowMs: this.#target.maxCpuMs })
  }

  #measure(run: number, input: Uint8Array, trial: Trial): void {
    const ms = Math.min(trial.tookMs, this.#cpuMs(input, trial.tookMs > 1000 ? 1 : 8))
    if (ms <= this.#worstMs) return
    this.#worstMs = ms
    this.#worstOctets = input.length
    if (ms <= this.#target.maxCpuMs || this.#reported.has('slow')) return
    this.#reported.add('slow')
    const { maxCpuMs } = this.#target
    const stays = (smaller: Uint8Array): boolean => {
      this.#options.onTrial?.()
      return this.#cpuMs(smaller, 4) > maxCpuMs
    }
    const small = ms > 2000 ? input : shrink(input, stays, 60)
    const what = `${ms.toFixed(1)} ms of CPU for ${input.length} octets`
    this.#findings.push({ kind: 'slow', run, what, input: new Uint8Array(small) })
  }
}

/**
 * Fuzzes one target; the seeds themselves come first.
 *
 * @param target - What.
 * @param options - How long, with which seed.
 * @returns What came of it.
 */
export function fuzz(target: Target, options: FuzzOptions): Outcome {
  const campaign = new Campaign(target, options)
  for (let run = 0; run < options.runs; run += 1) {
    campaign.run(run)
    if ((run + 1) % PROGRESS_EVERY === 0) options.onProgress?.(campaign.outcome(run + 1))
  }
  return campaign.outcome(options.runs)
}

/**
 * Cuts every seed short, at every octet, where a target must refuse that.
 *
 * @param target - What.
 * @returns One finding for a seed of which a prefix was not refused.
 */
export function tryPrefixes(target: Target): readonly Finding[] {
  if (!target.refusesPrefixes) return []
  return target.seeds.flatMap((seed, run) => {
    for (let end = 0; end < seed.length; end += 1) {
      const input = seed.subarray(0, end)
      const { state, kind, what } = tryInput(target, input, false)
      if (state !== 'refused') return [{ kind, run, what: `a prefix: ${what}`, input }]
    }
    return []
  })
}
