/** The child's end of a loop: reads orders from standard input, does them, answers how long each took. */
import { createInterface } from 'node:readline'

/** What a loop can do. */
export interface LoopBody {
  /** Makes one token and says how many octets it has; a promise where it takes other threads. */
  one(binding: Uint8Array | undefined): number | Promise<number>
  /** One token, to be looked at. */
  token(): Promise<Uint8Array>
}

interface Order {
  readonly count: number
  readonly binding: Uint8Array | undefined
  readonly inFlight: number
}

function parseOrder(line: string): Order {
  const [count = '', binding = '-', inFlight = '1'] = line.split(' ')
  return {
    count: Number(count),
    binding: binding === '-' ? undefined : Buffer.from(binding, 'hex'),
    inFlight: Number(inFlight),
  }
}

/** Several at once: each of so many takes the next when its own is done. */
async function run(body: LoopBody, { count, binding, inFlight }: Order): Promise<number> {
  let left = count
  let octets = 0
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const made = body.one(binding)
      // One of several waits its turn, as it would in a server; one alone need not.
      octets = typeof made === 'number' && inFlight === 1 ? made : await made
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return octets
}

async function answer(body: LoopBody, line: string): Promise<string> {
  if (line === 'token') return Buffer.from(await body.token()).toString('hex')
  const order = parseOrder(line)
  const cpuBefore = process.cpuUsage()
  const began = process.hrtime.bigint()
  const octets = await run(body, order)
  const wall = Number(process.hrtime.bigint() - began)
  const { user, system } = process.cpuUsage(cpuBefore)
  return `${wall} ${(user + system) * 1000} ${octets}`
}

/** Serves until the end of input. */
export async function serveLoop(body: LoopBody): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(await answer(body, line))
  }
}
