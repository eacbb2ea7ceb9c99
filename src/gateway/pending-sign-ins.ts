/**
 * Browsers' tokens that one connector is judging.
 *
 * @module
 */

import type { Clock } from '../platform/index.ts'
import type { AcceptedMessage, AcceptMessage, TunnelSession } from '../tunnel/index.ts'
import { GatewayError } from './errors.ts'

/** Tokens that one connector is asked about at a time. */
const MAX_PENDING = 256

/** Questions to one connector, by id. */
export class PendingSignIns {
  readonly #session: Pick<TunnelSession, 'sendControl'>
  readonly #clock: Clock
  readonly #pending = new Map<string, (answer: AcceptedMessage) => void>()
  #count = 0

  constructor(session: Pick<TunnelSession, 'sendControl'>, clock: Clock) {
    this.#session = session
    this.#clock = clock
  }

  /**
   * Asks.
   *
   * @param question - Token and app.
   * @param limitMs - Longest wait.
   * @returns The answer; a refusal ERR_GATEWAY_TIMEOUT, or ERR_GATEWAY_NO_CONNECTOR when the tunnel ends.
   * @throws GatewayError ERR_GATEWAY_TIMEOUT when too many wait already.
   */
  ask(question: Omit<AcceptMessage, 'type' | 'id'>, limitMs: number): Promise<AcceptedMessage> {
    if (this.#pending.size >= MAX_PENDING) {
      throw new GatewayError('ERR_GATEWAY_TIMEOUT', 'too many browsers sign in at the same time')
    }
    const id = `a${(++this.#count).toString(36)}`
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(limitMs, () => {
        this.settle(refusal(id, 'ERR_GATEWAY_TIMEOUT', `no answer within acceptMs (${limitMs})`))
      })
      this.#pending.set(id, (answer) => {
        timer.cancel()
        resolve(answer)
      })
      this.#session.sendControl({ type: 'accept', id, ...question })
    })
  }

  /**
   * Takes an answer.
   *
   * @param answer - From the connector; one that nobody waits for is passed over.
   */
  settle(answer: AcceptedMessage): void {
    const settle = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    settle?.(answer)
  }

  /** The tunnel is over. */
  close(): void {
    for (const id of [...this.#pending.keys()]) {
      this.settle(refusal(id, 'ERR_GATEWAY_NO_CONNECTOR', 'the connector went away'))
    }
  }
}

function refusal(id: string, code: string, message: string): AcceptedMessage {
  return { type: 'accepted', id, code, message }
}
