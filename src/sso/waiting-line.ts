/**
 * First come, first served, and whoever is tired of waiting may leave. A list whose links are cut when somebody leaves:
 * a Set would keep those who have left alive (platform/roster.ts says why).
 *
 * @module
 */

/** Somebody's place in a line. */
export interface Place<T> {
  readonly who: T
  ahead: Place<T> | undefined
  behind: Place<T> | undefined
}

/** A line. */
export class WaitingLine<T> {
  #first: Place<T> | undefined
  #last: Place<T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Whose turn it is. */
  get first(): T | undefined {
    return this.#first?.who
  }

  /**
   * Joins at the end.
   *
   * @param who - Who waits.
   * @returns The place, to leave with.
   */
  join(who: T): Place<T> {
    const place: Place<T> = { who, ahead: this.#last, behind: undefined }
    if (this.#last === undefined) this.#first = place
    else this.#last.behind = place
    this.#last = place
    this.#size += 1
    return place
  }

  /**
   * Leaves, once.
   *
   * @param place - From `join` of this line.
   */
  leave(place: Place<T>): void {
    const { ahead, behind } = place
    if (ahead === undefined) this.#first = behind
    else ahead.behind = behind
    if (behind === undefined) this.#last = ahead
    else behind.ahead = ahead
    place.ahead = undefined
    place.behind = undefined
    this.#size -= 1
  }
}
