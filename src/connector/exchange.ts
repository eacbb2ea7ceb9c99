/**
 * One request under way: its stream in the tunnel on one side, the SSO pipeline on the other.
 *
 * @module
 */

import { errorText, SallyportError, type Logger } from '../platform/index.ts'
import { StepUpNeeded, type ResponseSink, type SsoCall } from '../sso/index.ts'
import type { StreamHandler, StreamReason, TunnelStream } from '../tunnel/index.ts'
import type { RequestBodyPipe } from './request-body.ts'

/** Who is told what became of a request. */
export interface ExchangeContext {
  readonly logger: Logger
  readonly requestId: string
  readonly app: string
}

/** The response on its way into the tunnel. */
export class ResponseWriter implements ResponseSink {
  readonly #stream: TunnelStream
  readonly #context: ExchangeContext
  readonly #body: RequestBodyPipe | undefined
  #call: SsoCall | undefined
  #over = false
  #trailers: readonly string[] | undefined
  /** Room came back, or the stream ended, before the pipeline had returned its call. */
  #resumeDue = false
  #abortDue = false

  constructor(stream: TunnelStream, context: ExchangeContext, body: RequestBodyPipe | undefined) {
    this.#stream = stream
    this.#context = context
    this.#body = body
  }

  /**
   * Learns the pipeline's call, which may have finished before it was returned.
   *
   * @param call - What `handle` returned.
   */
  attach(call: SsoCall): void {
    if (this.#abortDue) call.abort()
    if (this.#over) return
    this.#call = call
    if (this.#resumeDue) call.resume()
  }

  /** There is room in the tunnel again. */
  drain(): void {
    if (this.#call) this.#call.resume()
    else this.#resumeDue = true
  }

  /** The stream is gone: the backend is let go at once. */
  cut(): void {
    if (this.#over) return
    this.#over = true
    this.#abort()
  }

  /**
   * Sends the head.
   *
   * @param status - HTTP status.
   * @param headers - Flat: name, value, name, value and so on.
   */
  onHead(status: number, headers: readonly string[]): void {
    if (this.#over) return
    try {
      this.#stream.sendHead({ status, headers })
    } catch (error) {
      // The backend's head breaks a limit of the tunnel.
      this.onError(error)
      this.#abort()
    }
  }

  /**
   * Sends a head before the response's own; one that the tunnel cannot carry is left out.
   *
   * @param status - 102 to 199.
   * @param headers - Flat: name, value, name, value and so on.
   */
  onInterim(status: number, headers: readonly string[]): void {
    if (this.#over) return
    try {
      this.#stream.sendInterim({ status, headers })
    } catch (error) {
      const { logger, requestId, app } = this.#context
      logger.debug('interim head not passed on', { requestId, app, reason: errorText(error) })
    }
  }

  /**
   * Takes the trailer fields that the response ends with.
   *
   * @param fields - Flat: name, value, name, value and so on.
   */
  onTrailers(fields: readonly string[]): void {
    this.#trailers = fields
  }

  /** The backend's direction of a switched connection has ended; the client's goes on. */
  onHalfEnd(): void {
    if (!this.#over) this.#stream.end()
  }

  /**
   * Sends a chunk.
   *
   * @param chunk - Octets; kept until they are flushed.
   * @returns False when the backend should pause.
   */
  onData(chunk: Uint8Array): boolean {
    return this.#over || this.#stream.write(chunk)
  }

  /** The response is complete. A request body that still arrives is of no use to anyone. */
  onEnd(): void {
    if (this.#over) return
    this.#over = true
    this.#call = undefined
    this.#endStream()
    this.#body?.cancel()
  }

  /**
   * Tells the gateway why there is no response, or no whole one.
   *
   * @param error - Anything; only the text of an error that was meant for others leaves this process.
   */
  onError(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#body?.abandon()
    this.#stream.reset(this.#reason(error))
  }

  #endStream(): void {
    if (this.#trailers === undefined) {
      this.#stream.end()
      return
    }
    try {
      this.#stream.endWithTrailers(this.#trailers)
    } catch {
      // The response is whole without them.
      this.#stream.end()
    }
  }

  #abort(): void {
    this.#body?.abandon()
    if (this.#call) this.#call.abort()
    else this.#abortDue = true
    this.#call = undefined
  }

  #reason(error: unknown): StreamReason {
    const { logger, requestId, app } = this.#context
    if (error instanceof SallyportError) {
      const fields = { requestId, app, code: error.code, reason: error.message, mend: error.mend }
      logger.info('request refused', fields)
      return { code: error.code, message: error.message, ...wishOf(error) }
    }
    logger.error('request failed unexpectedly', { requestId, app, reason: errorText(error) })
    return { code: 'ERR_UNEXPECTED', message: 'the connector failed; its log says why' }
  }
}

/** Which sign-in would do, where that is known. */
function wishOf(error: SallyportError): Pick<StreamReason, 'acr' | 'maxAgeMinutes'> {
  if (!(error instanceof StepUpNeeded)) return {}
  const { acr, maxAgeMinutes } = error
  return { ...(acr && { acr }), ...(maxAgeMinutes !== undefined && { maxAgeMinutes }) }
}

/** What the gateway sends on the stream. */
export class RequestReader implements StreamHandler {
  readonly #stream: TunnelStream
  readonly #body: RequestBodyPipe | undefined
  readonly #response: ResponseWriter

  constructor(stream: TunnelStream, response: ResponseWriter, body: RequestBodyPipe | undefined) {
    this.#stream = stream
    this.#response = response
    this.#body = body
  }

  onData(chunk: Uint8Array): void {
    if (this.#body) this.#body.push(chunk)
    else this.#stream.consumed(chunk.length)
  }

  onTrailers(fields: readonly string[]): void {
    this.#body?.trailers(fields)
  }

  onEnd(): void {
    this.#body?.end()
  }

  onReset(): void {
    this.#body?.abandon()
    this.#response.cut()
  }

  onDrain(): void {
    this.#response.drain()
  }
}
