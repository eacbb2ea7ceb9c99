/**
 * A backend's response on its way to the browser: head and body in as few writes as can be, with back-pressure, and
 * never longer or shorter than announced.
 *
 * @module
 */

import type { ServerResponse } from 'node:http'
import type { ResponseHead } from '../../tunnel/index.ts'
import type { AppRoute } from '../apps.ts'
import { responseFields, type ResponseFields } from '../response-fields.ts'
import type { BrowserResponse } from './browser-response.ts'
import { forSharedCaches } from '../shared-caches.ts'
import { flushLater, type Flushable } from './flush-later.ts'

/** A last chunk up to this size is written as latin1 text. */
const TEXT_OCTETS = 8192

/** What the response answers. */
export interface ResponseContext {
  readonly route: AppRoute
  /** The request was a HEAD: no body, whatever the fields say. */
  readonly isHead: boolean
  /** The browser has said that it takes trailers. */
  readonly takesTrailers: boolean
  /** Further fields of the answer, flat. */
  readonly fields?: readonly string[] | undefined
}

/** One response. */
export class ResponseBody implements BrowserResponse, Flushable {
  readonly #response: ServerResponse
  readonly #context: ResponseContext
  #length: number | undefined
  #sent = 0
  #hasBody = true
  #ended = false
  #flushed = false
  /** Octets written while the browser was slow: their credit is held back until it has taken them. */
  #owed = 0
  begun = false
  overrun = false

  constructor(response: ServerResponse, context: ResponseContext) {
    this.#response = response
    this.#context = context
  }

  get switched(): boolean {
    return false
  }

  /** The connector's END may still be on its way. */
  get complete(): boolean {
    return this.#ended
  }

  get waitsForClient(): boolean {
    return this.#owed > 0
  }

  /**
   * Prepares the head; it goes out with the first data, or at the end of this turn of the event loop.
   *
   * @param head - From the connector.
   * @throws Error when it must not be passed on.
   */
  head(head: ResponseHead): void {
    const { route, isHead } = this.#context
    const fields = responseFields(head, route)
    this.#hasBody = !isHead && head.status !== 204 && head.status !== 304
    this.#length = this.#hasBody ? fields.bodyLength : undefined
    // node:http checks names and values once more, and throws before anything is sent.
    this.#response.writeHead(head.status, this.#announced(fields))
    this.begun = true
    flushLater(this)
  }

  /** Trailers stand behind the last chunk, so there must be chunks. */
  get #mayTrail(): boolean {
    const { req } = this.#response
    const chunked = this.#hasBody && this.#length === undefined && req.httpVersionMinor === 1
    return chunked && this.#context.takesTrailers
  }

  #announced({ headers, trailer }: ResponseFields): string[] {
    const fields = headers as string[]
    if (this.#context.route.signIn) fields.push(...forSharedCaches(fields))
    if (this.#context.fields !== undefined) fields.push(...this.#context.fields)
    if (trailer !== undefined && this.#mayTrail) fields.push('Trailer', trailer)
    return fields
  }

  trailers(fields: readonly string[]): void {
    if (this.#ended || !this.#mayTrail) return
    const pairs: [string, string][] = []
    for (let at = 0; at + 1 < fields.length; at += 2) {
      pairs.push([fields[at] ?? '', fields[at + 1] ?? ''])
    }
    this.#response.addTrailers(pairs)
  }

  destroy(): void {
    this.#response.destroy()
  }

  flushHead(): void {
    if (this.#flushed || this.#response.destroyed) return
    this.#flushed = true
    this.#response.flushHeaders()
  }

  data(chunk: Uint8Array): number {
    if (!this.#hasBody || this.#ended) return chunk.length
    this.#sent += chunk.length
    this.#flushed = true
    if (this.#length !== undefined && this.#sent > this.#length) {
      this.overrun = true
      return 0
    }
    if (this.#sent === this.#length) {
      this.#ended = true
      this.#endWith(chunk)
      return chunk.length
    }
    if (this.#response.write(chunk)) return chunk.length
    this.#owed += chunk.length
    return 0
  }

  #endWith(chunk: Uint8Array): void {
    // node:http joins head and body into one string where the body is text: one write instead of two gathered ones.
    const asText = chunk.length <= TEXT_OCTETS && Buffer.isBuffer(chunk)
    if (asText) this.#response.end(chunk.toString('latin1'), 'latin1')
    else this.#response.end(chunk)
  }

  end(): boolean {
    if (!this.begun) return false
    if (this.#length !== undefined && this.#sent < this.#length) return false
    if (!this.#ended) {
      this.#ended = true
      this.#flushed = true
      this.#response.end()
    }
    return true
  }

  drained(): number {
    const owed = this.#owed
    this.#owed = 0
    return owed
  }
}
