/**
 * A sink that waits for the whole response, and request bodies to send.
 *
 * @module
 */

import { errorCode } from '../../../src/platform/index.ts'
import type { BodySink, BodySource, RequestBody, ResponseSink } from '../../../src/sso/index.ts'

/** What became of a request. */
export interface Outcome {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Stable code of the error that ended it, or undefined. */
  readonly code: string | undefined
  readonly error: Error | undefined
}

/** Collects a response. */
export class CollectingSink implements ResponseSink {
  readonly outcome: Promise<Outcome>
  status = 0
  headers: readonly string[] = []
  readonly chunks: Uint8Array[] = []
  /** What onData answers. */
  accepts = true
  ends = 0
  #resolve: (outcome: Outcome) => void = () => undefined

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  onHead(status: number, headers: readonly string[]): void {
    this.status = status
    this.headers = headers
  }
  onData(chunk: Uint8Array): boolean {
    this.chunks.push(Buffer.from(chunk))
    return this.accepts
  }
  onEnd(): void {
    this.#finish(undefined)
  }
  onError(error: Error): void {
    this.#finish(error)
  }

  #finish(error: Error | undefined): void {
    this.ends++
    this.#resolve({
      status: this.status,
      headers: this.headers,
      body: Buffer.concat(this.chunks),
      code: error && errorCode(error),
      error,
    })
  }
}

/**
 * The values of a header field.
 *
 * @param headers - Flat.
 * @param name - Lower-case.
 * @returns All of them, in order.
 */
export function valuesOf(headers: readonly string[], name: string): readonly string[] {
  return headers.filter((_value, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name)
}

/** A body that the test feeds by hand, or that is all there. */
export class TestBody implements BodySource {
  started = 0
  cancelled = false
  resumes = 0
  sink: BodySink | undefined
  readonly #ready: readonly Uint8Array[]

  constructor(ready: readonly (Uint8Array | string)[] = []) {
    this.#ready = ready.map((chunk) => Buffer.from(chunk))
  }

  start(sink: BodySink): { resume(): void } {
    this.started++
    this.sink = sink
    for (const chunk of this.#ready) sink.onData(chunk)
    if (this.#ready.length > 0) sink.onEnd()
    return {
      resume: () => {
        this.resumes++
      },
    }
  }
  cancel(): void {
    this.cancelled = true
  }
}

/**
 * A body that is all there.
 *
 * @param text - The octets.
 * @param length - What its Content-Length says; default: the truth. `unknown`: none.
 * @returns The body.
 */
export function bodyOf(
  text: string,
  length: number | 'unknown' = Buffer.byteLength(text),
): RequestBody {
  const source = new TestBody([text])
  return { kind: 'stream', length: length === 'unknown' ? undefined : length, source }
}
