/**
 * One connection to a backend: one socket, opened by us, driven by one undici Client.
 *
 * undici's Client would open a new socket by itself when the old one is gone. Here it never does: a token is bound to
 * the socket it was made for, and a connection belongs to one user.
 *
 * @module
 */

import { Client, type Dispatcher } from 'undici'
import type { BackendTarget, Channel } from '../backend.ts'
import type { OpenSocket } from './connect.ts'
import { sendHeld, type HeldRequest } from './held-request.ts'
import type { BackendLimits } from './limits.ts'
import { readOnAfterFailedWrite } from './read-on.ts'

/** Told when the socket is gone. */
export type GoneListener = (connection: Connection) => void

const NOTHING = (): void => undefined

/** A socket with its HTTP/1.1 client. */
export class Connection {
  readonly target: BackendTarget
  readonly channel: Channel
  /** Closed when the request under way has ended. */
  retiring = false
  /** Requests that were answered in full. */
  served = 0
  readonly #client: Client
  readonly #open: OpenSocket
  readonly #maxHeaderSize: number

  constructor(target: BackendTarget, open: OpenSocket, limits: BackendLimits) {
    this.target = target
    this.#open = open
    this.#maxHeaderSize = limits.responseHeadOctets
    this.channel = {
      certificate: open.certificate,
      mutualVerified: false,
      signer: undefined,
      keepsSignIn: 'unknown',
    }
    const host = target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname
    this.#client = new Client(`${target.protocol}//${host}:${target.port}`, {
      connect: this.#handOver(),
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: limits.idleSocketMs,
      keepAliveMaxTimeout: limits.idleSocketMs,
      maxHeaderSize: limits.responseHeadOctets,
      headersTimeout: target.timeouts.firstOctetMs,
      bodyTimeout: target.timeouts.idleMs,
    })
    open.socket.on('error', NOTHING)
    readOnAfterFailedWrite(open.socket)
  }

  /** Gives the one socket away once; later there is none. */
  #handOver(): NonNullable<Extract<Client.Options['connect'], (...args: never) => unknown>> {
    let given = false
    return (_options, callback) => {
      const { socket } = this.#open
      const gone = given || socket.destroyed
      given = true
      // undici does not go on by itself when the socket is there before its connector has returned.
      queueMicrotask(() => {
        if (gone) callback(new Error('the connection is gone'), null)
        else callback(null, socket)
      })
    }
  }

  get usable(): boolean {
    return !this.retiring && !this.#open.socket.destroyed
  }

  onGone(listener: GoneListener): void {
    this.#open.socket.once('close', () => {
      listener(this)
    })
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler)
  }

  /** Sends a request whose body is held, as the first and last one of this connection. */
  dispatchHeld(held: HeldRequest, handler: Dispatcher.DispatchHandler): void {
    this.retiring = true
    const { socket } = this.#open
    sendHeld(held, { socket, target: this.target, maxHeaderSize: this.#maxHeaderSize }, handler)
  }

  /** Closes the socket now; a request under way fails. */
  destroy(): void {
    this.#client.destroy(new Error('closed by the connector')).catch(NOTHING)
    this.#open.socket.destroy()
  }
}
