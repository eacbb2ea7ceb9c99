/**
 * What the connector room throws on purpose.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/**
 * Stable codes: the gateway named an app it has not described; the connector is stopping; a host name has no address; a file that
 * the configuration names cannot be used.
 */
export type ConnectorErrorCode =
  | 'ERR_CONNECTOR_APP_UNKNOWN'
  | 'ERR_CONNECTOR_STOPPED'
  | 'ERR_CONNECTOR_NAME'
  | 'ERR_CONNECTOR_FILE'
  /** In the log alone: our password is due, and others may be the same account. */
  | 'ERR_CONNECTOR_ROTATION_HELD'
  /** In the log alone: the gateway gave one proof id two tokens. */
  | 'ERR_CONNECTOR_PROOF_REUSED'

/** A fault of the connector itself. Messages hold names and paths, never secrets. */
export class ConnectorError extends SallyportError {
  override readonly code: ConnectorErrorCode

  constructor(code: ConnectorErrorCode, message: string, options?: SallyportErrorOptions) {
    super(code, message, options)
    this.code = code
  }
}
