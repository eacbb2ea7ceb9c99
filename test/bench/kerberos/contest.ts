/** Loops against each other, in turns, so that a busy minute of the machine falls on all of them. */
import { median } from '../wrk.ts'
import type { Batch, BatchOrder, Loop } from './loop.ts'

/** Somebody who makes tokens in a certain way. */
export interface Contender {
  readonly loop: Loop
  readonly binding?: Uint8Array | undefined
  readonly inFlight?: number | undefined
}

/** One contender's batches, round by round. */
export interface Outcome {
  readonly batches: readonly Batch[]
  /** Medians. */
  readonly wallUs: number
  readonly cpuUs: number
  readonly octets: number
}

/** How long and how often. */
export interface ContestPlan {
  /** Milliseconds of each batch. */
  readonly batchMs: number
  readonly rounds: number
}

/** Fewer tokens than in flight would leave some of them out. */
const LEAST_BATCH = 64
/** Before that a program has not been compiled as well as it will be. */
const WARM_UP_MS = 1500

/** As many tokens as take the wanted time, found by doing it; that warms up as well. */
async function calibrated(contender: Contender, batchMs: number): Promise<BatchOrder> {
  const { loop, binding, inFlight = 1 } = contender
  let count = LEAST_BATCH
  let spentMs = 0
  for (;;) {
    const order = { count, binding, inFlight }
    const { wallUs } = await loop.batch(order)
    spentMs += (wallUs * count) / 1000
    const wanted = Math.max(Math.ceil((batchMs * 1000) / wallUs), LEAST_BATCH)
    if (spentMs >= WARM_UP_MS) return { ...order, count: wanted }
    count = Math.min(wanted, count * 8)
  }
}

function outcome(batches: readonly Batch[]): Outcome {
  const middle = (pick: (batch: Batch) => number): number => median(batches.map(pick))
  return {
    batches,
    wallUs: middle(({ wallUs }) => wallUs),
    cpuUs: middle(({ cpuUs }) => cpuUs),
    octets: middle(({ octets }) => octets),
  }
}

/**
 * Warms each contender up, then lets them run in turns.
 *
 * @param contenders - By name.
 * @param plan - How long, how often.
 * @returns Their outcomes, by the same names.
 */
export async function contest<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  plan: ContestPlan,
): Promise<Readonly<Record<Name, Outcome>>> {
  const names = Object.keys(contenders) as Name[]
  const orders = new Map<Name, BatchOrder>()
  for (const name of names) orders.set(name, await calibrated(contenders[name], plan.batchMs))
  const batches = new Map<Name, Batch[]>(names.map((name) => [name, []]))
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [name, order] of orders) {
      batches.get(name)?.push(await contenders[name].loop.batch(order))
    }
  }
  const entries = names.map((name) => [name, outcome(batches.get(name) ?? [])])
  return Object.fromEntries(entries) as Record<Name, Outcome>
}

/** How many times longer the other takes: the middle of the rounds' own ratios. */
export function timesFaster(
  one: Outcome,
  other: Outcome,
  pick: (batch: Batch) => number = ({ wallUs }) => wallUs,
): number {
  return median(
    one.batches.map((batch, round) => {
      const against = other.batches[round]
      return against === undefined ? Number.NaN : pick(against) / pick(batch)
    }),
  )
}
