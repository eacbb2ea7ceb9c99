/**
 * What the directory room throws on purpose.
 *
 * @module
 */

import { SallyportError, type SallyportErrorOptions } from '../platform/index.ts'

/**
 * Stable codes: no such account, more than one, no server answered in time, none showed a certificate to be trusted, the
 * server (or the KDC that should have let us in) said no, and an answer that makes no sense.
 */
export type DirectoryErrorCode =
  | 'ERR_DIRECTORY_NOT_FOUND'
  | 'ERR_DIRECTORY_AMBIGUOUS'
  | 'ERR_DIRECTORY_UNREACHABLE'
  | 'ERR_DIRECTORY_TLS'
  | 'ERR_DIRECTORY_REFUSED'
  | 'ERR_DIRECTORY_REPLY'

/** A fault of a look-up in the directory. Messages may hold account names, never credentials. */
export class DirectoryError extends SallyportError {
  override readonly code: DirectoryErrorCode

  constructor(code: DirectoryErrorCode, message: string, options?: SallyportErrorOptions) {
    super(code, message, options)
    this.code = code
  }
}
