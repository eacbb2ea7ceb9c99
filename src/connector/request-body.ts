/**
 * A request body on its way from the tunnel to a backend, with back-pressure.
 *
 * Credit goes back to the gateway only for octets that the backend has taken; while the backend is slow, or has not been reached
 * yet, at most the stream's window waits here.
 *
 * @module
 */

import type { BodySink, BodySource } from '../sso/index.ts'
import type { TunnelStream } from '../tunnel/index.ts'

/** The part of a stream that a body needs. */
export type CreditStream = Pick<TunnelStream, 'consumed'>

/** Source for the pipeline, fed by the stream's handler. */
export class RequestBodyPipe implements BodySource {
  readonly #stream: CreditStream
  #sink: BodySink | undefined
  #waiting: Uint8Array[] = []
  /** Octets the sink took while it asked for a pause: their credit is held back until it resumes. */
  #owed = 0
  #paused = true
  #ended = false
  /** Nobody wants the rest: what still arrives is thrown away. */
  #dropped = false
  #trailers: readonly string[] | undefined
  /** Told once, when the body is wanted. */
  onWanted: (() => void) | undefined

  constructor(stream: CreditStream) {
    this.#stream = stream
  }

  /**
   * Takes a chunk from the stream.
   *
   * @param chunk - Octets; may be a view of a received message.
   */
  push(chunk: Uint8Array): void {
    if (this.#dropped) this.#stream.consumed(chunk.length)
    else if (this.#paused) this.#waiting.push(chunk)
    else this.#pass(chunk)
  }

  /**
   * Takes the trailer fields, right before the end.
   *
   * @param fields - Flat: name, value and so on.
   */
  trailers(fields: readonly string[]): void {
    this.#trailers = fields
  }

  /** The client has sent everything. */
  end(): void {
    this.#ended = true
    if (!this.#dropped && !this.#paused) this.#finish()
  }

  /** The stream is gone: nothing is passed on any more, and nothing is given back. */
  abandon(): void {
    this.#dropped = true
    this.#waiting = []
    this.#owed = 0
    this.#sink = undefined
  }

  /**
   * Lets the body flow; what has arrived goes out before this returns.
   *
   * @param sink - Takes it.
   * @returns This, to go on after a pause.
   */
  start(sink: BodySink): this {
    if (!this.#dropped) {
      this.onWanted?.()
      this.#sink = sink
      this.resume()
    }
    return this
  }

  /** Goes on after a pause. */
  resume(): void {
    if (this.#dropped || !this.#paused) return
    this.#paused = false
    this.#giveBack(this.#owed)
    this.#owed = 0
    this.#flush()
  }

  /** Nobody wants the rest. */
  cancel(): void {
    if (this.#dropped) return
    const waiting = this.#waiting.reduce((octets, chunk) => octets + chunk.length, this.#owed)
    this.abandon()
    this.#giveBack(waiting)
  }

  #flush(): void {
    // The sink may pause, resume and cancel within any call of it.
    while (!this.#paused && !this.#dropped) {
      const chunk = this.#waiting.shift()
      if (!chunk) break
      this.#pass(chunk)
    }
    if (this.#ended && !this.#paused && !this.#dropped) this.#finish()
  }

  #pass(chunk: Uint8Array): void {
    if (this.#sink?.onData(chunk) !== false) {
      this.#giveBack(chunk.length)
    } else if (this.#dropped) {
      // Cancelled within the call: this chunk was not waiting any more.
      this.#giveBack(chunk.length)
    } else {
      this.#paused = true
      this.#owed += chunk.length
    }
  }

  #finish(): void {
    const sink = this.#sink
    this.#sink = undefined
    this.#dropped = true
    if (this.#trailers !== undefined) sink?.onTrailers?.(this.#trailers)
    sink?.onEnd()
  }

  #giveBack(octets: number): void {
    if (octets > 0) this.#stream.consumed(octets)
  }
}
