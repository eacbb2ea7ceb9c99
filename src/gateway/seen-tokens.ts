/**
 * The browsers' Kerberos tokens that were taken lately. A connector knows those that it took itself, and only since it runs: a copied
 * token must not be good once more at another one of the group.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { sealedAuthenticator } from '../kerberos/index.ts'
import type { Clock } from '../platform/index.ts'

/** Longer than any token is good: clocks may be five minutes apart, in either direction. */
const KEPT_MS = 900_000

/** Tokens, by what no other framing changes. */
export class SeenTokens {
  readonly #clock: Clock
  readonly #most: number
  /** When each was taken, the oldest first. */
  readonly #taken = new Map<string, number>()

  /**
   * Begins with none.
   *
   * @param clock - For when they are forgotten.
   * @param most - How many are remembered; while there are so many no other is taken.
   */
  constructor(clock: Clock, most: number) {
    this.#clock = clock
    this.#most = most
  }

  /** How many are remembered. */
  get size(): number {
    return this.#taken.size
  }

  /**
   * Takes a token, before anybody is asked whose it is.
   *
   * @param token - From a browser.
   * @returns Gives it back, where it was refused; `copy` for one that is taken already, `full` where there is no room.
   */
  take(token: Uint8Array): 'copy' | 'full' | (() => void) {
    this.#forget()
    const sealed = sealedAuthenticator(token)
    // Nobody accepts it either.
    if (sealed === undefined) return () => undefined
    const name = createHash('sha256').update(sealed).digest('base64')
    if (this.#taken.has(name)) return 'copy'
    if (this.#taken.size >= this.#most) return 'full'
    this.#taken.set(name, this.#clock.monotonicMs())
    return () => {
      this.#taken.delete(name)
    }
  }

  #forget(): void {
    const oldest = this.#clock.monotonicMs() - KEPT_MS
    for (const [name, takenMs] of this.#taken) {
      if (takenMs > oldest) return
      this.#taken.delete(name)
    }
  }
}
