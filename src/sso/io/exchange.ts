/**
 * One request to a backend: it waits for a connection, is sent at most once unless it may be repeated, and tells its
 * handler of the response.
 *
 * @module
 */

import type { Dispatcher } from 'undici'
import { NOT_LISTED, type RosterMember, type SallyportError } from '../../platform/index.ts'
import type { BackendCall, BackendHandler, BackendRequest } from '../backend.ts'
import type { Connection } from './connection.ts'
import { backendFailure, faultCode } from './failure.ts'
import { SourceReadable } from './source-readable.ts'

/** Where an exchange gets its connection from and gives it back to. */
export interface ExchangeHome {
  /** Gives a connection by `exchange.run`, or an error by `exchange.fail`; at once when one is idle. */
  acquire(exchange: Exchange): void
  /** The response is whole: the connection may serve again. */
  release(exchange: Exchange, connection: Connection): void
  /** The exchange is over without its connection. */
  leave(exchange: Exchange): void
}

/** RFC 9110 section 9.2.1: asking twice changes nothing. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Faults that another connection would not mend: a malformed request or answer, or too long a wait. */
const NEVER_REPEATED =
  /^UND_ERR_INVALID|^UND_ERR_NOT_SUPPORTED|_TIMEOUT$|^HTTPParserError$|_OVERFLOW$/

/** A first try and two more: one idle connection that was gone, one that went while it was checked. */
const MAX_ATTEMPTS = 3

/** The length of a streamed body, where it is known; undici counts other bodies itself. */
function lengthOf({ body }: BackendRequest): number | undefined {
  return body instanceof Uint8Array ? undefined : body?.length
}

function headersOf(request: BackendRequest, connection: Connection): string[] {
  const headers = [...request.headers]
  const length = lengthOf(request)
  if (length !== undefined) headers.push('content-length', String(length))
  const authorization = request.signIn?.authorize(connection.channel)
  if (authorization !== undefined) headers.push('authorization', authorization)
  return headers
}

function latin1Headers(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')))
}

/** A request under way; undici tells it how it goes. */
export class Exchange implements BackendCall, Dispatcher.DispatchHandler, RosterMember {
  rosterSlot: number = NOT_LISTED
  readonly request: BackendRequest
  /** Set by the pool while the exchange waits for a connection; aborting it ends the wait. */
  waiting: { abort(): void } | undefined
  readonly #handler: BackendHandler
  readonly #home: ExchangeHome
  readonly #body: SourceReadable | Uint8Array | undefined
  #connection: Connection | undefined
  #controller: Dispatcher.DispatchController | undefined
  #attempts = 0
  #answered = false
  #over = false

  constructor(request: BackendRequest, handler: BackendHandler, home: ExchangeHome) {
    this.request = request
    this.#handler = handler
    this.#home = home
    const { body } = request
    this.#body =
      body === undefined || body instanceof Uint8Array ? body : new SourceReadable(body.source)
  }

  get over(): boolean {
    return this.#over
  }

  /** Only a connection that has not served before will do. */
  get wantsFresh(): boolean {
    return this.request.fresh || this.#attempts > 0 || this.request.holdBodyMs !== undefined
  }

  /** Sends the request on this connection. */
  run(connection: Connection): void {
    this.#connection = connection
    this.#controller = undefined
    this.#attempts++
    try {
      this.#dispatch(connection)
    } catch (error) {
      this.#drop()
      this.fail(error)
    }
  }

  #dispatch(connection: Connection): void {
    const { method, path, holdBodyMs: holdMs } = this.request
    const headers = headersOf(this.request, connection)
    const body = this.#body
    if (holdMs === undefined || !(body instanceof SourceReadable)) {
      connection.dispatch({ method, path, headers, body: body ?? null }, this)
      return
    }
    const chunked = lengthOf(this.request) === undefined
    connection.dispatchHeld({ method, path, headers, body, chunked, holdMs }, this)
  }

  get bodyUntouched(): boolean {
    const body = this.#body
    if (this.request.holdBodyMs === undefined || !(body instanceof SourceReadable)) return false
    return !body.started && !body.destroyed
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('aborted'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const connection = this.#connection
    if (status < 200 || this.#over || connection === undefined) return
    this.#answered = true
    this.#handler.onHead(status, latin1Headers(controller.rawHeaders), connection.channel)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over && !this.#handler.onData(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    const connection = this.#connection
    if (this.#over || connection === undefined) return
    this.#over = true
    this.#connection = undefined
    // An answer without the body being wanted: nobody else will.
    if (this.bodyUntouched) this.#dropBody()
    this.#home.release(this, connection)
    this.#handler.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    const again = this.#mayRepeat(error)
    this.#drop()
    if (again) this.#home.acquire(this)
    else this.fail(error)
  }

  /** At most once, unless it never started, or is safe and the backend merely closed a connection it had kept. */
  #mayRepeat(error: Error): boolean {
    if (this.#attempts >= MAX_ATTEMPTS || this.#answered) return false
    const code = faultCode(error)
    if (NEVER_REPEATED.test(code)) return false
    const streamed = this.#body instanceof SourceReadable ? this.#body : undefined
    if (this.#controller === undefined) return streamed?.destroyed !== true
    const served = this.#connection?.served ?? 0
    return served > 0 && streamed === undefined && SAFE_METHODS.has(this.request.method)
  }

  #drop(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.destroy()
  }

  /** Ends with an error. Harmless when over. */
  fail(error: unknown): void {
    if (!this.#end()) return
    const failure: SallyportError = backendFailure(
      this.request.target,
      error,
      this.#controller !== undefined,
    )
    this.#handler.onError(failure)
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(): void {
    this.#end()
  }

  #dropBody(): void {
    if (this.#body instanceof SourceReadable) this.#body.destroy()
  }

  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    this.waiting?.abort()
    this.waiting = undefined
    this.#controller?.abort(new Error('aborted'))
    this.#drop()
    // What was held and not touched stays whole: its owner may send it by another request.
    if (!this.bodyUntouched) this.#dropBody()
    this.#home.leave(this)
    return true
  }
}
