/**
 * Why a connector could not be registered, or is not.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes. Refusals of the gateway keep the gateway's codes (ERR_GATEWAY_*), faults of certificates ERR_PKI_*. */
export type RegisterErrorCode =
  /** The state directory holds a registration. */
  | 'ERR_CONNECTOR_REGISTERED'
  /** The state directory holds none. */
  | 'ERR_CONNECTOR_NOT_REGISTERED'
  /** Files of the registration are damaged. */
  | 'ERR_CONNECTOR_REGISTRATION_DAMAGED'
  /** The name is not one. */
  | 'ERR_CONNECTOR_REGISTER_NAME'
  /** No connection to the gateway. */
  | 'ERR_CONNECTOR_REGISTER_UNREACHABLE'
  /** The TLS handshake failed. */
  | 'ERR_CONNECTOR_REGISTER_TLS'
  /** The gateway answered something that is no registration. */
  | 'ERR_CONNECTOR_REGISTER_REPLY'

/** A registration that failed. Messages never hold the token or the key. */
export class RegisterError extends SallyportError {
  constructor(code: RegisterErrorCode, message: string, options: SallyportErrorOptions = {}) {
    super(code, message, options)
  }
}

/** A refusal in the gateway's own words and code. */
export class GatewayRefusal extends SallyportError {}
