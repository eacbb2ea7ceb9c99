/**
 * What the connector has done so far, written into the log every few minutes and once more at the end. Nobody is named: no
 * user, no service, no secret.
 *
 * Numbers are counted from the start on, so that two lines differ by what happened between them; those that name a state
 * (kept, running, waiting) are of this moment.
 *
 * @module
 */

import type { Clock, LogFields, Logger, Timer } from '../platform/index.ts'
import type { SsoCounters } from '../sso/index.ts'

/** What is known of one KDC. */
export interface KdcFigures {
  readonly realm: string
  /** `host:port`, or the URL of a proxy. */
  readonly kdc: string
  /** `well`, or what is wrong. */
  readonly state: string
  readonly answered: number
  readonly failed: number
  /** Answers that another KDC gave first. */
  readonly overtaken: number
  /** Milliseconds; undefined before the first answer. */
  readonly smoothedLatencyMs: number | undefined
  readonly latency: {
    /** Upper bounds of the buckets, ascending. */
    readonly boundsMs: readonly number[]
    /** Answers in each bucket; one more than bounds. */
    readonly counts: readonly number[]
    readonly count: number
  }
}

/** What the transport to the KDCs has seen. */
export interface KdcTotals {
  readonly answered: number
  readonly unreachable: number
  readonly hedges: number
  readonly kdcs: readonly KdcFigures[]
}

/** Where the figures come from. */
export interface StatisticsPorts {
  readonly pipeline: { readonly counters: SsoCounters }
  /** Absent without Kerberos. */
  readonly kdcStatistics?: (() => KdcTotals) | undefined
  readonly clock: Clock
  readonly logger: Logger
}

type Queue = NonNullable<SsoCounters['tickets']>['queue']

/** Names with a prefix, first letters as camel case wants them. */
function prefixed(prefix: string, fields: LogFields): LogFields {
  const named = Object.entries(fields).map(([name, value]) => {
    return [`${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`, value] as const
  })
  return Object.fromEntries(named)
}

function queueFields(prefix: string, queue: Queue): LogFields {
  const { inFlight, mostInFlight, waitedMs, longestWaitMs, ...rest } = queue
  const times = { waitedMs: Math.round(waitedMs), longestWaitMs: Math.round(longestWaitMs) }
  return prefixed(prefix, { running: inFlight, mostRunning: mostInFlight, ...rest, ...times })
}

function ticketFields(tickets: SsoCounters['tickets']): LogFields {
  if (tickets === undefined) return {}
  const { queue, refusalHits, impersonations, delegations, ...counts } = tickets
  return {
    ...{ impersonations, delegations },
    ...prefixed('tickets', counts),
    ...prefixed('ticketRefusals', refusalHits),
    ...queueFields('kdcQueue', queue),
  }
}

function accountFields(accounts: SsoCounters['accounts']): LogFields {
  if (accounts === undefined) return {}
  const { queue, refusalHits, ...counts } = accounts
  return {
    ...prefixed('accounts', counts),
    ...prefixed('accountRefusals', refusalHits),
    ...queueFields('directoryQueue', queue),
  }
}

/** The app is named by its id, which is no secret. */
function sizeFields(sizes: SsoCounters['tokenSizes']): LogFields {
  const [first, ...others] = sizes
  if (first === undefined) return {}
  const top = others.reduce((most, each) => (each.largest > most.largest ? each : most), first)
  return { largestTokenOctets: top.largest, largestTokenApp: top.app }
}

/**
 * The counters of a pipeline as fields of one log line.
 *
 * @param counters - From the pipeline.
 * @returns Numbers and one app's id, by readable names; no object in an object.
 */
export function statisticsFields(counters: SsoCounters): LogFields {
  const { tickets, accounts, tokenSizes, ...rest } = counters
  return {
    ...rest,
    ...ticketFields(tickets),
    ...accountFields(accounts),
    ...sizeFields(tokenSizes),
  }
}

/** The bound below which a share of the answers came; undefined without answers, Infinity above all bounds. */
function withinMs({ boundsMs, counts, count }: KdcFigures['latency'], share: number) {
  if (count === 0) return undefined
  let seen = 0
  const at = counts.findIndex((each) => (seen += each) >= count * share)
  return boundsMs[at] ?? Infinity
}

function kdcFields(figures: KdcFigures): LogFields {
  const { latency, smoothedLatencyMs, realm, kdc, state, answered, failed, overtaken } = figures
  return {
    ...{ realm, kdc, state, answered, failed, overtaken },
    latencyMs:
      smoothedLatencyMs === undefined ? undefined : Math.round(smoothedLatencyMs * 10) / 10,
    halfWithinMs: withinMs(latency, 0.5),
    p99WithinMs: withinMs(latency, 0.99),
  }
}

/** Writes the lines. */
export class StatisticsLog {
  readonly #ports: StatisticsPorts
  readonly #everyMs: number
  #timer: Timer | undefined
  #sinceMs = 0

  /**
   * Nothing is written yet.
   *
   * @param ports - Where the figures come from and go to.
   * @param everyMs - How often; 0: never.
   */
  constructor(ports: StatisticsPorts, everyMs: number) {
    this.#ports = ports
    this.#everyMs = everyMs
  }

  /** Begins. */
  start(): void {
    this.#sinceMs = this.#ports.clock.monotonicMs()
    this.#wait()
  }

  #wait(): void {
    if (this.#everyMs === 0) return
    this.#timer = this.#ports.clock.setTimer(this.#everyMs, () => {
      this.#write()
      this.#wait()
    })
  }

  /** Writes the last lines, once. */
  stop(): void {
    if (this.#timer === undefined) return
    this.#timer.cancel()
    this.#timer = undefined
    this.#write()
  }

  #write(): void {
    const { clock, logger, pipeline, kdcStatistics } = this.#ports
    const upSeconds = Math.round((clock.monotonicMs() - this.#sinceMs) / 1000)
    const kdcs = kdcStatistics?.()
    const { answered, unreachable, hedges } = kdcs ?? {}
    logger.info('statistics', {
      upSeconds,
      ...statisticsFields(pipeline.counters),
      ...(kdcs && prefixed('kdcs', { answered, unreachable, hedges })),
    })
    for (const figures of kdcs?.kdcs ?? []) logger.info('statistics of a KDC', kdcFields(figures))
  }
}
