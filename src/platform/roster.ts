/**
 * A collection for what comes and goes with every request.
 *
 * A Set or Map would do, but V8 links each hash table that it has outgrown to the next one. Once a dead table has been moved
 * to the old generation, every later table, and what stood in it when it was outgrown, survives until the next full
 * collection: under load half of all requests did, with their sockets' buffers. An array has no such memory.
 *
 * @module
 */

/** Something that can be in one roster at a time. */
export interface RosterMember {
  /** Where in the roster it is; NOT_LISTED outside. Written by the roster alone. */
  rosterSlot: number
}

/** The slot of who is in no roster. */
export const NOT_LISTED: number = -1

/** Members in no particular order; adding and deleting take constant time. */
export class Roster<T extends RosterMember> {
  readonly #members: T[] = []

  /** How many there are. */
  get size(): number {
    return this.#members.length
  }

  /**
   * Takes a member in.
   *
   * @param member - In no roster so far.
   */
  add(member: T): void {
    member.rosterSlot = this.#members.length
    this.#members.push(member)
  }

  /**
   * Lets a member go; harmless when it is not in this roster.
   *
   * @param member - Who.
   */
  delete(member: T): void {
    const slot = member.rosterSlot
    if (this.#members[slot] !== member) return
    member.rosterSlot = NOT_LISTED
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[slot] = last
    last.rosterSlot = slot
  }

  /**
   * Who is in it now.
   *
   * @returns A list of its own: members may come and go while it is read.
   */
  list(): readonly T[] {
    return [...this.#members]
  }
}
