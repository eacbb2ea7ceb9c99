/**
 * A line in which each user's turn comes round, however many places a user holds: who wants fifty things waits behind who
 * wants one, not the other way round.
 *
 * @module
 */

import { WaitingLine, type Place } from './waiting-line.ts'

interface Lane<T> {
  readonly user: string
  readonly line: WaitingLine<Spot<T>>
  place: Place<Lane<T>> | undefined
}

/** A place in a fair line. */
export interface Spot<T> {
  readonly who: T
  /** Undefined once it has left. */
  lane: Lane<T> | undefined
  place: Place<Spot<T>> | undefined
}

/** The line. */
export class FairLine<T> {
  readonly #lanes = new Map<string, Lane<T>>()
  readonly #round = new WaitingLine<Lane<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /**
   * Joins behind the same user's others.
   *
   * @param user - Whose.
   * @param who - What waits.
   * @returns The place, to leave with.
   */
  join(user: string, who: T): Spot<T> {
    const lane = this.#lanes.get(user) ?? this.#openLane(user)
    const spot: Spot<T> = { who, lane, place: undefined }
    spot.place = lane.line.join(spot)
    this.#size += 1
    return spot
  }

  #openLane(user: string): Lane<T> {
    const lane: Lane<T> = { user, line: new WaitingLine(), place: undefined }
    lane.place = this.#round.join(lane)
    this.#lanes.set(user, lane)
    return lane
  }

  /**
   * Leaves; harmless when it has left.
   *
   * @param spot - From `join` of this line.
   */
  leave(spot: Spot<T>): void {
    const { lane, place } = spot
    if (lane === undefined || place === undefined) return
    lane.line.leave(place)
    spot.lane = undefined
    spot.place = undefined
    this.#size -= 1
    if (lane.line.size > 0) return
    if (lane.place !== undefined) this.#round.leave(lane.place)
    this.#lanes.delete(lane.user)
  }

  /** Takes out whose turn it is; the user's next turn comes after everybody else's. */
  next(): T | undefined {
    const lane = this.#round.first
    const spot = lane?.line.first
    if (lane === undefined || spot === undefined) return undefined
    this.leave(spot)
    if (lane.line.size > 0 && lane.place !== undefined) {
      this.#round.leave(lane.place)
      lane.place = this.#round.join(lane)
    }
    return spot.who
  }
}
