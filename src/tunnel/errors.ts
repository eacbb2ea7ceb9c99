/**
 * Errors of the tunnel room, with stable codes. PROTOCOL.md section 10 lists what each means on the wire.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes: tests, metrics and error pages switch on these, never on messages. */
export type TunnelErrorCode =
  | 'ERR_TUNNEL_ABORTED'
  | 'ERR_TUNNEL_BACKLOG'
  | 'ERR_TUNNEL_CLOSED'
  | 'ERR_TUNNEL_CONTROL'
  | 'ERR_TUNNEL_CREDIT'
  | 'ERR_TUNNEL_DRAINED'
  | 'ERR_TUNNEL_DRAINING'
  | 'ERR_TUNNEL_FRAME'
  | 'ERR_TUNNEL_HANDLER'
  | 'ERR_TUNNEL_HANDSHAKE'
  | 'ERR_TUNNEL_HEAD'
  | 'ERR_TUNNEL_LOST'
  | 'ERR_TUNNEL_REFUSED'
  | 'ERR_TUNNEL_STATE'
  | 'ERR_TUNNEL_STREAM_LIMIT'
  | 'ERR_TUNNEL_TIMEOUT'
  | 'ERR_TUNNEL_TLS'
  | 'ERR_TUNNEL_UNREACHABLE'
  | 'ERR_TUNNEL_VERSION'

/** Anything the tunnel room throws on purpose. Messages never hold header values or data. */
export class TunnelError extends SallyportError {
  override readonly code: TunnelErrorCode

  constructor(code: TunnelErrorCode, message: string, options?: SallyportErrorOptions) {
    super(code, message, options)
    this.code = code
  }
}
