/**
 * Questions to one connector, beside the streams, that wait for their answers.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'
import { GatewayError } from './errors.ts'

/** Questions that one connector is asked at a time. */
const MAX_PENDING = 256

/** How long an answer is waited for. */
export interface Patience {
  readonly limitMs: number
  /** What the limit is called. */
  readonly name: string
}

interface Waiter<A> {
  readonly answered: (answer: A) => void
  readonly failed: (error: GatewayError) => void
}

/** Questions of one kind to one connector, by id. */
export class PendingAnswers<A extends { readonly id: string }> {
  readonly #clock: Clock
  readonly #pending = new Map<string, Waiter<A>>()
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Asks.
   *
   * @param send - Sends the question under this id.
   * @param patience - Longest wait.
   * @returns The answer.
   * @throws GatewayError ERR_GATEWAY_TIMEOUT when it does not come, or too many wait already; ERR_GATEWAY_NO_CONNECTOR when the
   *   tunnel ends.
   */
  ask(send: (id: string) => void, { limitMs, name }: Patience): Promise<A> {
    if (this.#pending.size >= MAX_PENDING) {
      const text = `${MAX_PENDING} questions to the connector wait for their answers already`
      return Promise.reject(new GatewayError('ERR_GATEWAY_TIMEOUT', text))
    }
    const id = `a${(++this.#count).toString(36)}`
    return new Promise<A>((answered, failed) => {
      const timer = this.#clock.setTimer(limitMs, () => {
        this.#fail(id, 'ERR_GATEWAY_TIMEOUT', `no answer within ${name} (${limitMs} ms)`)
      })
      this.#pending.set(id, {
        answered: (answer) => {
          timer.cancel()
          answered(answer)
        },
        failed: (error) => {
          timer.cancel()
          failed(error)
        },
      })
      send(id)
    })
  }

  /**
   * Takes an answer.
   *
   * @param answer - From the connector; one that nobody waits for is passed over.
   */
  settle(answer: A): void {
    this.#take(answer.id)?.answered(answer)
  }

  /** The tunnel is over. */
  close(): void {
    for (const id of [...this.#pending.keys()]) {
      this.#fail(id, 'ERR_GATEWAY_NO_CONNECTOR', 'the connector went away')
    }
  }

  #fail(id: string, code: 'ERR_GATEWAY_TIMEOUT' | 'ERR_GATEWAY_NO_CONNECTOR', text: string): void {
    this.#take(id)?.failed(new GatewayError(code, text))
  }

  #take(id: string): Waiter<A> | undefined {
    const waiter = this.#pending.get(id)
    this.#pending.delete(id)
    return waiter
  }
}
