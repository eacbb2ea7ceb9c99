/**
 * Where the octets go that a browser gets: a response, or a connection that has switched protocols.
 *
 * @module
 */

import type { ResponseHead } from '../../tunnel/index.ts'

/** The direction to the browser. */
export interface BrowserResponse {
  /** A head has gone out: no page can be sent any more. */
  readonly begun: boolean
  /** More came than was announced. */
  readonly overrun: boolean
  /** Everything that was announced has been written. */
  readonly complete: boolean
  /** The browser has not taken what it was sent. */
  readonly waitsForClient: boolean
  /** The connection has switched protocols. */
  readonly switched: boolean
  /**
   * Prepares the head.
   *
   * @param head - From the connector.
   * @throws Error when it must not be passed on.
   */
  head(head: ResponseHead): void
  /**
   * Sends data on.
   *
   * @param chunk - Octets.
   * @returns Credit to give back now.
   */
  data(chunk: Uint8Array): number
  /**
   * Takes the trailer fields that follow the data.
   *
   * @param fields - Flat: name, value and so on.
   */
  trailers(fields: readonly string[]): void
  /**
   * The connector has sent everything.
   *
   * @returns False when that is less than was announced.
   */
  end(): boolean
  /**
   * The browser has taken what was waiting.
   *
   * @returns Credit to give back.
   */
  drained(): number
  /** Cuts the connection. */
  destroy(): void
}
