/**
 * How long answers take: counts in fixed buckets, each twice as wide as the one before.
 *
 * Two sets of 17 counts: all answers ever, for metrics, and those of late, for decisions. Adding costs a few comparisons.
 *
 * @module
 */

/** Upper bounds of the buckets, milliseconds: 0.5, 1, 2, … 16 384. */
const BOUNDS_MS: readonly number[] = Array.from({ length: 16 }, (_, i) => 0.5 * 2 ** i)

/** After so many answers those of late count half. */
const WINDOW = 256

/** What a histogram holds, in the shape of an explicit-bucket histogram of OpenTelemetry. */
export interface LatencySnapshot {
  /** Upper bounds of the buckets, milliseconds, inclusive, ascending. */
  readonly boundsMs: readonly number[]
  /** Answers in each bucket, not summed up; one more than bounds: the last is for all above. */
  readonly counts: readonly number[]
  /** Answers in all buckets. */
  readonly count: number
  /** Their times together, milliseconds. */
  readonly sumMs: number
}

/** Counts times. */
export class LatencyHistogram {
  readonly #all = new Float64Array(BOUNDS_MS.length + 1)
  readonly #late = new Float64Array(BOUNDS_MS.length + 1)
  #lateCount = 0
  #count = 0
  #sumMs = 0

  /**
   * Counts one answer.
   *
   * @param ms - The time it took, milliseconds; below 0 counts as 0.
   */
  add(ms: number): void {
    const found = BOUNDS_MS.findIndex((bound) => ms <= bound)
    const bucket = found === -1 ? BOUNDS_MS.length : found
    this.#all[bucket] = (this.#all[bucket] ?? 0) + 1
    this.#late[bucket] = (this.#late[bucket] ?? 0) + 1
    this.#count += 1
    this.#lateCount += 1
    this.#sumMs += Math.max(ms, 0)
    if (this.#lateCount < WINDOW) return
    for (const [i, count] of this.#late.entries()) this.#late[i] = count / 2
    this.#lateCount /= 2
  }

  /**
   * The time within which a share of the answers of late came; straight lines are drawn within a bucket.
   *
   * @param share - From 0 to 1.
   * @returns Milliseconds, at most the highest bound; undefined without answers.
   */
  quantileMs(share: number): number | undefined {
    if (this.#lateCount === 0) return undefined
    const rank = share * this.#lateCount
    let below = 0
    for (const [i, upper] of BOUNDS_MS.entries()) {
      const count = this.#late[i] ?? 0
      if (count > 0 && below + count >= rank) {
        const lower = BOUNDS_MS[i - 1] ?? 0
        return lower + ((upper - lower) * Math.max(rank - below, 0)) / count
      }
      below += count
    }
    return BOUNDS_MS.at(-1)
  }

  /** Everything counted, as it is now. */
  snapshot(): LatencySnapshot {
    const { boundsMs, counts } = { boundsMs: BOUNDS_MS, counts: [...this.#all] }
    return { boundsMs, counts, count: this.#count, sumMs: this.#sumMs }
  }
}
