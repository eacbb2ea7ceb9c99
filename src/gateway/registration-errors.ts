/**
 * Why the gateway refuses a registration, as it tells the connector.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes of the registration and of the tunnel listener around it. */
export type RegistrationErrorCode =
  /** The token was never made here, or was forgotten. */
  | 'ERR_GATEWAY_TOKEN_UNKNOWN'
  | 'ERR_GATEWAY_TOKEN_USED'
  | 'ERR_GATEWAY_TOKEN_EXPIRED'
  /** The body is not a registration. */
  | 'ERR_GATEWAY_REGISTRATION_BODY'
  /** Too many attempts. */
  | 'ERR_GATEWAY_REGISTRATION_RATE'
  /** A fault of the gateway; its log has the cause. */
  | 'ERR_GATEWAY_REGISTRATION_FAILED'

/** A registration that is refused. Messages never hold the token's secret. */
export class RegistrationError extends SallyportError {
  declare readonly code: RegistrationErrorCode

  constructor(code: RegistrationErrorCode, message: string, options: SallyportErrorOptions = {}) {
    super(code, message, options)
  }
}
