/** What this process holds, garbage aside. */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Collects garbage, and says what is left, octets: of the machine's memory, and of JavaScript's. */
export function collectAndMeasure(): { readonly resident: number; readonly heap: number } {
  collectGarbage()
  collectGarbage()
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const { heapUsed, external } = process.memoryUsage()
  return { resident: Number(resident) * 1024, heap: heapUsed + external }
}
