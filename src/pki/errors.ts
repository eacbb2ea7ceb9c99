/**
 * Errors of the pki room, with stable codes.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/** Stable codes: tests, error replies and `doctor` switch on these, never on messages. */
export type PkiErrorCode =
  /** The CA's own certificate is over, or its state file is damaged. */
  | 'ERR_PKI_AUTHORITY'
  /** A certificate that cannot be read. */
  | 'ERR_PKI_CERTIFICATE'
  /** A certificate outside its time. */
  | 'ERR_PKI_EXPIRED'
  /** A key that is not P-256. */
  | 'ERR_PKI_KEY'
  /** A certificate that does not carry the name or purpose it should. */
  | 'ERR_PKI_NAME'
  /** The gateway's chain holds no CA with the pinned key. */
  | 'ERR_PKI_PIN_MISMATCH'
  /** A signing request that cannot be read, or whose signature is not by its key. */
  | 'ERR_PKI_REQUEST'
  /** A state file that cannot be read or written. */
  | 'ERR_PKI_STATE'
  /** A registration token that is not one. */
  | 'ERR_PKI_TOKEN'
  /** A certificate that our CA did not sign. */
  | 'ERR_PKI_UNTRUSTED'

/** Anything the pki room throws on purpose. Messages never hold keys or secrets. */
export class PkiError extends SallyportError {
  declare readonly code: PkiErrorCode

  constructor(code: PkiErrorCode, message: string, options: SallyportErrorOptions = {}) {
    super(code, message, options)
  }
}
