/** `npm run bench:tickets`: a morning's arrivals. The numbers that matter are ratios. */
import { untilSignal } from '../interrupt.ts'
import { HELP, readOptions, type TicketBenchOptions } from './options.ts'
import { measureStorm, type StormResult } from './storm.ts'

function summarize({ calm, storm, ...rest }: StormResult) {
  return {
    holdersDuringStorm: Number((storm.requestsPerSecond / calm.requestsPerSecond).toFixed(3)),
    holdersPerSecondCalm: Math.round(calm.requestsPerSecond),
    holdersPerSecondStorm: Math.round(storm.requestsPerSecond),
    longestHolderWaitMs: Number(storm.longestWaitMs.toFixed(1)),
    longestHolderWaitCalmMs: Number(calm.longestWaitMs.toFixed(1)),
    holdersMissed: calm.missed + storm.missed,
    servedAgainstLeast: Number((rest.servedMs / rest.leastMs).toFixed(3)),
    ...rest,
    servedMs: Math.round(rest.servedMs),
  }
}

function text(result: StormResult, { users, holders, kdcMs, served }: TicketBenchOptions): string {
  const all = summarize(result)
  return [
    `${users} users arrive in one second, ${holders} have tickets; KDCs that work on ${served} exchanges at a time, ${kdcMs} ms each`,
    `users with tickets: ${all.holdersPerSecondStorm} requests/s in the storm, ${all.holdersPerSecondCalm} before: ${all.holdersDuringStorm}`,
    `their longest wait: ${all.longestHolderWaitMs} ms, ${all.longestHolderWaitCalmMs} before; without a ticket: ${all.holdersMissed}`,
    `most exchanges in flight: ${all.mostInFlight}; most that waited: ${all.mostWaiting}`,
    `served ${all.served}, turned away ${all.turnedAway} in ${all.servedMs} ms; the KDCs need ${all.leastMs} ms for everybody: ${all.servedAgainstLeast}`,
    `tickets kept: ${all.tickets}; memory for a user: ${all.octetsPerUser} octets`,
  ].join('\n')
}

async function bench(options: TicketBenchOptions): Promise<void> {
  const result = await untilSignal(measureStorm(options))
  console.log(text(result, options))
  if (result.turnedAway > 0) console.log('turned away: what kdcQueueMs and kdcQueue are for')
  const ok = result.storm.missed === 0
  if (!ok) process.exitCode = 1
  if (options.json) console.log(JSON.stringify({ ok, ...summarize(result) }))
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) console.log(HELP)
  else await bench(options)
} catch (error) {
  console.error(`failed: ${error instanceof Error ? error.message : String(error)}`)
  // The users go on by themselves.
  process.exit(1)
}
