/**
 * A browser's request body on its way into a tunnel stream, with back-pressure, and kept for a second attempt while it
 * is small.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { TunnelStream } from '../../tunnel/index.ts'
import { inwardTrailers } from '../hop-fields.ts'
import type { RequestSource } from './request-source.ts'

const BODY = Symbol('body')

/** Requests carry their body's state, so that the listeners are the same functions for every request. */
interface Carrying extends IncomingMessage {
  [BODY]?: RequestBody
}

function onData(this: Carrying, chunk: Buffer): void {
  this[BODY]?.take(chunk)
}

function onEnd(this: Carrying): void {
  this[BODY]?.finish()
}

/** What is known of a body before it is read. */
export interface BodyFraming {
  /** Content-Length, where known. */
  readonly length: number | undefined
  /** Octets kept for a second attempt. */
  readonly replayOctets: number
}

/** One request's body. */
export class RequestBody implements RequestSource {
  readonly #request: Carrying
  readonly #length: number | undefined
  #stream: TunnelStream | undefined
  #received = 0
  #kept: Buffer[] | undefined
  #reading = false
  /** The tunnel has asked to wait. */
  paused = false
  /** The last octet has gone into the stream. */
  ended = false

  constructor(request: IncomingMessage, framing: BodyFraming) {
    this.#request = request
    this.#length = framing.length
    const { length = Infinity, replayOctets } = framing
    this.#kept = length <= replayOctets ? [] : undefined
  }

  get awaitsClient(): boolean {
    return !this.ended && !this.paused
  }

  get replayable(): boolean {
    return this.#kept !== undefined || this.#received === 0
  }

  sendTo(stream: TunnelStream): void {
    this.#stream = stream
    const wasEnded = this.ended
    this.ended = false
    for (const chunk of this.#kept ?? []) stream.write(chunk)
    if (wasEnded || this.#length === 0) this.finish()
    if (!this.#reading) this.#read()
    else this.resume()
  }

  resume(): void {
    this.paused = false
    this.#request.resume()
  }

  /** Sends nothing more; what still comes is read and thrown away by node:http. */
  stop(): void {
    this.#stream = undefined
    this.#kept = undefined
    this.ended = true
  }

  /**
   * Takes octets from the browser.
   *
   * @param chunk - The octets.
   */
  take(chunk: Buffer): void {
    if (!this.#stream) return
    this.#received += chunk.length
    this.#kept?.push(chunk)
    if (this.#received === this.#length) {
      // END rides on the last chunk instead of in a frame of its own.
      this.ended = true
      this.#stream.end(chunk)
    } else if (!this.#stream.write(chunk)) {
      this.paused = true
      this.#request.pause()
    }
  }

  /** The browser has sent everything. */
  finish(): void {
    if (this.ended) return
    this.ended = true
    const { rawTrailers } = this.#request
    if (rawTrailers.length === 0) this.#stream?.end()
    else this.#stream?.endWithTrailers(inwardTrailers(rawTrailers))
  }

  #read(): void {
    this.#reading = true
    this.#request[BODY] = this
    this.#request.on('data', onData)
    this.#request.on('end', onEnd)
  }
}
