/**
 * Makes the checks: in order, several at once where they do not build on each other, each within its time.
 *
 * @module
 */

import { errorCode, errorText, SallyportError, type Clock } from '../platform/index.ts'
import { found, mendsOf, type Finding } from './check.ts'
import { prerequisites, type PlannedCheck } from './plan.ts'

/** Bounds of a run. */
export interface RunLimits {
  /** Longest time for one check, milliseconds. */
  readonly checkMs: number
  /** Most checks at once. */
  readonly concurrent: number
}

/** What holds when nothing is said. */
export const DEFAULT_RUN_LIMITS: RunLimits = { checkMs: 30_000, concurrent: 4 }

/** What a run works with. */
export interface RunPorts {
  readonly clock: Clock
  /** Gives up: what has not been looked at yet is skipped. */
  readonly signal?: AbortSignal
  /** Told of each result as soon as it and all before it are known. */
  readonly onResult?: (result: CheckResult) => void
}

/** What came of one check. */
export interface CheckResult {
  readonly id: string
  readonly title: string
  readonly subject: string | undefined
  readonly findings: readonly Finding[]
}

/**
 * Makes every check of a plan. Never rejects for what a check does.
 *
 * @param plan - The checks.
 * @param limits - Bounds.
 * @param ports - Clock, signal, and who is told.
 * @returns The results in the plan's order.
 */
export async function runChecks(
  plan: readonly PlannedCheck[],
  limits: RunLimits,
  ports: RunPorts,
): Promise<readonly CheckResult[]> {
  const places = new Places(limits.concurrent)
  const running = new Map<PlannedCheck, Promise<CheckResult>>()
  // A check waits only for those before it: a need that comes later in the plan would be a circle.
  const started = plan.map((check, at) => {
    const needed = prerequisites(plan.slice(0, at), check)
    const before = needed.flatMap((other) => running.get(other) ?? [])
    const result = after(before, check, () =>
      places.use(() => runBounded(check, limits.checkMs, ports)),
    )
    running.set(check, result)
    return result
  })
  const results: CheckResult[] = []
  for (const each of started) {
    const result = await each
    results.push(result)
    ports.onResult?.(result)
  }
  return results
}

/** Lets only so many run at once; those who wait are taken in order. */
class Places {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free += 1
    }
  }
}

async function after(
  before: readonly Promise<CheckResult>[],
  check: PlannedCheck,
  run: () => Promise<readonly Finding[]>,
): Promise<CheckResult> {
  const { id, title, subject } = check
  const blocker = (await Promise.all(before)).find(({ findings }) => blocks(findings))
  const findings = blocker ? [skipped(blocker)] : withSubject(await run(), subject)
  return { id, title, subject, findings }
}

/** A failed check stops those that build on it, and so does one that was not made because of another. */
function blocks(findings: readonly Finding[]): boolean {
  return findings.some(({ outcome, code }) => outcome === 'fail' || code === 'DOCTOR_SKIPPED')
}

/** Of checks that wait one for another, each names the first that failed: it is what is to be mended. */
function skipped({ id, title, findings }: CheckResult): Finding {
  const before = findings.find(({ code }) => code === 'DOCTOR_SKIPPED')
  if (before !== undefined) return found('DOCTOR_SKIPPED', before.message)
  const why = findings.find(({ outcome }) => outcome === 'fail')?.code ?? 'DOCTOR_SKIPPED'
  return found('DOCTOR_SKIPPED', `not checked: it needs ${id} (${title}), which ended with ${why}`)
}

function withSubject(findings: readonly Finding[], subject: string | undefined) {
  if (subject === undefined) return findings
  return findings.map((finding) => ({ subject, ...finding }))
}

async function runBounded(
  check: PlannedCheck,
  checkMs: number,
  ports: RunPorts,
): Promise<readonly Finding[]> {
  if (ports.signal?.aborted) return [found('DOCTOR_SKIPPED', 'not checked: doctor was stopped')]
  const late = new AbortController()
  const timeout = new SallyportError(
    'ERR_DOCTOR_TIMEOUT',
    `the check took longer than ${checkMs} ms`,
  )
  const timer = ports.clock.setTimer(checkMs, () => {
    late.abort(timeout)
  })
  const signal = ports.signal ? AbortSignal.any([late.signal, ports.signal]) : late.signal
  try {
    return await orAborted(check.run(signal), signal)
  } catch (error) {
    return [late.signal.aborted ? tooLate(check, checkMs) : fault(error)]
  } finally {
    timer.cancel()
  }
}

/** The check's own end, or the signal's, whichever comes first. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
    work.then(resolve, reject)
  })
}

function tooLate({ title }: PlannedCheck, checkMs: number): Finding {
  return found('DOCTOR_TIMEOUT', `${title}: no result within ${checkMs} ms`, {
    mends: [
      {
        text: 'Look for a firewall that drops packets, or give it more time.',
        shell: 'sallyport doctor --timeout 120',
      },
    ],
  })
}

/**
 * What an error means that a check did not foresee.
 *
 * @param error - Whatever was thrown.
 * @returns DOCTOR_FAULT with the error's code, its words and its mend.
 */
function fault(error: unknown): Finding {
  const message = `${errorCode(error)}: ${errorText(error)}`
  return found('DOCTOR_FAULT', message, { mends: mendsOf(error) })
}
