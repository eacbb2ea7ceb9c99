/** Measuring contenders in turns, so that a busy minute of the machine falls on all of them. */
import { rssMegabytes, treeCpuMicroseconds } from './processes.ts'
import { median, wrk } from './wrk.ts'

/** Somebody who answers requests: a way in, and the two processes whose time counts. */
export interface Contender {
  readonly name: string
  readonly url: string
  readonly headers: readonly string[]
  readonly gatewayPid: number
  readonly connectorPid: number
}

/** Medians over the rounds. */
export interface Result {
  readonly requestsPerSecond: number
  readonly gatewayUs: number
  readonly connectorUs: number
  readonly sumUs: number
  readonly p99Ms: number
  readonly errors: number
  readonly samples: readonly Sample[]
}

/** One round. */
export type Sample = Omit<Result, 'samples'>

/** How long, how often, with how many connections. */
export interface Plan {
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
}

async function sample(contender: Contender, plan: Plan, seconds: number): Promise<Sample> {
  const { url, headers, gatewayPid, connectorPid } = contender
  const before = [gatewayPid, connectorPid].map(treeCpuMicroseconds)
  const load = await wrk({ url, headers, connections: plan.connections, seconds })
  const [gateway = 0, connector = 0] = [gatewayPid, connectorPid].map(treeCpuMicroseconds)
  const gatewayUs = (gateway - (before[0] ?? 0)) / load.requests
  const connectorUs = (connector - (before[1] ?? 0)) / load.requests
  return {
    requestsPerSecond: load.requestsPerSecond,
    gatewayUs,
    connectorUs,
    sumUs: gatewayUs + connectorUs,
    p99Ms: load.p99Ms,
    errors: load.errors,
  }
}

function summary(samples: readonly Sample[]): Result {
  const middle = (pick: (one: Sample) => number): number => median(samples.map(pick))
  return {
    requestsPerSecond: middle((one) => one.requestsPerSecond),
    gatewayUs: middle((one) => one.gatewayUs),
    connectorUs: middle((one) => one.connectorUs),
    sumUs: middle((one) => one.sumUs),
    p99Ms: middle((one) => one.p99Ms),
    errors: samples.reduce((sum, one) => sum + one.errors, 0),
    samples,
  }
}

/**
 * How two contenders compare: the middle of the rounds' own ratios. The two of a round ran within seconds of each
 * other, so a machine that is busy for a while bends both alike.
 */
export function ratio(one: Result, other: Result, pick: (sample: Sample) => number): number {
  return median(
    one.samples.map((sample, round) => {
      const against = other.samples[round]
      return against === undefined ? Number.NaN : pick(sample) / pick(against)
    }),
  )
}

/** Warms each contender up, then loads them in turns. */
export async function compare(contenders: readonly Contender[], plan: Plan): Promise<Result[]> {
  const samples = contenders.map((): Sample[] => [])
  for (const contender of contenders) await sample(contender, plan, 2)
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [n, contender] of contenders.entries()) {
      samples[n]?.push(await sample(contender, plan, plan.seconds))
    }
  }
  return samples.map(summary)
}

/** Runs something and says the most memory that each process held meanwhile, looked at ten times a second, MB. */
export async function withPeakMemory<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly peakMB: readonly number[] }> {
  const peaks = pids.map(rssMegabytes)
  const look = (): void => {
    for (const [n, pid] of pids.entries()) peaks[n] = Math.max(peaks[n] ?? 0, rssMegabytes(pid))
  }
  const timer = setInterval(look, 100)
  try {
    const value = await work()
    look()
    return { value, peakMB: peaks }
  } finally {
    clearInterval(timer)
  }
}
