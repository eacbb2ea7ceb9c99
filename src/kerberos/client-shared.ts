/**
 * Exchanges that several callers wait for: one at a time for each name, ended when nobody waits any more.
 *
 * A caller who gives up leaves the exchange to the others. When the last one leaves it is ended, so that it keeps no process alive;
 * who asks afterwards begins anew. But not twice in a row: where every caller has less patience than the KDC needs, the
 * second exchange goes on to its end, and the next caller finds what came of it.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { abandonable, aborted } from './client-drive.ts'

/** Names whose exchange was ended that are remembered. */
const MAX_ENDED = 64

interface Running<T> {
  readonly work: Promise<T>
  readonly controller: AbortController
  waiters: number
}

/** Work by name. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>()
  /** Whose work was ended, and has not come to an end by itself since. */
  readonly #ended = new LRUCache<string, true>({ max: MAX_ENDED })

  /**
   * Joins the work that is under way, or starts it.
   *
   * @param name - Which.
   * @param start - The work; its signal fires when nobody waits for it any more.
   * @param signal - This caller gives up. Without it the caller waits until the work ends.
   * @returns What the work returns.
   * @throws KerberosError ERR_KRB_ABORTED when the caller's signal fires first; what the work throws.
   */
  async join(
    name: string,
    start: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    if (signal?.aborted === true) throw aborted(signal)
    const running = this.#running.get(name) ?? this.#start(name, start)
    running.waiters += 1
    try {
      return await abandonable(running.work, signal)
    } finally {
      running.waiters -= 1
      this.#left(name, running, signal)
    }
  }

  #start(name: string, start: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController()
    const work = start(controller.signal).finally(() => {
      if (this.#running.get(name) !== running) return
      this.#running.delete(name)
      this.#ended.delete(name)
    })
    // Where all have left nobody hears of its failure.
    work.catch(() => undefined)
    const running = { work, controller, waiters: 0 }
    this.#running.set(name, running)
    return running
  }

  #left(name: string, running: Running<T>, signal: AbortSignal | undefined): void {
    const isOver = this.#running.get(name) !== running
    if (isOver || running.waiters > 0 || this.#ended.has(name)) return
    this.#ended.set(name, true)
    // Whoever asks from now on must not be given what is ended.
    this.#running.delete(name)
    running.controller.abort(signal?.reason)
  }
}
