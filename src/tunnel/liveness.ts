/**
 * Is the peer there? The time limit of the handshake, then pings when it is silent. PROTOCOL.md section 5.8.
 *
 * @module
 */

import type { Clock, Timer } from '../platform/index.ts'
import type { TunnelLimits } from './limits.ts'

/** What happens when the peer is silent. */
export interface LivenessActions {
  /** Send a PING. */
  ping(): void
  /** Give up. */
  lost(what: string): void
}

/** Watches one tunnel. A message costs one assignment; only the timer looks at it. */
export class Liveness {
  /** Set by whoever receives a message. */
  heard = false
  readonly #clock: Clock
  readonly #limits: TunnelLimits
  readonly #actions: LivenessActions
  #timer: Timer | undefined

  constructor(clock: Clock, limits: TunnelLimits, actions: LivenessActions) {
    this.#clock = clock
    this.#limits = limits
    this.#actions = actions
  }

  /** Gives the peer its time to say HELLO. */
  awaitHello(): void {
    const { handshakeTimeoutMs } = this.#limits
    this.#arm(handshakeTimeoutMs, () => {
      this.#actions.lost(`no HELLO within ${handshakeTimeoutMs} ms`)
    })
  }

  /** HELLO has come: from now on silence is answered with pings. */
  watch(): void {
    this.heard = false
    this.#arm(this.#limits.pingIntervalMs, this.#onInterval)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #arm(delayMs: number, callback: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(delayMs, callback)
  }

  readonly #onInterval = (): void => {
    if (this.heard) {
      this.watch()
      return
    }
    this.#arm(this.#limits.pingTimeoutMs, this.#onTimeout)
    this.#actions.ping()
  }

  readonly #onTimeout = (): void => {
    if (this.heard) this.watch()
    else this.#actions.lost(`no answer to a ping within ${this.#limits.pingTimeoutMs} ms`)
  }
}
