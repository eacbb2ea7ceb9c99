/**
 * Why a file could not be read, in words.
 *
 * @module
 */

import { errorCode } from './errors.ts'

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is no directory',
}

/**
 * Says why.
 *
 * @param cause - What the file system said.
 * @returns Words, or the system's code where there are none.
 */
export function readFault(cause: unknown): string {
  const code = errorCode(cause)
  return FAULTS[code] ?? code
}
