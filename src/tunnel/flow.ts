/**
 * Flow control of one stream: what may be sent, what may arrive. PROTOCOL.md section 7.
 *
 * @module
 */

import { TunnelError } from './errors.ts'
import { FLAG_END, FRAME } from './frame.ts'
import type { TunnelLimits } from './limits.ts'
import type { Outbox } from './outbox.ts'

/** The largest credit that a stream may hold, octets. */
const MAX_CREDIT_OCTETS = 0x7fffffff

/** The own direction: data waits here for credit, and END rides on the last frame while that has not left. */
export class Outflow {
  /** END has been written. */
  ended = false
  /** end() was called; END follows the queue. */
  ending = false
  /** A write returned false. */
  wantsDrain = false
  queuedOctets = 0
  readonly #streamId: number
  readonly #outbox: Outbox
  readonly #maxDataOctets: number
  #credit: number
  #queue: Uint8Array[] | undefined
  #tail: Buffer | undefined
  #tailAt = 0
  #tailGeneration = 0
  /** Payload of the TRAILERS frame that ends the direction. */
  #trailers: Buffer | undefined

  constructor(place: { streamId: number; outbox: Outbox; limits: TunnelLimits; credit: number }) {
    this.#streamId = place.streamId
    this.#outbox = place.outbox
    this.#maxDataOctets = place.limits.maxDataOctets
    this.#credit = place.credit
  }

  /** Everything written has gone out, and there is room for more. */
  get hasRoom(): boolean {
    return this.queuedOctets === 0 && !this.#outbox.congested
  }

  /** Remembers the frame just written: END may still be set on it. */
  markTail(): void {
    const { batch } = this.#outbox
    this.#tail = batch.buffer
    this.#tailAt = batch.kindAt
    this.#tailGeneration = batch.generation
  }

  /**
   * Sends what credit allows and queues the rest.
   *
   * @param chunk - Data; kept until sent.
   */
  write(chunk: Uint8Array): void {
    const sent = this.queuedOctets === 0 ? this.#send(chunk) : 0
    if (sent === chunk.length) return
    this.#queue ??= []
    this.#queue.push(sent === 0 ? chunk : chunk.subarray(sent))
    this.queuedOctets += chunk.length - sent
  }

  /**
   * Ends the direction once the queue is empty.
   *
   * @param trailers - Payload of a TRAILERS frame to end with.
   */
  end(trailers?: Buffer): void {
    this.ending = true
    this.#trailers = trailers
    if (this.queuedOctets === 0) this.#writeEnd()
  }

  /**
   * Takes credit and sends what waited for it.
   *
   * @param octets - From a CREDIT frame.
   * @throws TunnelError ERR_TUNNEL_CREDIT for none, or for more than a stream may hold.
   */
  addCredit(octets: number): void {
    this.#credit += octets
    if (octets === 0 || this.#credit > MAX_CREDIT_OCTETS) {
      throw new TunnelError('ERR_TUNNEL_CREDIT', `credit of ${octets} octets is out of range`)
    }
    this.#sendQueue()
    if (this.ending && !this.ended && this.queuedOctets === 0) this.#writeEnd()
  }

  /** Forgets what waits. */
  discard(): void {
    this.#queue = undefined
    this.queuedOctets = 0
  }

  #sendQueue(): void {
    const queue = this.#queue
    if (queue === undefined) return
    let done = 0
    for (const chunk of queue) {
      const sent = this.#send(chunk)
      this.queuedOctets -= sent
      if (sent < chunk.length) {
        queue[done] = chunk.subarray(sent)
        break
      }
      done += 1
    }
    queue.splice(0, done)
  }

  #send(chunk: Uint8Array): number {
    let sent = 0
    while (sent < chunk.length && this.#credit > 0) {
      const size = Math.min(chunk.length - sent, this.#credit, this.#maxDataOctets)
      const { batch } = this.#outbox
      const at = batch.begin(FRAME.DATA, this.#streamId, size)
      batch.buffer.set(size === chunk.length ? chunk : chunk.subarray(sent, sent + size), at)
      this.#credit -= size
      sent += size
    }
    if (sent > 0) this.markTail()
    return sent
  }

  #writeEnd(): void {
    this.ended = true
    const { batch } = this.#outbox
    if (this.#trailers !== undefined) {
      const at = batch.begin(FRAME.TRAILERS | FLAG_END, this.#streamId, this.#trailers.length)
      this.#trailers.copy(batch.buffer, at)
    } else if (this.#tail !== undefined && this.#tailGeneration === batch.generation) {
      this.#tail[this.#tailAt] = (this.#tail[this.#tailAt] ?? 0) | FLAG_END
    } else {
      batch.begin(FRAME.DATA | FLAG_END, this.#streamId, 0)
    }
    this.#tail = undefined
  }
}

/** The peer's direction: counts what arrived against what was allowed, and what the application has taken. */
export class Inflow {
  /** END has arrived. */
  ended = false
  readonly #windowOctets: number
  #allowance: number
  #unread = 0
  #taken = 0
  #last = false

  constructor(windowOctets: number) {
    this.#windowOctets = windowOctets
    this.#allowance = windowOctets
  }

  /**
   * Counts arrived data.
   *
   * @param octets - Payload of a DATA frame.
   * @param last - It carries END: the peer needs no more credit.
   * @throws TunnelError ERR_TUNNEL_CREDIT when the peer had not so much credit.
   */
  arrived(octets: number, last: boolean): void {
    if (octets > this.#allowance) {
      throw new TunnelError(
        'ERR_TUNNEL_CREDIT',
        `${octets} octets with ${this.#allowance} of credit`,
      )
    }
    this.#allowance -= octets
    this.#unread += octets
    this.#last = last
  }

  /**
   * Counts what the application has taken.
   *
   * @param octets - At most what has arrived.
   * @returns The credit to give back now: nothing until half of the window has been taken.
   * @throws RangeError for more than has arrived.
   */
  consumed(octets: number): number {
    if (!(octets >= 0 && octets <= this.#unread)) {
      throw new RangeError(`consumed(${octets}) with ${this.#unread} octets not yet consumed`)
    }
    this.#unread -= octets
    this.#taken += octets
    if (this.#last || this.#taken * 2 < this.#windowOctets) return 0
    const credit = this.#taken
    this.#taken = 0
    this.#allowance += credit
    return credit
  }
}
