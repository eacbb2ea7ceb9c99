/**
 * One request to one address over UDP. It is sent again while no answer comes, at intervals that double.
 *
 * @module
 */

import { createSocket, type Socket } from 'node:dgram'
import type { Clock, Timer } from '../../platform/index.ts'
import type { HostPort } from './kdc-address.ts'

/** How it is sent, and what is heard. */
export interface UdpConversationOptions {
  readonly clock: Clock
  /** Largest reply, octets; a larger one fails. */
  readonly maxDatagramOctets: number
  /** After which time without an answer the request is sent again, milliseconds; then after twice as long, and so on. */
  readonly retransmitAfterMs: number
}

/** Who is told what came of it. */
export interface UdpOutcome {
  readonly resolve: (reply: Uint8Array) => void
  readonly reject: (error: Error) => void
}

/** Sends until it hears an answer. */
export class UdpConversation {
  readonly #options: UdpConversationOptions
  readonly #request: Uint8Array
  readonly #outcome: UdpOutcome
  #socket: Socket | undefined
  #timer: Timer | undefined

  /** Sends nothing yet. */
  constructor(options: UdpConversationOptions, request: Uint8Array, outcome: UdpOutcome) {
    this.#options = options
    this.#request = request
    this.#outcome = outcome
  }

  /** Sends to this address; rejects when that cannot be done. */
  begin(family: number, kdc: HostPort): void {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    this.#socket = socket
    socket.on('error', this.#outcome.reject)
    socket.on('connect', () => {
      // The kernel drops what comes from elsewhere to a connected socket, but not what came before it was connected.
      const { address, port } = socket.remoteAddress()
      socket.on('message', (octets, from) => {
        if (from.address === address && from.port === port) this.#hear(octets)
      })
      this.#send(socket, this.#options.retransmitAfterMs)
    })
    // Connected: an ICMP "port unreachable" becomes an error at once.
    socket.connect(kdc.port, kdc.host)
  }

  /** Hears and sends nothing more. */
  end(): void {
    this.#timer?.cancel()
    this.#socket?.close()
    this.#socket = undefined
  }

  #send(socket: Socket, againAfterMs: number): void {
    if (this.#socket !== socket) return
    socket.send(this.#request, (error) => {
      if (error !== null) this.#outcome.reject(error)
    })
    this.#timer = this.#options.clock.setTimer(againAfterMs, () => {
      this.#send(socket, 2 * againAfterMs)
    })
  }

  #hear(octets: Uint8Array): void {
    const { maxDatagramOctets } = this.#options
    if (octets.length <= maxDatagramOctets) this.#outcome.resolve(new Uint8Array(octets))
    else {
      const what = `answers with a datagram of ${octets.length} octets, at most ${maxDatagramOctets} are taken`
      this.#outcome.reject(new Error(what))
    }
  }
}
