/**
 * How many exchanges with the KDCs of a realm are under way at once; others wait their turn. One realm's dead KDCs do not
 * hold up another's.
 *
 * @module
 */

import { abandonable } from '../client-drive.ts'

/** Bounds. */
export interface KdcTurnLimits {
  /** Exchanges with the KDCs of one realm at once. */
  readonly maxExchanges: number
  /** Exchanges that wait for their turn, of all realms. */
  readonly maxWaiting: number
}

/** Those of one realm. */
interface RealmTurns {
  underWay: number
  /** First come, first served: sets keep the order in which things were added. */
  readonly waiting: Set<() => void>
}

/** Gives turns. */
export class KdcTurns {
  readonly #limits: KdcTurnLimits
  /** Realms with something under way. */
  readonly #realms = new Map<string, RealmTurns>()
  #waiting = 0

  constructor(limits: KdcTurnLimits) {
    this.#limits = limits
  }

  /** Exchanges that wait. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Waits for a turn, runs, and lets the next one run.
   *
   * @param realm - Whose KDCs.
   * @param run - What to do; not called when too many wait or the signal fires.
   * @param signal - Gives up waiting.
   * @returns What it returns; undefined when too many wait.
   * @throws KerberosError ERR_KRB_ABORTED when the signal fires before its turn; what `run` throws.
   */
  async take<T>(realm: string, run: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const turns = this.#realms.get(realm) ?? { underWay: 0, waiting: new Set() }
    if (turns.underWay >= this.#limits.maxExchanges) {
      if (this.#waiting >= this.#limits.maxWaiting) return undefined
      await this.#wait(realm, turns, signal)
    } else {
      turns.underWay += 1
      this.#realms.set(realm, turns)
    }
    try {
      return await run()
    } finally {
      this.#leave(realm, turns)
    }
  }

  /** The turn is handed over: `underWay` counts it all the time. */
  async #wait(realm: string, turns: RealmTurns, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const next = (): void => {
      resolve(undefined)
    }
    turns.waiting.add(next)
    this.#waiting += 1
    try {
      await abandonable(promise, signal)
    } catch (error) {
      // Handed the turn at the very moment it gave up: it goes to the next one.
      if (!turns.waiting.delete(next)) this.#leave(realm, turns)
      throw error
    } finally {
      this.#waiting -= 1
    }
  }

  #leave(realm: string, turns: RealmTurns): void {
    const [next] = turns.waiting
    if (next !== undefined) {
      turns.waiting.delete(next)
      next()
      return
    }
    turns.underWay -= 1
    if (turns.underWay === 0) this.#realms.delete(realm)
  }
}
