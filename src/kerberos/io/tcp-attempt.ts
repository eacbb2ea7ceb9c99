/**
 * One request to one KDC over TCP (RFC 4120 section 7.2.2): 4 octets of length, big-endian, then the message, both ways.
 *
 * A connection may wait for the next request when its reply was whole.
 *
 * @module
 */

import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { errorText } from '../../platform/index.ts'
import { formatHostPort, type DirectKdcAddress } from './kdc-address.ts'
import { NotSentError, type KdcAttempt } from './kdc-attempt.ts'
import type { KeptSockets } from './kept-sockets.ts'
import { socketFault } from './socket-fault.ts'

const LENGTH_OCTETS = 4

/** How KDCs are asked over TCP. */
export interface TcpAttemptOptions {
  /** Largest reply, octets. */
  readonly maxReplyOctets: number
  /** Looks names up; the system's resolver where undefined. */
  readonly lookup: LookupFunction | undefined
  /** Where connections wait for the next request; one connection a request where undefined. */
  readonly kept?: KeptSockets | undefined
}

/**
 * Asks over TCP. A connection that waited and turns out to be gone is replaced by a new one, once: the KDC may close it at
 * any time, and to be asked twice does no harm.
 *
 * @param options - Limits.
 * @returns The attempt.
 */
export function tcpAttempt(options: TcpAttemptOptions): KdcAttempt<DirectKdcAddress> {
  const { lookup, kept } = options
  const named = lookup === undefined ? {} : { lookup }
  return async (address, { request }, signal) => {
    const { host, port } = address
    const name = formatHostPort(address)
    const over = async (socket: Socket): Promise<Uint8Array> => {
      const reply = await new Conversation(
        socket,
        { ...options, isAddress: isIP(host) !== 0 },
        signal,
      ).ask(request)
      if (kept === undefined) socket.destroy()
      else kept.put(name, socket)
      return reply
    }
    throwIfGivenUp(signal)
    const waiting = kept?.take(name)
    if (waiting !== undefined) {
      const heardBefore = waiting.bytesRead
      try {
        return await over(waiting)
      } catch (error) {
        if (waiting.bytesRead > heardBefore) throw error
        throwIfGivenUp(signal)
      }
    }
    const socket = connect({ host, port, noDelay: true, ...named })
    // Whatever becomes of it later: an error that nobody hears would end the process.
    socket.on('error', () => undefined)
    return waiting === undefined ? over(socket) : over(socket).catch(mayBeSent)
  }
}

/** The connection that waited may have carried it, whatever became of the next one. */
function mayBeSent(error: unknown): never {
  if (!(error instanceof NotSentError)) throw error
  throw new Error(error.message, { cause: error.cause })
}

function throwIfGivenUp(signal: AbortSignal): void {
  if (signal.aborted) throw new Error(errorText(signal.reason), { cause: signal.reason })
}

interface ConversationOptions extends Pick<TcpAttemptOptions, 'maxReplyOctets'> {
  /** The KDC has no name to be looked up. */
  readonly isAddress: boolean
}

/** One request and its reply, over a connection. */
class Conversation {
  readonly #socket: Socket
  readonly #collector: ReplyCollector
  readonly #signal: AbortSignal
  readonly #ending = Promise.withResolvers<Uint8Array>()
  #resolved: boolean
  /** Before that what is written waits in the socket. */
  #connected: boolean

  constructor(
    socket: Socket,
    { maxReplyOctets, isAddress }: ConversationOptions,
    signal: AbortSignal,
  ) {
    this.#socket = socket
    this.#resolved = isAddress
    this.#connected = !socket.connecting
    this.#signal = signal
    this.#collector = new ReplyCollector(maxReplyOctets)
  }

  /** Leaves the connection open when the reply is whole, and destroys it else. */
  async ask(request: Uint8Array): Promise<Uint8Array> {
    const socket = this.#socket
    socket.on('error', this.#onError).on('close', this.#onClose).on('data', this.#onData)
    socket.once('lookup', this.#onLookup).once('connect', this.#onConnect)
    this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    socket.write(framed(request))
    try {
      return await this.#ending.promise
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      this.#signal.removeEventListener('abort', this.#onAbort)
      socket.off('error', this.#onError).off('close', this.#onClose).off('data', this.#onData)
      socket.off('lookup', this.#onLookup).off('connect', this.#onConnect)
    }
  }

  #fail(what: string, cause?: unknown): void {
    const Fault = this.#connected ? Error : NotSentError
    this.#ending.reject(new Fault(what, { cause }))
  }

  readonly #onConnect = (): void => {
    this.#connected = true
  }

  readonly #onLookup = (): void => {
    this.#resolved = true
  }

  readonly #onError = (error: Error): void => {
    this.#fail(socketFault(error), error)
  }

  readonly #onClose = (): void => {
    this.#fail('the connection was closed before the reply was whole')
  }

  readonly #onAbort = (): void => {
    this.#fail(`${this.#stage}${errorText(this.#signal.reason)}`, this.#signal.reason)
  }

  /** A silent DNS, a firewall that drops and a KDC that hangs look alike else. */
  get #stage(): string {
    if (!this.#socket.connecting) return ''
    return this.#resolved ? 'no connection: ' : 'its name was not resolved: '
  }

  readonly #onData = (chunk: Buffer): void => {
    const state = this.#collector.add(chunk)
    if (typeof state === 'string') this.#fail(state)
    else if (state !== undefined) this.#ending.resolve(state)
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
