/**
 * Request bodies as they come out of the tunnel.
 *
 * @module
 */

/** Takes a request body as it arrives. */
export interface BodySink {
  /**
   * Takes a chunk, which may be kept.
   *
   * @returns False when the source should pause until `resume()`.
   */
  onData(chunk: Uint8Array): boolean
  /** Trailer fields, flat, right before onEnd. */
  onTrailers?(fields: readonly string[]): void
  onEnd(): void
  /** The client went away: the body never ends. */
  onError(error: Error): void
}

/** Where a request body comes from. Nothing flows before `start`. */
export interface BodySource {
  /**
   * Lets the body flow. Called at most once.
   *
   * @param sink - Takes it.
   * @returns A handle to go on after a pause.
   */
  start(sink: BodySink): { resume(): void }
  /** Nobody wants the rest; harmless when the body has ended or never started. */
  cancel(): void
}

/** A request's body. */
export type RequestBody =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'stream'
      /** Octets, where the client said so. */
      readonly length: number | undefined
      readonly source: BodySource
    }
