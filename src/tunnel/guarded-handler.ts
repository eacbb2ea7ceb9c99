/**
 * The guard around a stream's handler: a throw is logged, reported to the stream, and goes no further.
 *
 * @module
 */

import { errorText, type Logger } from '../platform/index.ts'
import type { ResponseHead, StreamHandler, StreamReason } from './types.ts'

/** Until the application has given its handler. */
const NOBODY: StreamHandler = {
  onData: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
}

/** Calls one handler. Each method but `reset` returns false when the handler threw. */
export class GuardedHandler {
  readonly #logger: Logger
  readonly #streamId: number
  #handler: StreamHandler = NOBODY
  #early: StreamReason | undefined

  constructor(streamId: number, logger: Logger) {
    this.#streamId = streamId
    this.#logger = logger
  }

  /**
   * Takes the application's handler.
   *
   * @param handler - Told at once when the stream was reset before.
   */
  attach(handler: StreamHandler): void {
    this.#handler = handler
    if (this.#early !== undefined) this.reset(this.#early)
  }

  head(head: ResponseHead): boolean {
    try {
      this.#handler.onHead?.(head)
      return true
    } catch (error) {
      return this.#threw('onHead', error)
    }
  }

  interim(head: ResponseHead): boolean {
    try {
      this.#handler.onInterim?.(head)
      return true
    } catch (error) {
      return this.#threw('onInterim', error)
    }
  }

  trailers(fields: readonly string[]): boolean {
    try {
      this.#handler.onTrailers?.(fields)
      return true
    } catch (error) {
      return this.#threw('onTrailers', error)
    }
  }

  data(chunk: Uint8Array): boolean {
    try {
      this.#handler.onData(chunk)
      return true
    } catch (error) {
      return this.#threw('onData', error)
    }
  }

  end(): boolean {
    try {
      this.#handler.onEnd()
      return true
    } catch (error) {
      return this.#threw('onEnd', error)
    }
  }

  drain(): boolean {
    try {
      this.#handler.onDrain?.()
      return true
    } catch (error) {
      return this.#threw('onDrain', error)
    }
  }

  reset(reason: StreamReason): void {
    if (this.#handler === NOBODY) this.#early = reason
    try {
      this.#handler.onReset(reason)
    } catch (error) {
      this.#threw('onReset', error)
    }
  }

  #threw(method: string, error: unknown): false {
    const fields = { stream: this.#streamId, error: errorText(error) }
    this.#logger.error(`stream handler threw in ${method}`, fields)
    return false
  }
}
