/**
 * One request whose body is held until the backend wants it: `Expect: 100-continue` (RFC 9110 section 10.1.1).
 *
 * undici knows no such thing over HTTP/1.1: it refuses the field, and ends the connection at a 100. So these few requests,
 * large uploads that a backend may want signed in first, are driven by node:http over the very socket, which serves no
 * other one.
 *
 * @module
 */

import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { BackendTarget } from '../backend.ts'
import { SsoError } from '../errors.ts'
import type { SourceReadable } from './source-readable.ts'

/** What is sent. */
export interface HeldRequest {
  readonly method: string
  readonly path: string
  /** Flat; with Content-Length where the length is known. */
  readonly headers: readonly string[]
  readonly body: SourceReadable
  /** Whether the body's length is known. */
  readonly chunked: boolean
  /** The body is sent after this without a word, milliseconds; undefined: it is not held. */
  readonly holdMs: number | undefined
}

/** How it is sent. */
export interface HeldWay {
  readonly socket: Socket
  readonly target: BackendTarget
  readonly maxHeaderSize: number
}

/** What a handler steers the response by. */
type Controller = Dispatcher.DispatchController

/** The request under way, as undici's handlers know it. */
class HeldExchange implements Controller {
  readonly #request: ClientRequest
  readonly #held: HeldRequest
  readonly #way: HeldWay
  readonly #handler: Dispatcher.DispatchHandler
  readonly #timer: NodeJS.Timeout
  #response: IncomingMessage | undefined
  #over = false
  rawHeaders: string[] | null = null
  rawTrailers: string[] | null = null
  aborted = false
  reason: Error | null = null

  constructor(held: HeldRequest, way: HeldWay, handler: Dispatcher.DispatchHandler) {
    this.#held = held
    this.#way = way
    this.#handler = handler
    const framing = held.chunked ? ['transfer-encoding', 'chunked'] : []
    const expectation = held.holdMs === undefined ? [] : ['expect', '100-continue']
    this.#request = httpRequest({
      createConnection: () => way.socket,
      method: held.method,
      path: held.path,
      headers: [...held.headers, ...framing, ...expectation],
      maxHeaderSize: way.maxHeaderSize,
    })
    this.#timer = setTimeout(() => {
      this.#sendBody()
    }, held.holdMs ?? 0)
    this.#listen()
    this.#limit('sent no response within firstOctetMs', way.target.timeouts.firstOctetMs)
    handler.onRequestStart?.(this, null)
    this.#request.flushHeaders()
  }

  #listen(): void {
    this.#request
      .on('continue', () => {
        this.#sendBody()
      })
      .on('information', ({ statusCode, rawHeaders }) => {
        this.#tellHead(statusCode, rawHeaders)
      })
      .on('response', (response) => {
        this.#answer(response)
      })
      .on('error', (error) => {
        this.#fail(error)
      })
      .on('close', () => {
        this.#fail(new Error('the connection is gone'))
      })
  }

  /** Nothing in either direction for so long is too long. */
  #limit(what: string, ms: number): void {
    const { protocol, hostname, port } = this.#way.target
    this.#way.socket.removeAllListeners('timeout').setTimeout(ms, () => {
      this.abort(new SsoError('ERR_BACKEND_TIMEOUT', `${protocol}//${hostname}:${port} ${what}`))
    })
  }

  #sendBody(): void {
    clearTimeout(this.#timer)
    const { body } = this.#held
    if (this.#over || this.#response !== undefined || body.started || body.destroyed) return
    body.on('error', (error) => {
      this.abort(error)
    })
    // Before the pipe's own listener, which ends the request.
    body.once('end', () => {
      if (body.trailers.length > 0) this.#request.addTrailers(body.trailers)
    })
    body.pipe(this.#request)
  }

  #tellHead(status: number, rawHeaders: string[]): void {
    if (this.#over) return
    this.rawHeaders = rawHeaders
    this.#handler.onResponseStart?.(this, status, {})
  }

  #answer(response: IncomingMessage): void {
    clearTimeout(this.#timer)
    this.#response = response
    this.#limit(
      'stopped within its response for longer than idleMs',
      this.#way.target.timeouts.idleMs,
    )
    response
      .on('data', (chunk: Buffer) => {
        this.#handler.onResponseData?.(this, chunk)
      })
      .on('end', () => {
        this.#end(response)
      })
      .on('error', (error) => {
        this.#fail(error)
      })
    this.#tellHead(response.statusCode ?? 0, response.rawHeaders)
  }

  #end(response: IncomingMessage): void {
    if (!this.#finish()) return
    this.rawTrailers = response.rawTrailers
    this.#handler.onResponseEnd?.(this, {})
    this.#request.destroy()
  }

  #fail(error: Error): void {
    if (this.#finish()) this.#handler.onResponseError?.(this, error)
  }

  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    clearTimeout(this.#timer)
    return true
  }

  get paused(): boolean {
    return this.#response?.isPaused() ?? false
  }

  pause(): void {
    this.#response?.pause()
  }

  resume(): void {
    this.#response?.resume()
  }

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    this.#fail(reason)
    this.#request.destroy()
  }
}

/**
 * Sends the head, and the body when the backend asks for it or stays silent.
 *
 * @param held - What is sent.
 * @param way - Over which socket; it is of no use afterwards.
 * @param handler - Told as undici tells it.
 * @throws TypeError of node:http for a malformed head.
 */
export function sendHeld(
  held: HeldRequest,
  way: HeldWay,
  handler: Dispatcher.DispatchHandler,
): void {
  new HeldExchange(held, way, handler)
}
