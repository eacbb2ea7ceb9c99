/**
 * By how much the clocks of KDCs differ from ours, and when that is made up for.
 *
 * A KDC refuses a request whose time is off by more than five minutes and names its own time (RFC 4120 section 5.9.1). That
 * KRB-ERROR is not protected, so that it moves nothing but the requests to that KDC, which are worth nothing to anybody
 * without our keys. The times in decrypted replies are protected: they settle the matter, and they alone move the time
 * in tokens for services. An acceptor checks a token against its own clock; hosts of a domain take theirs from its
 * KDCs, so that the KDC's time, where it is known for certain, is nearest to the acceptor's.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Clock, Logger } from '../platform/index.ts'
import type { RealmClocks } from './exchange/index.ts'

/** Realms whose clocks are remembered. */
const MAX_REALMS = 64
/** A KDC's time is told in whole seconds, and a request takes its time: less than this is no difference. */
const NO_DIFFERENCE_MS = 1500

/** What is tolerated. */
export interface SkewLimits {
  /** Largest difference that is made up for. */
  readonly maxClockCorrectionMs: number
  /** From which difference on there is a warning. */
  readonly clockSkewWarningMs: number
}

interface RealmTime {
  /** Added to our time in requests to the KDC. */
  requestsMs: number
  /** Added to our time in tokens for services. */
  tokensMs: number
  /** The difference last seen in a protected reply. */
  measuredMs: number | undefined
  /** The difference that was warned about. */
  warnedMs: number | undefined
  readonly requests: Clock
  readonly tokens: Clock
}

/** Remembers the clocks of KDCs. */
export class ClockSkews implements RealmClocks {
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #limits: SkewLimits
  readonly #realms = new LRUCache<string, RealmTime>({ max: MAX_REALMS })

  constructor(
    ports: { readonly clock: Clock; readonly logger: Logger | undefined },
    limits: SkewLimits,
  ) {
    this.#clock = ports.clock
    this.#logger = ports.logger
    this.#limits = limits
  }

  /** The clock for requests to a realm's KDC. */
  of(realm: string): Clock {
    return this.#time(realm).requests
  }

  /** The clock for tokens to services of a realm. */
  tokenClock(realm: string): Clock {
    return this.#time(realm).tokens
  }

  /** KDC's time less ours, as its last protected reply told it; undefined before the first. */
  measured(realm: string): number | undefined {
    return this.#realms.peek(realm)?.measuredMs
  }

  /** Takes over the time that a KDC named in KRB_AP_ERR_SKEW; false when it is too far off, or known already. */
  correct(realm: string, kdcTimeMs: number): boolean {
    const time = this.#time(realm)
    const skewMs = kdcTimeMs - this.#clock.nowMs()
    const allowed = Math.abs(skewMs) <= this.#limits.maxClockCorrectionMs
    this.#warn(realm, time, { skewMs, corrected: allowed })
    if (!allowed || Math.abs(skewMs - time.requestsMs) < NO_DIFFERENCE_MS) return false
    time.requestsMs = skewMs
    return true
  }

  /** Takes the time of a protected reply as the KDC's. A correction that is in force follows it, or ends. */
  confirm(realm: string, kdcTimeMs: number): void {
    const time = this.#time(realm)
    const skewMs = kdcTimeMs - this.#clock.nowMs()
    time.measuredMs = skewMs
    const { clockSkewWarningMs, maxClockCorrectionMs } = this.#limits
    const small = Math.abs(skewMs) < clockSkewWarningMs
    if (time.requestsMs !== 0 || time.tokensMs !== 0) {
      const kept = small || Math.abs(skewMs) > maxClockCorrectionMs ? 0 : skewMs
      time.requestsMs = kept
      time.tokensMs = kept
    }
    if (small) time.warnedMs = undefined
    else this.#warn(realm, time, { skewMs, corrected: time.requestsMs !== 0 })
  }

  /** One line for a difference, and another when it has changed by as much as deserves a warning itself. */
  #warn(realm: string, time: RealmTime, seen: { skewMs: number; corrected: boolean }): void {
    const { skewMs, corrected } = seen
    const { warnedMs } = time
    const { clockSkewWarningMs } = this.#limits
    if (warnedMs !== undefined && Math.abs(skewMs - warnedMs) < clockSkewWarningMs) return
    time.warnedMs = skewMs
    const seconds = Math.round(skewMs / 1000)
    this.#logger?.warn('Our clock differs from the KDC’s: set it, for instance with chrony.', {
      realm,
      kdcAheadBySeconds: seconds,
      corrected,
    })
  }

  #time(realm: string): RealmTime {
    const known = this.#realms.get(realm)
    if (known !== undefined) return known
    const time: RealmTime = {
      requestsMs: 0,
      tokensMs: 0,
      measuredMs: undefined,
      warnedMs: undefined,
      requests: shifted(this.#clock, () => time.requestsMs),
      tokens: shifted(this.#clock, () => time.tokensMs),
    }
    this.#realms.set(realm, time)
    return time
  }
}

/** Our clock, moved; one object for good, because moments are counted by clock. */
function shifted(clock: Clock, byMs: () => number): Clock {
  return {
    nowMs: () => clock.nowMs() + byMs(),
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
  }
}
