/**
 * What a browser sends on a connection that switches protocols: held until it has, then passed on with back-pressure.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import type { TunnelStream } from '../../tunnel/index.ts'
import type { RequestSource } from './request-source.ts'
import type { UpgradeRequest } from './upgrade-request.ts'

/** Octets that a browser may send before the switch. */
const MAX_EARLY_OCTETS = 65_536

/** Who is told. */
export interface InputOwner {
  /** Octets came. */
  moved(): void
  /** The browser went away before the switch. */
  clientGone(): void
}

/** The browser's direction. */
export class UpgradedInput implements RequestSource {
  readonly awaitsClient = false
  readonly replayable = true
  /** The browser has ended its direction, or nothing is passed on any more. */
  ended = false
  readonly #socket: Duplex
  readonly #owner: InputOwner
  #early: Buffer[] = []
  #earlyOctets = 0
  #stream: TunnelStream | undefined
  #switched = false

  constructor(upgrade: UpgradeRequest, owner: InputOwner) {
    this.#socket = upgrade.socket
    this.#owner = owner
    if (upgrade.head.length > 0) this.#hold(upgrade.head)
    this.#socket.on('data', (chunk: Buffer) => {
      this.#take(chunk)
    })
    this.#socket.on('end', () => {
      this.#finish()
    })
  }

  sendTo(stream: TunnelStream): void {
    this.#stream = stream
  }

  /** The backend has switched: what was held goes out. */
  open(): void {
    this.#switched = true
    const early = this.#early
    this.#early = []
    for (const chunk of early) this.#pass(chunk)
    this.#socket.resume()
  }

  resume(): void {
    if (this.#switched) this.#socket.resume()
  }

  stop(): void {
    this.#stream = undefined
    this.#early = []
    this.ended = true
    // What still comes is thrown away, so that the end is seen.
    this.#socket.resume()
  }

  #take(chunk: Buffer): void {
    if (this.ended) return
    this.#owner.moved()
    if (this.#switched) this.#pass(chunk)
    else this.#hold(chunk)
  }

  #hold(chunk: Buffer): void {
    this.#early.push(chunk)
    this.#earlyOctets += chunk.length
    if (this.#earlyOctets > MAX_EARLY_OCTETS) this.#socket.pause()
  }

  #pass(chunk: Buffer): void {
    if (this.#stream?.write(chunk) === false) this.#socket.pause()
  }

  #finish(): void {
    if (this.ended) return
    this.ended = true
    if (this.#switched) this.#stream?.end()
    else this.#owner.clientGone()
  }
}
