/**
 * One request to one KDC over TCP (RFC 4120 section 7.2.2): 4 octets of length, big-endian, then the message, both ways.
 *
 * @module
 */

import { connect, type LookupFunction } from 'node:net'
import { errorText } from '../../platform/index.ts'
import type { DirectKdcAddress } from './kdc-address.ts'
import type { KdcAttempt } from './kdc-attempt.ts'
import { socketFault } from './socket-fault.ts'

const LENGTH_OCTETS = 4

/** How KDCs are asked over TCP. */
export interface TcpAttemptOptions {
  /** Largest reply, octets. */
  readonly maxReplyOctets: number
  /** Looks names up; the system's resolver where undefined. */
  readonly lookup: LookupFunction | undefined
}

/**
 * Asks over TCP, one connection a request.
 *
 * @param options - Limits.
 * @returns The attempt.
 */
export function tcpAttempt(options: TcpAttemptOptions): KdcAttempt<DirectKdcAddress> {
  const { maxReplyOctets, lookup } = options
  const named = lookup === undefined ? {} : { lookup }
  return async ({ host, port }, { request }, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const fail = (what: string, cause?: unknown): void => {
      reject(new Error(what, { cause }))
    }
    const giveUp = (): void => {
      fail(errorText(signal.reason), signal.reason)
    }
    if (signal.aborted) {
      giveUp()
      return promise
    }
    const socket = connect({ host, port, noDelay: true, ...named })
    signal.addEventListener('abort', giveUp, { once: true })
    socket.on('error', (error) => {
      fail(socketFault(error), error)
    })
    const closed = (): void => {
      fail('the connection was closed before the reply was whole')
    }
    socket.on('close', closed)
    const collector = new ReplyCollector(maxReplyOctets)
    socket.on('data', (chunk: Buffer) => {
      const state = collector.add(chunk)
      if (typeof state === 'string') fail(state)
      else if (state !== undefined) resolve(state)
    })
    socket.write(framed(request))
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', giveUp)
      // No error is made then that nobody sees.
      socket.off('close', closed).destroy()
    }
  }
}

function framed(request: Uint8Array): Buffer {
  const octets = Buffer.alloc(LENGTH_OCTETS + request.length)
  octets.writeUInt32BE(request.length)
  octets.set(request, LENGTH_OCTETS)
  return octets
}

/** Gathers a reply; never holds more than was announced and allowed. */
class ReplyCollector {
  readonly #most: number
  readonly #head = Buffer.alloc(LENGTH_OCTETS)
  #body: Buffer | undefined
  #received = 0

  constructor(mostOctets: number) {
    this.#most = mostOctets
  }

  /** The whole reply, what is wrong with it, or undefined while octets are missing. */
  add(chunk: Buffer): Uint8Array | string | undefined {
    const missing = Math.max(LENGTH_OCTETS - this.#received, 0)
    chunk.copy(this.#head, this.#received, 0, missing)
    const at = Math.max(this.#received - LENGTH_OCTETS, 0)
    this.#received += chunk.length
    if (this.#received < LENGTH_OCTETS) return undefined
    const length = this.#head.readUInt32BE()
    if (length === 0 || length > this.#most) {
      return `announces a reply of ${length} octets, at most ${this.#most} are taken`
    }
    if (this.#received > LENGTH_OCTETS + length) return 'sends more than it announced'
    this.#body ??= Buffer.alloc(length)
    chunk.copy(this.#body, at, missing)
    return this.#received === LENGTH_OCTETS + length ? new Uint8Array(this.#body) : undefined
  }
}
