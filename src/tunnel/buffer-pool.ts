/**
 * Buffers for large frames, used again once their octets have left: a bulk transfer would otherwise make garbage as
 * fast as it makes octets, and collecting it took a third of the time.
 *
 * @module
 */

import { FRAME_HEADER_OCTETS } from './frame.ts'
import { PROTOCOL_MAX_DATA_OCTETS } from './limits.ts'

/** Every buffer holds the largest DATA frame. */
export const POOLED_OCTETS: number = PROTOCOL_MAX_DATA_OCTETS + FRAME_HEADER_OCTETS

/** Most buffers kept for later: 4 MiB. */
const MOST_KEPT = 64

/** Lends buffers of one size. What is never given back is garbage, no more. */
export class BufferPool {
  readonly #kept: Buffer[] = []

  /** A buffer of POOLED_OCTETS, with any content. */
  take(): Buffer {
    return this.#kept.pop() ?? Buffer.allocUnsafeSlow(POOLED_OCTETS)
  }

  /**
   * Takes buffers back.
   *
   * @param buffers - Lent before; nobody reads them any more.
   */
  give(buffers: readonly Buffer[]): void {
    const room = MOST_KEPT - this.#kept.length
    this.#kept.push(...buffers.slice(0, Math.max(0, room)))
  }
}
