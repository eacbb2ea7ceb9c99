/**
 * A connection to a backend that has switched protocols: octets both ways with back-pressure, each direction ending by itself.
 * It belongs to the one request that asked for it, and is never used for another.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import { errorCode } from '../../platform/index.ts'
import type { BackendHandler, BackendTarget } from '../backend.ts'
import type { BodySource } from '../body-source.ts'
import { SsoError } from '../errors.ts'

/** An hour, as proxies give to connections that have switched. */
const DEFAULT_IDLE_MS = 3_600_000

/** Whom such a connection tells. */
export interface SwitchedOwner {
  readonly target: BackendTarget
  readonly handler: BackendHandler
  /** Both directions have ended. */
  onBothEnded(): void
  /** It broke. */
  onBroken(error: Error): void
}

/** The socket behind undici's back, which has let go of it. */
export class SwitchedSocket {
  readonly #socket: Duplex & { setTimeout?: (ms: number, onTimeout: () => void) => unknown }
  readonly #owner: SwitchedOwner
  readonly #source: BodySource
  #client: { resume(): void } | undefined
  #backendEnded = false
  #clientEnded = false

  constructor(socket: Duplex, source: BodySource, owner: SwitchedOwner) {
    this.#socket = socket
    this.#source = source
    this.#owner = owner
  }

  /** Lets octets flow. */
  start(): void {
    const socket = this.#socket
    socket.allowHalfOpen = true
    this.#listen()
    this.#limit()
    this.#client = this.#source.start({
      onData: (chunk) => socket.write(chunk),
      onEnd: () => {
        // What was written last is on its way only when this is called.
        socket.end(() => {
          this.#clientEnded = true
          this.#endIfBoth()
        })
      },
      onError: (error) => {
        this.#owner.onBroken(error)
      },
    })
  }

  /** The client has room again. */
  resume(): void {
    this.#socket.resume()
  }

  #listen(): void {
    this.#socket
      .on('data', (chunk: Buffer) => {
        if (!this.#owner.handler.onData(chunk)) this.#socket.pause()
      })
      .on('drain', () => {
        this.#client?.resume()
      })
      .on('end', () => {
        this.#backendEnded = true
        if (!this.#clientEnded) this.#owner.handler.onHalfEnd?.()
        this.#endIfBoth()
      })
      .on('error', (error) => {
        this.#broken(errorCode(error))
      })
      .on('close', () => {
        this.#broken('it is gone')
      })
  }

  #limit(): void {
    const { upgradedIdleMs = DEFAULT_IDLE_MS } = this.#owner.target.timeouts
    this.#socket.setTimeout?.(upgradedIdleMs, () => {
      const what = `nothing passed for upgradedIdleMs (${upgradedIdleMs}) after the switch`
      this.#owner.onBroken(new SsoError('ERR_BACKEND_TIMEOUT', what))
    })
  }

  #broken(why: string): void {
    const { protocol, hostname, port } = this.#owner.target
    const what = `${protocol}//${hostname}:${port} closed the connection after the switch: ${why}`
    this.#owner.onBroken(new SsoError('ERR_BACKEND_ABORTED', what))
  }

  #endIfBoth(): void {
    if (this.#backendEnded && this.#clientEnded) this.#owner.onBothEnded()
  }
}
