/**
 * Who has left while something was under way. Whose account a login names is known only when the directory has answered; so
 * each question remembers when it began, and is told at its end whether that user has left since.
 *
 * @module
 */

import { WaitingLine, type Place } from './waiting-line.ts'

/** A question that is under way. */
export type Trip = Place<{ readonly since: number }>

interface Departure {
  readonly user: string
  readonly at: number
}

/** Departures are remembered as long as a question is under way that began before. */
export class Departures {
  readonly #trips = new WaitingLine<Trip['who']>()
  readonly #left = new WaitingLine<Departure>()
  readonly #places = new Map<string, Place<Departure>>()
  #count = 0
  #allAt = 0

  /** How many are remembered. */
  get size(): number {
    return this.#left.size
  }

  /** A question begins. */
  begin(): Trip {
    return this.#trips.join({ since: this.#count })
  }

  /**
   * A question has ended.
   *
   * @param trip - From `begin`, once.
   */
  end(trip: Trip): void {
    this.#trips.leave(trip)
    const oldest = this.#trips.first?.since ?? Infinity
    for (let { first } = this.#left; first && first.at <= oldest; { first } = this.#left) {
      this.#forget(first.user)
    }
  }

  /**
   * A user leaves.
   *
   * @param user - Who.
   */
  leave(user: string): void {
    if (this.#trips.size === 0) return
    this.#forget(user)
    this.#count += 1
    this.#places.set(user, this.#left.join({ user, at: this.#count }))
  }

  /** Everybody leaves. */
  leaveAll(): void {
    this.#count += 1
    this.#allAt = this.#count
  }

  /**
   * Says whether a user has left.
   *
   * @param user - Who.
   * @param trip - Since this question began; it has not ended.
   * @returns Whether what it brought of the user must not be used.
   */
  hasLeft(user: string, { who }: Trip): boolean {
    const at = this.#places.get(user)?.who.at ?? 0
    return Math.max(at, this.#allAt) > who.since
  }

  #forget(user: string): void {
    const place = this.#places.get(user)
    if (place === undefined) return
    this.#left.leave(place)
    this.#places.delete(user)
  }
}
