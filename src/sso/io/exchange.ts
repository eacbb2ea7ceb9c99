/**
 * One request to a backend: it waits for a connection, is sent at most once unless it may be repeated, and tells its
 * handler of the response.
 *
 * @module
 */

import type { Dispatcher } from 'undici'
import { NOT_LISTED, type RosterMember, type SallyportError } from '../../platform/index.ts'
import type { BackendCall, BackendHandler, BackendRequest, BackendTarget } from '../backend.ts'
import { SsoError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { backendFailure, faultCode } from './failure.ts'
import { SourceReadable } from './source-readable.ts'
import { SwitchedSocket, type SwitchedOwner } from './switched-socket.ts'

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
  if (request.takesTrailers) headers.push('te', 'trailers')
  if (request.trailer !== undefined && length === undefined)
    headers.push('trailer', request.trailer)
  const authorization = request.signIn?.authorize(connection.channel)
  if (authorization !== undefined) headers.push('authorization', authorization)
  return headers
}

function latin1Headers(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')))
}

function isSwitchTo(protocol: string, status: number, headers: readonly string[]): boolean {
  if (status !== 101) return false
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === 'upgrade') return headers[at + 1]?.toLowerCase() === protocol
  }
  return false
}

type UpgradeListener = NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>

/** A request under way; undici tells it how it goes. */
export class Exchange
  implements BackendCall, Dispatcher.DispatchHandler, RosterMember, SwitchedOwner
{
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
  #switched: SwitchedSocket | undefined

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
    return this.request.fresh || this.#attempts > 0 || this.#needsOwnConnection
  }

  /** undici can neither hold a body nor send trailers behind it; node:http can, on a connection of its own. */
  get #needsOwnConnection(): boolean {
    const { holdBodyMs, trailer } = this.request
    return holdBodyMs !== undefined || (trailer !== undefined && this.#isChunked)
  }

  get #isChunked(): boolean {
    return this.#body instanceof SourceReadable && lengthOf(this.request) === undefined
  }

  get target(): BackendTarget {
    return this.request.target
  }

  get handler(): BackendHandler {
    return this.#handler
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
    const { method, path, holdBodyMs: holdMs, upgrade } = this.request
    const headers = headersOf(this.request, connection)
    const body = this.#body
    if (upgrade !== undefined) {
      connection.dispatch({ method, path, headers, upgrade: upgrade.protocol }, this)
    } else if (this.#needsOwnConnection && body instanceof SourceReadable) {
      const chunked = this.#isChunked
      connection.dispatchHeld({ method, path, headers, body, chunked, holdMs }, this)
    } else {
      connection.dispatch({ method, path, headers, body: body ?? null }, this)
    }
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
    if (this.#over || connection === undefined) return
    if (status < 200) {
      this.#handler.onInterim?.(status, latin1Headers(controller.rawHeaders))
      return
    }
    this.#answered = true
    this.#handler.onHead(status, latin1Headers(controller.rawHeaders), connection.channel)
  }

  onRequestUpgrade(...told: Parameters<UpgradeListener>): void {
    const [controller, status, , socket] = told
    const connection = this.#connection
    const { upgrade } = this.request
    if (this.#over || connection === undefined || upgrade === undefined) {
      socket.destroy()
      return
    }
    this.#answered = true
    const headers = latin1Headers(controller.rawHeaders)
    if (!isSwitchTo(upgrade.protocol, status, headers)) {
      const what = 'switched to a protocol that it was not asked for'
      this.fail(new SsoError('ERR_BACKEND_PROTOCOL', what))
      return
    }
    const switched = new SwitchedSocket(socket, upgrade.source, this)
    this.#switched = switched
    this.#handler.onHead(status, headers, connection.channel)
    if (!this.#isOver()) switched.start()
  }

  /** A handler may have ended the exchange within the call. */
  #isOver(): boolean {
    return this.#over
  }

  onBothEnded(): void {
    if (this.#end()) this.#handler.onEnd()
  }

  onBroken(error: Error): void {
    this.fail(error)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over && !this.#handler.onData(chunk)) controller.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const connection = this.#connection
    if (this.#over || connection === undefined) return
    this.#over = true
    this.#connection = undefined
    // An answer without the body being wanted: nobody else will.
    if (this.bodyUntouched) this.#dropBody()
    this.#home.release(this, connection)
    if (this.request.takesTrailers) this.#tellTrailers(controller)
    this.#handler.onEnd()
  }

  #tellTrailers(controller: Dispatcher.DispatchController): void {
    const fields = latin1Headers(controller.rawTrailers)
    if (fields.length > 0) this.#handler.onTrailers?.(fields)
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
    if (this.#switched) this.#switched.resume()
    else this.#controller?.resume()
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
