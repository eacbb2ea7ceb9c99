/**
 * One request to one KDC over TCP (RFC 4120 section 7.2.2): 4 octets of length, big-endian, then the message, both ways.
 *
 * @module
 */

import type { Socket } from 'node:net'
import { formatKdcAddress, type DirectKdcAddress } from './kdc-address.ts'

const LENGTH_OCTETS = 4

/** One attempt. */
export interface TcpAttempt {
  /** Which KDC. */
  readonly address: DirectKdcAddress
  /** DER of the request. */
  readonly request: Uint8Array
  /** Time for connecting, sending and receiving together, milliseconds. */
  readonly timeoutMs: number
  /** Largest reply, octets. */
  readonly maxReplyOctets: number
  /** Opens the connection. */
  readonly connect: (address: DirectKdcAddress) => Socket
}

/**
 * Sends a request and waits for the whole reply.
 *
 * @param attempt - What to send where.
 * @param signal - Gives up.
 * @returns DER of the reply.
 * @throws Error that names the KDC and what went wrong.
 */
export async function tcpAttempt(attempt: TcpAttempt, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const fail = (what: string, cause?: unknown): void => {
    reject(new Error(`${formatKdcAddress(attempt.address)}: ${what}`, { cause }))
  }
  const socket = attempt.connect(attempt.address)
  const timer = setTimeout(() => {
    fail(`no answer within ${attempt.timeoutMs} ms`)
  }, attempt.timeoutMs)
  const giveUp = (): void => {
    fail('given up', signal.reason)
  }
  signal.addEventListener('abort', giveUp, { once: true })
  socket.on('error', (error) => {
    fail(error.message, error)
  })
  socket.on('close', () => {
    fail('the connection was closed before the reply was whole')
  })
  const collector = new ReplyCollector(attempt.maxReplyOctets)
  socket.on('data', (chunk: Buffer) => {
    const state = collector.add(chunk)
    if (typeof state === 'string') fail(state)
    else if (state !== undefined) resolve(state)
  })
  socket.write(framed(attempt.request))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
    socket.destroy()
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
  readonly #chunks: Buffer[] = []
  #received = 0

  constructor(mostOctets: number) {
    this.#most = mostOctets
  }

  /** The whole reply, what is wrong with it, or undefined while octets are missing. */
  add(chunk: Buffer): Uint8Array | string | undefined {
    this.#chunks.push(chunk)
    this.#received += chunk.length
    if (this.#received < LENGTH_OCTETS) return undefined
    const octets = Buffer.concat(this.#chunks)
    const length = octets.readUInt32BE()
    if (length === 0 || length > this.#most) {
      return `announces a reply of ${length} octets, at most ${this.#most} are taken`
    }
    const whole = LENGTH_OCTETS + length
    if (this.#received > whole) return 'sends more than it announced'
    if (this.#received < whole) {
      this.#chunks.splice(0, this.#chunks.length, octets)
      return undefined
    }
    return new Uint8Array(octets.subarray(LENGTH_OCTETS))
  }
}
