/** Ten thousand users who arrive in one second, in front of the very cache and queue that the connector has. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { resolveSsoLimits, type SsoLimits } from '../../../src/sso/index.ts'
import { TicketKeeper } from '../../../src/sso/tickets.ts'
import { collectAndMeasure } from '../held-memory.ts'
import { quiet, wishOf } from '../many-wishes.ts'
import { BusyKdc } from './busy-kdc.ts'
import { Holders, type HolderTally } from './holders.ts'
import type { TicketBenchOptions } from './options.ts'

/** Exchanges of a user's first ticket: S4U2Self, S4U2Proxy. */
const EXCHANGES = 2
const ARRIVING_MS = 1000
const CALM_MS = 5000

/** What was measured. */
export interface StormResult {
  readonly calm: HolderTally
  readonly storm: HolderTally
  readonly mostInFlight: number
  readonly mostWaiting: number
  readonly served: number
  /** Whose turn did not come within kdcQueueMs, or who found the queue full. */
  readonly turnedAway: number
  readonly servedMs: number
  /** With which no connector could do better. */
  readonly leastMs: number
  readonly tickets: number
  readonly octetsPerUser: number
}

/** The product's own bounds, but that the cache holds everybody whom the command line names. */
function limitsFor({ users, holders }: TicketBenchOptions): SsoLimits {
  const { ticketCount, ticketOctets } = resolveSsoLimits()
  const everybody = users + holders
  return resolveSsoLimits({
    ticketCount: Math.max(ticketCount, everybody),
    ticketOctets: Math.max(ticketOctets, everybody * 8192),
  })
}

async function arrive(keeper: TicketKeeper, { users, holders }: TicketBenchOptions) {
  const began = performance.now()
  const asked: Promise<boolean>[] = []
  while (asked.length < users) {
    const due = Math.min(users, ((performance.now() - began) / ARRIVING_MS) * users)
    while (asked.length < due) {
      const ticket = keeper.obtain(wishOf(holders + asked.length))
      asked.push(
        ticket.then(
          () => true,
          () => false,
        ),
      )
    }
    await sleep(1)
  }
  const served = (await Promise.all(asked)).filter(Boolean).length
  return { served, servedMs: performance.now() - began }
}

/** Measures the calm, then the storm. */
export async function measureStorm(options: TicketBenchOptions): Promise<StormResult> {
  const { users, holders: count, kdcMs, served: workers } = options
  const kerberos = new BusyKdc(workers)
  const ports = { kerberos, clock: systemClock, random: systemRandom, logger: quiet }
  const keeper = new TicketKeeper({ ...ports, onRefused: () => undefined }, limitsFor(options))
  const wishes = Array.from({ length: count }, (_, number) => wishOf(number))
  for (const wish of wishes) await keeper.obtain(wish)
  kerberos.takesMs = kdcMs
  const holders = new Holders(keeper, wishes)
  try {
    await sleep(ARRIVING_MS)
    const before = collectAndMeasure()
    holders.tally()
    await sleep(CALM_MS)
    const calm = holders.tally()
    const { served, servedMs } = await arrive(keeper, options)
    const storm = holders.tally()
    const after = collectAndMeasure()
    const { kept, queue } = keeper.counters
    return {
      ...{ calm, storm, served, servedMs },
      mostInFlight: kerberos.mostInFlight,
      mostWaiting: queue.mostWaiting,
      turnedAway: users - served,
      leastMs: (users * EXCHANGES * kdcMs) / workers,
      tickets: kept,
      octetsPerUser: Math.round((after.heap - before.heap) / Math.max(1, served)),
    }
  } finally {
    holders.stop()
    keeper.close()
  }
}
