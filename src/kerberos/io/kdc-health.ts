/**
 * How well KDCs do, and in which order they are asked because of it.
 *
 * A KDC is *well*, *slow* or *failing*. Well ones are asked first, in the order of whoever found them (priority and weight
 * of SRV records, or of the file); then slow ones; then failing ones, those with the fewest setbacks first. A KDC that is
 * not well is asked again after a while, by one request, beside a well one (a probe): an answer in good time makes it well, anything else
 * doubles the while. Setbacks are forgiven one by one while it is well, so that one that comes and goes is kept waiting ever longer
 * instead of being believed each time.
 *
 * Slow means: its smoothed latency is above `slowFactor` times that of the quickest well KDC of the realm, plus `slowMarginMs`, or
 * five requests in a row were called off because another KDC answered first. Such a request counts with the time it had waited.
 *
 * Pure: told what happened, asked for an order. Nothing here sends, waits or logs.
 *
 * @module
 */

import type { Clock } from '../../platform/index.ts'
import { LatencyHistogram, type LatencySnapshot } from './latency-histogram.ts'

/** How a KDC does. */
export type KdcState = 'well' | 'slow' | 'failing'

/** When KDCs are slow, and how long those that are not well are left alone. */
export interface KdcHealthSettings {
  /** How long a KDC is left alone after its first setback, milliseconds; each further one doubles it. */
  readonly probeAfterMs: number
  /** The longest that it is left alone, milliseconds. */
  readonly probeMaxMs: number
  /** So many times the latency of the quickest is slow. */
  readonly slowFactor: number
  /** And so much more, milliseconds: differences below do not count. */
  readonly slowMarginMs: number
  /** KDCs that are remembered; those not asked for longest are forgotten. */
  readonly maxKdcs: number
}

/** Whom to ask. */
export interface KdcOrder {
  /** All of them, the best first. */
  readonly order: readonly string[]
  /** One among them whose time to be probed has come; the caller has to say how it went. */
  readonly probe: string | undefined
}

/** How a KDC stands after something was told about it. */
export interface KdcStanding {
  readonly state: KdcState
  /** Unless it is well: when it is asked again at the earliest, milliseconds from now. */
  readonly probeInMs: number
}

/** What is known of a KDC. */
export interface KdcHealthSnapshot {
  readonly key: string
  readonly state: KdcState
  /** Since when, milliseconds since the epoch. */
  readonly sinceMs: number
  readonly answered: number
  readonly failed: number
  readonly overtaken: number
  /** Undefined before the first answer. */
  readonly smoothedLatencyMs: number | undefined
  readonly latency: LatencySnapshot
}

interface KdcRecord {
  state: KdcState
  sinceMs: number
  /** Monotonic. */
  changedAtMs: number
  probeAtMs: number
  probing: boolean
  setbacks: number
  samples: number
  smoothedMs: number
  answered: number
  failed: number
  overtaken: number
  overtakenInRow: number
  readonly latency: LatencyHistogram
}

/** RFC 6298 section 2: the weight of a new measurement in the smoothed round-trip time. */
const SMOOTHING = 1 / 8
/** Fewer measurements say nothing: the first may hold name look-ups. */
const MIN_SAMPLES = 3
/** A KDC that is waited for as long as 95 % of its answers take is overtaken so often by chance once in 3 million requests. */
const OVERTAKEN_IN_ROW = 5
/** Each such time of being well forgives one setback. */
const FORGIVEN_AFTER_MS = 60_000
const MAX_SETBACKS = 16
const WELL: KdcStanding = { state: 'well', probeInMs: 0 }
/** Fewer answers give no percentile. */
const MIN_ANSWERS = 20

/** Remembers how KDCs did. */
export class KdcHealth {
  readonly #settings: KdcHealthSettings
  readonly #clock: Clock
  /** The one that was asked for longest ago first. */
  readonly #records = new Map<string, KdcRecord>()

  constructor(settings: KdcHealthSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /**
   * The order in which to ask now.
   *
   * @param keys - The KDCs of a realm, the preferred first.
   * @returns The same keys, and perhaps one to probe, which nobody else probes until its outcome is told.
   */
  plan(keys: readonly string[]): KdcOrder {
    const nowMs = this.#clock.monotonicMs()
    const ranked = keys.map((key) => ({ key, record: this.#recordOf(key) }))
    const order = ranked
      .toSorted((a, b) => rankOf(a.record) - rankOf(b.record))
      .map(({ key }) => key)
    if (!ranked.some(({ record }) => record.state === 'well')) return { order, probe: undefined }
    const due = ranked.find(
      ({ record }) => record.state !== 'well' && !record.probing && record.probeAtMs <= nowMs,
    )
    if (due !== undefined) due.record.probing = true
    return { order, probe: due?.key }
  }

  /**
   * A KDC has answered.
   *
   * @param key - Which.
   * @param tookMs - How long it took, milliseconds.
   * @param peers - The KDCs of the realm.
   * @returns How it stands now.
   */
  answered(key: string, tookMs: number, peers: readonly string[]): KdcStanding {
    const record = this.#recordOf(key)
    record.answered += 1
    record.overtakenInRow = 0
    record.latency.add(tookMs)
    // A probe is believed at once: what was measured before is old.
    if (record.state === 'well') measure(record, tookMs)
    else record.smoothedMs = tookMs
    // An answer in good time makes nobody slow, whatever those before it took.
    const limitMs = this.#slowAboveMs(key, peers)
    if (tookMs > limitMs && isAbove(record, limitMs)) return this.#setBack(record, 'slow')
    record.probing = false
    this.#turn(record, 'well')
    return WELL
  }

  /**
   * A KDC could not be reached, did not answer in time, or not as a KDC does.
   *
   * @param key - Which.
   * @returns How it stands now.
   */
  failed(key: string): KdcStanding {
    const record = this.#recordOf(key)
    record.failed += 1
    return this.#setBack(record, 'failing')
  }

  /**
   * A request was called off, because another KDC answered first.
   *
   * @param key - Which had not answered.
   * @param waitedMs - For how long, milliseconds.
   * @param peers - The KDCs of the realm.
   * @returns How it stands now.
   */
  overtaken(key: string, waitedMs: number, peers: readonly string[]): KdcStanding {
    const record = this.#recordOf(key)
    record.overtaken += 1
    record.overtakenInRow += 1
    measure(record, Math.max(waitedMs, record.smoothedMs))
    if (record.state !== 'well') return this.#setBack(record, record.state)
    const late = isAbove(record, this.#slowAboveMs(key, peers))
    const slow = late || record.overtakenInRow >= OVERTAKEN_IN_ROW
    return slow ? this.#setBack(record, 'slow') : WELL
  }

  /**
   * The caller left before anything could be said.
   *
   * @param key - Which KDC it had asked.
   */
  released(key: string): void {
    this.#recordOf(key).probing = false
  }

  /**
   * A percentile of a KDC's answers of late.
   *
   * @param key - Which KDC.
   * @param share - From 0 to 1.
   * @returns Milliseconds; undefined while there are too few answers.
   */
  latencyMs(key: string, share: number): number | undefined {
    const record = this.#recordOf(key)
    return record.answered < MIN_ANSWERS ? undefined : record.latency.quantileMs(share)
  }

  /** Everything that is known, the KDC asked for longest ago first. */
  snapshot(): readonly KdcHealthSnapshot[] {
    return [...this.#records].map(([key, record]) => ({
      key,
      state: record.state,
      sinceMs: record.sinceMs,
      answered: record.answered,
      failed: record.failed,
      overtaken: record.overtaken,
      smoothedLatencyMs: record.samples === 0 ? undefined : record.smoothedMs,
      latency: record.latency.snapshot(),
    }))
  }

  /** Latencies above this are slow; infinite where no other KDC is well and known. */
  #slowAboveMs(key: string, peers: readonly string[]): number {
    const quickest = peers
      .filter((peer) => peer !== key)
      .map((peer) => this.#records.get(peer))
      .filter((peer) => peer?.state === 'well' && peer.samples >= MIN_SAMPLES)
      .reduce((least, peer) => Math.min(least, peer?.smoothedMs ?? Infinity), Infinity)
    const { slowFactor, slowMarginMs } = this.#settings
    return slowFactor * quickest + slowMarginMs
  }

  /** Requests that were under way when the first of them failed are no further setbacks. */
  #setBack(record: KdcRecord, state: 'slow' | 'failing'): KdcStanding {
    const nowMs = this.#clock.monotonicMs()
    const first = record.state === 'well'
    if (first) {
      const forgiven = Math.floor((nowMs - record.changedAtMs) / FORGIVEN_AFTER_MS)
      record.setbacks = Math.max(record.setbacks - forgiven, 0)
    }
    if (first || record.probing || record.probeAtMs <= nowMs) {
      record.setbacks = Math.min(record.setbacks + 1, MAX_SETBACKS)
      const { probeAfterMs, probeMaxMs } = this.#settings
      record.probeAtMs = nowMs + Math.min(probeAfterMs * 2 ** (record.setbacks - 1), probeMaxMs)
    }
    record.probing = false
    this.#turn(record, state)
    return { state, probeInMs: Math.max(record.probeAtMs - nowMs, 0) }
  }

  #turn(record: KdcRecord, to: KdcState): void {
    if (record.state === to) return
    record.state = to
    record.changedAtMs = this.#clock.monotonicMs()
    record.sinceMs = this.#clock.nowMs()
  }

  #recordOf(key: string): KdcRecord {
    const record = this.#records.get(key) ?? this.#newRecord()
    this.#records.delete(key)
    this.#records.set(key, record)
    const [oldest] = this.#records.keys()
    if (oldest !== undefined && this.#records.size > this.#settings.maxKdcs) {
      this.#records.delete(oldest)
    }
    return record
  }

  #newRecord(): KdcRecord {
    const [sinceMs, changedAtMs] = [this.#clock.nowMs(), this.#clock.monotonicMs()]
    const counts = { samples: 0, smoothedMs: 0, answered: 0, failed: 0 }
    const overtakings = { overtaken: 0, overtakenInRow: 0 }
    const latency = new LatencyHistogram()
    const standing = { probeAtMs: changedAtMs, probing: false, setbacks: 0 }
    return { state: 'well', sinceMs, changedAtMs, ...standing, ...counts, ...overtakings, latency }
  }
}

function rankOf(record: KdcRecord): number {
  if (record.state === 'well') return 0
  return record.state === 'slow' ? 1 : 1 + record.setbacks
}

function isAbove({ samples, smoothedMs }: KdcRecord, limitMs: number): boolean {
  return samples >= MIN_SAMPLES && smoothedMs > limitMs
}

function measure(record: KdcRecord, ms: number): void {
  record.samples += 1
  const weight = record.samples === 1 ? 1 : SMOOTHING
  record.smoothedMs += (ms - record.smoothedMs) * weight
}
