/**
 * A request body as a stream that undici can send, with back-pressure.
 *
 * @module
 */

import { Readable } from 'node:stream'
import type { BodySource } from '../body-source.ts'

/** Reads a BodySource. The source is started at the first read and cancelled when the stream is destroyed early. */
export class SourceReadable extends Readable {
  /** Trailer fields, known at the end. */
  readonly trailers: [string, string][] = []
  readonly #source: BodySource
  #handle: { resume(): void } | undefined
  #started = false
  #ended = false

  constructor(source: BodySource) {
    super({ highWaterMark: 64 * 1024 })
    this.#source = source
  }

  /** Something of the source has been asked for: nobody else can send it any more. */
  get started(): boolean {
    return this.#started
  }

  override _read(): void {
    if (this.#started) {
      this.#handle?.resume()
      return
    }
    this.#started = true
    this.#handle = this.#source.start({
      onData: (chunk) => this.push(chunk),
      onTrailers: (fields) => {
        for (let at = 0; at + 1 < fields.length; at += 2) {
          this.trailers.push([fields[at] ?? '', fields[at + 1] ?? ''])
        }
      },
      onEnd: () => {
        this.#ended = true
        this.push(null)
      },
      onError: (error) => {
        this.destroy(error)
      },
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#ended) this.#source.cancel()
    done(error)
  }
}
