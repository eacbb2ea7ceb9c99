/** Users with tickets, each of whom sends a request, rests, and sends the next. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TicketWish } from '../../../src/sso/ticket-types.ts'
import type { TicketKeeper } from '../../../src/sso/tickets.ts'

const REST_MS = 5

/** What they have done since they were last asked. */
export interface HolderTally {
  requestsPerSecond: number
  /** From when a request was due until its token was made. */
  longestWaitMs: number
  /** Requests that found no ticket; none, unless something is broken. */
  missed: number
}

/** The users. */
export class Holders {
  readonly #keeper: TicketKeeper
  #requests = 0
  #longestWaitMs = 0
  #missed = 0
  #since = performance.now()
  #going = true

  constructor(keeper: TicketKeeper, wishes: readonly TicketWish[]) {
    this.#keeper = keeper
    for (const wish of wishes) void this.#goOn(wish)
  }

  async #goOn(wish: TicketWish): Promise<void> {
    while (this.#going) {
      const due = performance.now() + REST_MS
      await sleep(REST_MS)
      const ticket = this.#keeper.known(wish)
      if (ticket === undefined) this.#missed += 1
      ticket?.initiator.createToken()
      this.#requests += 1
      this.#longestWaitMs = Math.max(this.#longestWaitMs, performance.now() - due)
    }
  }

  /** What they have done since the last time. */
  tally(): HolderTally {
    const now = performance.now()
    const requestsPerSecond = (this.#requests * 1000) / (now - this.#since)
    const tally = { requestsPerSecond, longestWaitMs: this.#longestWaitMs, missed: this.#missed }
    this.#requests = this.#longestWaitMs = this.#missed = 0
    this.#since = now
    return tally
  }

  /** They rest for good. */
  stop(): void {
    this.#going = false
  }
}
