/**
 * What there is of each user: what ends with one of them must not cost more the more users there are.
 *
 * @module
 */

/** Things by user. */
export class UserIndex<T> {
  readonly #byUser = new Map<string, Set<T>>()

  /**
   * Says whether there is anything of a user.
   *
   * @param user - Whose.
   * @returns False once the last has been deleted.
   */
  has(user: string): boolean {
    return this.#byUser.has(user)
  }

  /**
   * Lists what there is of a user.
   *
   * @param user - Whose.
   * @returns A list of its own: what is deleted meanwhile stays in it.
   */
  of(user: string): readonly T[] {
    return [...(this.#byUser.get(user) ?? [])]
  }

  /** What there is of everybody. */
  all(): readonly T[] {
    return [...this.#byUser.values()].flatMap((each) => [...each])
  }

  /**
   * Adds; harmless when it is there.
   *
   * @param user - Whose.
   * @param thing - What.
   */
  add(user: string, thing: T): void {
    const things = this.#byUser.get(user)
    if (things === undefined) this.#byUser.set(user, new Set([thing]))
    else things.add(thing)
  }

  /**
   * Deletes; harmless when it is not there.
   *
   * @param user - Whose.
   * @param thing - What.
   */
  delete(user: string, thing: T): void {
    const things = this.#byUser.get(user)
    things?.delete(thing)
    if (things?.size === 0) this.#byUser.delete(user)
  }
}
