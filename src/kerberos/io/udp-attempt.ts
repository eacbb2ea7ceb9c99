/**
 * One request to one KDC over UDP (RFC 4120 section 7.2.1): a datagram is a message, without a length before it. It is sent
 * again while no answer comes, at intervals that double.
 *
 * @module
 */

import { createSocket, type Socket } from 'node:dgram'
import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { errorText, type Clock, type Timer } from '../../platform/index.ts'
import type { DirectKdcAddress, HostPort } from './kdc-address.ts'
import type { KdcAttempt } from './kdc-attempt.ts'
import { socketFault } from './socket-fault.ts'

/** How KDCs are asked over UDP. */
export interface UdpAttemptOptions {
  readonly clock: Clock
  /** Largest reply, octets; a larger one fails. */
  readonly maxDatagramOctets: number
  /** After which time without an answer the request is sent again, milliseconds; then after twice as long, and so on. */
  readonly retransmitAfterMs: number
  /** Looks names up; the system's resolver where undefined. */
  readonly lookup: LookupFunction | undefined
}

/**
 * Asks over UDP, one socket a request, so that each has a port that others cannot guess.
 *
 * @param options - Limits.
 * @returns The attempt. Of a name with several addresses the first is asked.
 */
export function udpAttempt(options: UdpAttemptOptions): KdcAttempt<DirectKdcAddress> {
  return async (address, { request }, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const giveUp = (): void => {
      reject(new Error(errorText(signal.reason), { cause: signal.reason }))
    }
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    let conversation: Conversation | undefined
    try {
      const found = await Promise.race([addressOf(address, options.lookup), promise])
      if (found instanceof Uint8Array) return found
      conversation = new Conversation(options, request, { resolve, reject })
      conversation.begin(found.family, { host: found.address, port: address.port })
      return await promise
    } catch (error) {
      throw new Error(socketFault(error), { cause: error })
    } finally {
      signal.removeEventListener('abort', giveUp)
      conversation?.end()
    }
  }
}

/** Sends until it hears an answer. */
class Conversation {
  readonly #options: UdpAttemptOptions
  readonly #request: Uint8Array
  readonly #outcome: {
    readonly resolve: (reply: Uint8Array) => void
    readonly reject: (error: Error) => void
  }
  #socket: Socket | undefined
  #timer: Timer | undefined

  constructor(
    options: UdpAttemptOptions,
    request: Uint8Array,
    outcome: { resolve: (reply: Uint8Array) => void; reject: (error: Error) => void },
  ) {
    this.#options = options
    this.#request = request
    this.#outcome = outcome
  }

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

/** The first address of a name. */
async function addressOf(
  { host }: HostPort,
  lookup: LookupFunction | undefined,
): Promise<LookupAddress> {
  const family = isIP(host)
  if (family !== 0) return { address: host, family }
  const { promise, resolve, reject } = Promise.withResolvers<LookupAddress>()
  const ask = lookup ?? systemLookup
  ask(host, { all: true }, (error, addresses) => {
    const [first] = typeof addresses === 'string' ? [] : addresses
    if (error !== null) reject(error)
    else if (first === undefined) reject(new Error(`${host} has no address`))
    else resolve(first)
  })
  return promise
}
