/**
 * The one way in which this room says that nobody answered.
 *
 * @module
 */

import { DirectoryError } from '../index.ts'

/**
 * No server answered in time.
 *
 * @param message - What was tried.
 * @param cause - What came of it.
 * @returns DirectoryError ERR_DIRECTORY_UNREACHABLE with its mend.
 */
export function unreachable(message: string, cause?: unknown): DirectoryError {
  return new DirectoryError('ERR_DIRECTORY_UNREACHABLE', message, {
    ...(cause !== undefined && { cause }),
    mend: 'Check the servers of the directory, its ca, port 636 (3269 of a global catalog) and the domain controllers.',
  })
}
