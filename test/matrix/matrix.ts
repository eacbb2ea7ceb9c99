/** The whole matrix: every case in its world, one after the other. */

import { labAvailability } from '../../docker/lab.ts'
import type { MatrixCase } from './case.ts'
import { runCase, type CaseResult } from './runner.ts'
import { MatrixWorld } from './world/world.ts'

/** What came of a run: its last line with `--json`. */
export interface MatrixCounts {
  readonly cases: number
  /** Doctor named the cause. */
  readonly explained: number
  /** The mend made the request work. */
  readonly mended: number
  /** Of the cases: those against scripted replies of a KDC or a directory. */
  readonly scripted: number
}

/** Why the matrix cannot run here, or undefined where it can. */
export function matrixObstacle(): string | undefined {
  const { ok, way, reason } = labAvailability()
  if (!ok) return reason ?? 'no lab can run here'
  return way === 'on this machine'
    ? undefined
    : `the matrix changes the lab’s files, which it can on this machine itself alone, not ${way ?? 'elsewhere'}`
}

/** One line about a case, and one for each thing that is not as it should be. */
export function describeResult({ id, name, code, faults, ms }: CaseResult): string {
  const sign = faults.length === 0 ? '✓' : '✗'
  const first = `${sign} ${id}: ${name} → ${code} (${(ms / 1000).toFixed(1)} s)`
  return [first, ...faults.map((fault) => `    ${fault.trim()}`)].join('\n')
}

/** Sums a run up. */
export function countResults(results: readonly CaseResult[]): MatrixCounts {
  const count = (is: (result: CaseResult) => boolean) => results.filter(is).length
  return {
    cases: results.length,
    explained: count(({ explained }) => explained),
    mended: count(({ mended }) => mended),
    scripted: count(({ scripted }) => scripted),
  }
}

/** Runs cases; `onResult` is told of each as soon as it is over. */
export async function runMatrix(
  cases: readonly MatrixCase[],
  log: (line: string) => void,
  onResult: (result: CaseResult) => void,
): Promise<readonly CaseResult[]> {
  const began = Date.now()
  const world = await MatrixWorld.start(cases, log)
  log(`a lab, a gateway and connectors for ${cases.length} cases: ${Date.now() - began} ms`)
  const results: CaseResult[] = []
  try {
    for (const one of cases) {
      const result = await runCase(world, one)
      results.push(result)
      onResult(result)
    }
  } finally {
    await world.stop()
  }
  return results
}
