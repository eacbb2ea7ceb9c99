/**
 * Where the octets come from that a browser sends: the body of a request, or a connection that has switched protocols.
 *
 * @module
 */

import type { TunnelStream } from '../../tunnel/index.ts'

/** A browser's direction. */
export interface RequestSource {
  /** Nothing more comes. */
  readonly ended: boolean
  /** It is the browser's turn: it has announced octets that it has not sent. */
  readonly awaitsClient: boolean
  /** Everything that was sent can be sent again. */
  readonly replayable: boolean
  /**
   * Sends the octets, from their beginning.
   *
   * @param stream - Where to.
   */
  sendTo(stream: TunnelStream): void
  /** The stream has room again. */
  resume(): void
  /** Sends nothing more. */
  stop(): void
}
