/**
 * Connections to KDCs that wait a moment for the next request (RFC 4120 section 7.2.2 lets several follow each other on one
 * stream): the two steps of a user's first ticket come right behind each other.
 *
 * A connection that waits holds no process up, and is given up as soon as the KDC closes it or says anything unasked.
 *
 * @module
 */

import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../platform/index.ts'

/** How long and how many. */
export interface KeptSocketsOptions {
  readonly clock: Clock
  /** How long a connection waits, milliseconds. 0: none is kept. */
  readonly keepMs: number
  /** Connections that wait, of all KDCs together. */
  readonly maxKept: number
}

interface Kept {
  readonly name: string
  readonly socket: Socket
  readonly timer: Timer
  readonly drop: () => void
}

/** The connections that wait; the one that was used last goes first. */
export class KeptSockets {
  readonly #options: KeptSocketsOptions
  /** Those that have waited longest first. */
  readonly #kept = new Set<Kept>()

  constructor(options: KeptSocketsOptions) {
    this.#options = options
  }

  /**
   * Takes a connection out.
   *
   * @param name - Which KDC.
   * @returns One that was open when last heard of, or undefined.
   */
  take(name: string): Socket | undefined {
    const found = [...this.#kept].findLast((kept) => kept.name === name)
    if (found === undefined) return undefined
    this.#forget(found)
    found.socket.ref()
    return found.socket
  }

  /**
   * Lets a connection wait, or closes it where none may.
   *
   * @param name - Which KDC.
   * @param socket - Open, between two requests, without listeners of its last user; the errors of its whole life are heard by
   *   somebody.
   */
  put(name: string, socket: Socket): void {
    const { clock, keepMs, maxKept } = this.#options
    if (keepMs === 0 || socket.destroyed || socket.readableEnded) {
      socket.destroy()
      return
    }
    const drop = (): void => {
      this.#forget(kept)
      socket.destroy()
    }
    const kept: Kept = { name, socket, drop, timer: clock.setTimer(keepMs, drop) }
    for (const event of ['data', 'end', 'close'] as const) socket.on(event, drop)
    this.#kept.add(kept)
    socket.unref()
    const [oldest] = this.#kept
    if (this.#kept.size > maxKept) oldest?.drop()
  }

  #forget(kept: Kept): void {
    if (!this.#kept.delete(kept)) return
    kept.timer.cancel()
    for (const event of ['data', 'end', 'close'] as const) kept.socket.off(event, kept.drop)
  }
}
