/** Fuzzes one target in a thread of its own, so that a hang can be seen and ended from outside. */

import { getHeapStatistics } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { fuzz, tryPrefixes, type Outcome } from './engine.ts'
import { targetOf } from './targets/index.ts'

/** What the thread is told. */
export interface Assignment {
  readonly name: string
  readonly runs: number
  readonly seed: number
  /** The run under way, its input's length, and the input. */
  readonly now: SharedArrayBuffer
}

/** What the thread says. */
export interface Message {
  readonly done: boolean
  readonly outcome: Outcome
  /** Octets held after collecting garbage, more than at the beginning. */
  readonly grownOctets: number
  /** Memory of the whole process, more than at the beginning. */
  readonly grownRss: number
}

/** Octets before the input in `now`: two 32-bit numbers. */
export const NOW_HEAD = 12

function heldOctets(): number {
  // The flag is set by the main thread.
  const collect = runInNewContext('gc') as () => void
  collect()
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

function work({ name, runs, seed, now }: Assignment): void {
  // Most inputs are refused: walking the stack for each would take longer than decoding.
  Error.stackTraceLimit = 0
  const target = targetOf(name)
  const numbers = new Int32Array(now, 0, 3)
  const octets = new Uint8Array(now, NOW_HEAD)
  let least: number | undefined
  const rss = process.memoryUsage.rss()
  const tell = (outcome: Outcome, done: boolean) => {
    const held = heldOctets()
    // What the first stretch left behind are compiled functions and the pool.
    least ??= held
    const message: Message = {
      ...{ done, outcome, grownOctets: held - least },
      grownRss: process.memoryUsage.rss() - rss,
    }
    parentPort?.postMessage(message)
  }
  const outcome = fuzz(target, {
    ...{ runs, seed, timed: true },
    onTrial: () => Atomics.add(numbers, 2, 1),
    onRun: (run, input) => {
      octets.set(input)
      Atomics.store(numbers, 1, input.length)
      Atomics.store(numbers, 0, run)
      Atomics.add(numbers, 2, 1)
    },
    onProgress: (sofar) => {
      tell(sofar, false)
    },
  })
  // Not watched: nothing of this takes long.
  Atomics.store(numbers, 0, 0)
  tell({ ...outcome, findings: [...outcome.findings, ...tryPrefixes(target)] }, true)
}

if (parentPort !== null) work(workerData as Assignment)
