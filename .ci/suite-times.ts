/**
 * A reporter for node's test runner: a line for each test file at the moment it ends, and after everything else how long each took,
 * the longest first.
 *
 * Other reporters tell of files in the order in which they were begun, and so of none as long as the first runs.
 * Files run side by side, so their sum is more than the time the run took; both are told.
 *
 * @module
 */

import { relative, resolve } from 'node:path'
import type { EventData } from 'node:test'

/** What this reporter listens to, of everything the runner tells. */
interface RunnerEvent {
  readonly type: string
  readonly data: object | undefined
}

/** One file's summary; the last summary of a run names no file and is about all. */
type Summary = EventData.TestSummary

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(7)} s`
}

function lines(summaries: readonly Summary[], wholeMs: number): string {
  const files = summaries.toSorted((left, right) => right.duration_ms - left.duration_ms)
  const sumMs = files.reduce((sum, { duration_ms: ms }) => sum + ms, 0)
  const rows = files.map(({ file = '', duration_ms: ms, counts }) => {
    return `${seconds(ms)}  ${relative('.', file)} (${counts.tests})`
  })
  const total = `${seconds(wholeMs)}  in all, ${files.length} files side by side; one after the other ${seconds(sumMs).trim()}`
  return ['', 'how long each suite took (tests in it):', ...rows, total, ''].join('\n')
}

/** The line of a file that has ended; a file reports itself as a test that is named like it. */
function progress({ name, file, nesting, details }: EventData.TestComplete): string {
  if (nesting > 0 || file === undefined || resolve(name) !== file) return ''
  const how = details.passed ? 'done' : 'FAILED'
  return `test: ${how} after ${seconds(details.duration_ms).trim()}: ${relative('.', file)}\n`
}

/** As `--test-reporter` wants it. */
export default async function* suiteTimes(
  source: AsyncIterable<RunnerEvent>,
): AsyncGenerator<string> {
  const summaries: Summary[] = []
  for await (const { type, data } of source) {
    if (type === 'test:complete') yield progress(data as EventData.TestComplete)
    if (type !== 'test:summary') continue
    const summary = data as Summary
    if (summary.file === undefined) yield lines(summaries, summary.duration_ms)
    else summaries.push(summary)
  }
}
