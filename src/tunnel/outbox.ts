/**
 * The way out: frames of one turn of the event loop leave together, and the backlog is watched.
 *
 * @module
 */

import { FrameBatch } from './batch.ts'
import type { TunnelLimits } from './limits.ts'
import type { TunnelCarrier } from './types.ts'

/** Collects frames and flushes them once a turn. */
export class Outbox {
  readonly #batch = new FrameBatch()
  readonly #carrier: TunnelCarrier
  readonly #limits: TunnelLimits
  readonly #onOverflow: () => void
  #scheduled = false
  #stopped = false

  /**
   * Nothing is sent yet.
   *
   * @param carrier - Takes the messages.
   * @param limits - High water and the most backlog.
   * @param onOverflow - Called when the peer has left more than the most backlog unread.
   */
  constructor(carrier: TunnelCarrier, limits: TunnelLimits, onOverflow: () => void) {
    this.#carrier = carrier
    this.#limits = limits
    this.#onOverflow = onOverflow
  }

  /** The batch to write a frame into; it will leave at the end of this turn. */
  get batch(): FrameBatch {
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#carrier.schedule(this.#flushScheduled)
    }
    return this.#batch
  }

  /** So much waits that writers should pause. */
  get congested(): boolean {
    return this.#carrier.backlogOctets + this.#batch.octets > this.#limits.highWaterOctets
  }

  /** Sends what has been collected, now. */
  flush(): void {
    if (this.#stopped || this.#batch.octets === 0) return
    const messages = this.#batch.take()
    this.#carrier.send(messages, this.#batch.release)
    if (this.#carrier.backlogOctets > this.#limits.maxBacklogOctets) this.#onOverflow()
  }

  /** Sends nothing from now on. */
  stop(): void {
    this.#stopped = true
  }

  readonly #flushScheduled = (): void => {
    this.#scheduled = false
    this.flush()
  }
}
