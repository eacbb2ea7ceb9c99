/**
 * The open streams of a tunnel and which ids have been used. PROTOCOL.md section 6.1.
 *
 * @module
 */

import { TunnelError } from './errors.ts'
import { StreamMap } from './stream-map.ts'
import type { Stream } from './stream.ts'
import type { StreamReason } from './types.ts'

const MAX_STREAM_ID = 0xffffffff

/** Streams by id. */
export class StreamTable {
  readonly #open = new StreamMap<Stream>()
  readonly #waiting = new Set<Stream>()
  #highestId = 0

  get size(): number {
    return this.#open.size
  }

  /** Ids are used once: none is left after 2^32 - 1 streams. */
  get exhausted(): boolean {
    return this.#highestId === MAX_STREAM_ID
  }

  /** The id for the next stream to be opened. */
  get nextId(): number {
    return this.#highestId + 1
  }

  /**
   * Finds the stream of a frame.
   *
   * @param id - From the frame.
   * @returns The stream, or undefined when it is over: late frames are passed over.
   * @throws TunnelError ERR_TUNNEL_STATE for an id that was never opened.
   */
  find(id: number): Stream | undefined {
    const stream = this.#open.get(id)
    if (stream === undefined && id > this.#highestId) {
      throw new TunnelError('ERR_TUNNEL_STATE', `frame on stream ${id}, which was never opened`)
    }
    return stream
  }

  /**
   * Marks an id as used.
   *
   * @param id - Must be above every id before.
   * @throws TunnelError ERR_TUNNEL_STATE when it is not.
   */
  use(id: number): void {
    if (id <= this.#highestId) {
      throw new TunnelError('ERR_TUNNEL_STATE', `OPEN of stream ${id} after ${this.#highestId}`)
    }
    this.#highestId = id
  }

  add(stream: Stream): void {
    this.#open.add(stream)
  }

  remove(stream: Stream): void {
    this.#open.delete(stream.id)
    this.#waiting.delete(stream)
  }

  waitForRoom(stream: Stream): void {
    this.#waiting.add(stream)
  }

  /** Wakes those that wait for room; who finds none waits again. */
  wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const stream of waiting) stream.writable()
  }

  /** Ends all, each told once. */
  resetAll(reason: StreamReason): void {
    for (const stream of this.#open.list()) stream.acceptReset(reason)
  }
}
