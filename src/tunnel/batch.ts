/**
 * Frames on their way out, collected into few messages. PROTOCOL.md section 4.2.
 *
 * Frames below 16 KiB share a slab of 64 KiB; what is written between two `take` calls leaves as one message. A larger
 * frame becomes a message of its own, in order.
 *
 * @module
 */

import { BufferPool, POOLED_OCTETS } from './buffer-pool.ts'
import { FRAME_HEADER_OCTETS } from './frame.ts'

const SLAB_OCTETS = 65_536

/** A frame with a payload from here on gets its own message, in memory that is used again. */
const OWN_MESSAGE_OCTETS = 16_384

/** A new slab is begun when less than this is left, so that a message is rarely split for the sake of a few octets. */
const LEAST_ROOM_OCTETS = 2048

/** Collects frames. Octets that were taken are written again only after their release. */
export class FrameBatch {
  /** Where the frame last begun lies. */
  buffer: Buffer = Buffer.allocUnsafeSlow(SLAB_OCTETS)
  /** Where the last frame's octet of type and flags lies in `buffer`. */
  kindAt = 0
  /** Counts `take` calls: a frame of an earlier generation has left and must not be touched. */
  generation = 0
  /** For what was taken last: to be called once nobody reads its octets any more. Undefined: no need. */
  release: (() => void) | undefined
  /** Octets waiting. */
  octets = 0
  #slab: Buffer = this.buffer
  #from = 0
  #to = 0
  #messages: Buffer[] = []
  #lent: Buffer[] = []
  readonly #pool = new BufferPool()

  /**
   * Makes room for a frame and writes its header; the caller then writes the payload into `buffer`.
   *
   * @param kind - Type, with FLAG_END or without.
   * @param streamId - 0 for frames of the session.
   * @param length - Octets of payload.
   * @returns Where the payload begins in `buffer`.
   */
  begin(kind: number, streamId: number, length: number): number {
    const total = FRAME_HEADER_OCTETS + length
    const at = length < OWN_MESSAGE_OCTETS ? this.#inSlab(total) : this.#alone(total)
    const { buffer } = this
    buffer[at] = length >>> 16
    buffer[at + 1] = length >>> 8
    buffer[at + 2] = length
    buffer[at + 3] = kind
    this.kindAt = at + 3
    buffer.writeUInt32BE(streamId, at + 4)
    this.octets += total
    return at + FRAME_HEADER_OCTETS
  }

  /**
   * Hands over what was collected, in order, and begins anew.
   *
   * @returns Messages, each of whole frames; `release` gives their memory back.
   */
  take(): readonly Buffer[] {
    this.#closeMessage()
    const messages = this.#messages
    this.#messages = []
    this.octets = 0
    this.generation += 1
    this.release = this.#lent.length === 0 ? undefined : this.#giveBack(this.#lent)
    if (SLAB_OCTETS - this.#to < LEAST_ROOM_OCTETS) this.#newSlab()
    return messages
  }

  #giveBack(lent: readonly Buffer[]): () => void {
    this.#lent = []
    return () => {
      this.#pool.give(lent)
    }
  }

  #inSlab(total: number): number {
    if (this.#to + total > SLAB_OCTETS) {
      this.#closeMessage()
      this.#newSlab()
    }
    const at = this.#to
    this.#to += total
    this.buffer = this.#slab
    return at
  }

  #alone(total: number): number {
    this.#closeMessage()
    if (total > POOLED_OCTETS) this.buffer = Buffer.allocUnsafeSlow(total)
    else {
      this.buffer = this.#pool.take()
      this.#lent.push(this.buffer)
    }
    this.#messages.push(this.buffer.subarray(0, total))
    return 0
  }

  #closeMessage(): void {
    if (this.#to === this.#from) return
    this.#messages.push(this.#slab.subarray(this.#from, this.#to))
    this.#from = this.#to
  }

  #newSlab(): void {
    this.#slab = Buffer.allocUnsafeSlow(SLAB_OCTETS)
    this.#from = 0
    this.#to = 0
  }
}
