/**
 * One question, several KDCs: the next one is asked when one fails, and also when one takes long (a hedge). The first good
 * reply counts; whoever has not answered by then is called off.
 *
 * May one request go to several KDCs? For what we ask, yes. AS and TGS exchanges change nothing at a KDC that a second one would
 * spoil: each reply is a ticket of its own. MIT krb5's client does the same (k5_sendto in src/lib/krb5/os/sendto_kdc.c: one second after a KDC was
 * asked, the next gets the same octets, and any of them may answer), and its KDC keeps no replay cache for TGS requests for
 * that reason (krb5 ticket 6941). Two things are felt: a wrong password counts once at each KDC that was asked, so that `maxInFlight` is
 * also the factor by which an account may be locked sooner; and KDCs do a little more work, about one request in twenty with
 * the derived delay.
 *
 * @module
 */

import type { Clock, Timer } from '../../platform/index.ts'

/** Why a KDC is asked: in its turn (the first, or those before it failed), or because another takes long. */
export type RacerCause = 'turn' | 'hedge'

/** One KDC that may be asked. */
export interface Racer {
  /** How long it is waited for before the next one is asked as well, milliseconds. */
  readonly hedgeAfterMs: number
  /** Asked beside the one before it, and not called off: the answer is wanted to know whether it is well again. */
  readonly probe: boolean
  /** Asks; undefined when no good reply came. Must not reject. The signal's reason is OVERTAKEN, a TimedOut, or the caller's. */
  ask(signal: AbortSignal, cause: RacerCause): Promise<Uint8Array | undefined>
}

/** How the race goes. */
export interface RaceOptions {
  readonly clock: Clock
  /** KDCs that are asked at once, at most. */
  readonly maxInFlight: number
  /** Longest wait for one of them, milliseconds. */
  readonly timeoutMs: number
}

/** Why one was called off: another answered. */
export const OVERTAKEN: unique symbol = Symbol('another KDC answered first')

/** Why one was called off: it took too long. */
export class TimedOut extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

/** The same because the whole exchange did: the one that was asked last had less time than others. */
export class ExchangeTimedOut extends TimedOut {}

/**
 * Asks KDCs until one gives a good reply.
 *
 * @param racers - In this order.
 * @param options - Limits.
 * @param signal - Gives up; whoever is asked is called off with its reason, but for probes.
 * @returns The first good reply; undefined when there was none, or the signal fired.
 */
export async function raceKdcs(
  racers: readonly Racer[],
  options: RaceOptions,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const race = new Race(racers, options)
  const leave = (): void => {
    race.end(undefined, signal.reason)
  }
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  else race.startNext()
  try {
    return await race.outcome.promise
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

class Race {
  readonly outcome = Promise.withResolvers<Uint8Array | undefined>()
  readonly #waiting: Racer[]
  readonly #options: RaceOptions
  /** Those that are called off at the end. */
  readonly #running = new Set<AbortController>()
  #inFlight = 0
  #hedge: Timer | undefined
  /** The next one is to be asked as soon as there is room. */
  #due = false
  #ended = false

  constructor(racers: readonly Racer[], options: RaceOptions) {
    this.#waiting = [...racers]
    this.#options = options
  }

  /** Asks the next one, if there is one and room for it. */
  startNext(cause: RacerCause = 'turn'): void {
    this.#due = this.#waiting.length > 0 && this.#inFlight >= this.#options.maxInFlight
    if (this.#due || this.#ended) return
    const racer = this.#waiting.shift()
    if (racer === undefined) {
      if (this.#inFlight === 0) this.end(undefined, undefined)
      return
    }
    void this.#run(racer, cause)
    this.#hedge?.cancel()
    this.#hedge = undefined
    if (this.#waiting[0]?.probe === true) this.startNext()
    else if (this.#waiting.length > 0) this.#hedgeAfter(racer.hedgeAfterMs)
  }

  #hedgeAfter(delayMs: number): void {
    this.#hedge = this.#options.clock.setTimer(delayMs, () => {
      this.startNext('hedge')
    })
  }

  /** The race is over. */
  end(reply: Uint8Array | undefined, reason: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#hedge?.cancel()
    for (const controller of this.#running) controller.abort(reason)
    this.outcome.resolve(reply)
  }

  async #run(racer: Racer, cause: RacerCause): Promise<void> {
    const { clock, timeoutMs } = this.#options
    const controller = new AbortController()
    const timer = clock.setTimer(timeoutMs, () => {
      controller.abort(new TimedOut(timeoutMs))
    })
    if (!racer.probe) this.#running.add(controller)
    this.#inFlight += 1
    try {
      const reply = await racer.ask(controller.signal, cause)
      this.#running.delete(controller)
      this.#answered(racer, reply)
    } catch (error) {
      this.outcome.reject(error)
      this.end(undefined, error)
    } finally {
      timer.cancel()
      this.#running.delete(controller)
    }
  }

  #answered(racer: Racer, reply: Uint8Array | undefined): void {
    this.#inFlight -= 1
    if (reply !== undefined) this.end(reply, OVERTAKEN)
    else if (!racer.probe || this.#due || this.#inFlight === 0) this.startNext()
  }
}
