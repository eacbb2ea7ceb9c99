/**
 * Streams by id: a hash table with open addressing.
 *
 * Not a Map, because V8 links each table that a Map has outgrown to the next one, so that dead tables keep streams, and all that
 * hangs on them, alive until a full collection (see platform/roster.ts). Ids count up, so that their low bits spread evenly.
 *
 * @module
 */

const FIRST_SLOTS = 64

/** Something with a stream id. */
export interface Identified {
  /** 1 to 2^32 - 1. */
  readonly id: number
}

/** Finds streams by id in constant time. */
export class StreamMap<T extends Identified> {
  /** A power of two; never more than half full. */
  #slots: (T | undefined)[] = emptySlots<T>(FIRST_SLOTS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /**
   * Finds a stream.
   *
   * @param id - Its id.
   */
  get(id: number): T | undefined {
    return this.#slots[this.#slotOf(id)]
  }

  /**
   * Takes a stream in.
   *
   * @param stream - With an id that is not in use.
   */
  add(stream: T): void {
    if (++this.#size * 2 > this.#slots.length) this.#grow()
    this.#slots[this.#slotOf(stream.id)] = stream
  }

  /**
   * Lets a stream go; harmless when it is not there.
   *
   * @param id - Its id.
   */
  delete(id: number): void {
    let hole = this.#slotOf(id)
    if (this.#slots[hole] === undefined) return
    this.#slots[hole] = undefined
    this.#size -= 1
    // Whoever stands behind only because this slot was taken moves up, or would not be found any more.
    const mask = this.#slots.length - 1
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const stream = this.#slots[at]
      if (stream === undefined) return
      const home = stream.id & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      this.#slots[hole] = stream
      this.#slots[at] = undefined
      hole = at
    }
  }

  /** All of them, in a list of its own. */
  list(): readonly T[] {
    return this.#slots.filter((stream) => stream !== undefined)
  }

  /** Where the stream is, or the free slot where it would be. */
  #slotOf(id: number): number {
    const mask = this.#slots.length - 1
    for (let at = id & mask; ; at = (at + 1) & mask) {
      const stream = this.#slots[at]
      if (stream === undefined || stream.id === id) return at
    }
  }

  #grow(): void {
    const streams = this.list()
    this.#slots = emptySlots<T>(this.#slots.length * 2)
    for (const stream of streams) this.#slots[this.#slotOf(stream.id)] = stream
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined)
}
