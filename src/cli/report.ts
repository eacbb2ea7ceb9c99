/**
 * How the command line speaks of an error: the code, what was wrong, and the mend.
 *
 * @module
 */

import { errorText, SallyportError } from '../platform/index.ts'
import { complain } from './output.ts'

/**
 * The error for a command line that is wrong, as is found only after commander has read it.
 *
 * @param message - What is wrong.
 * @param mend - What to give instead.
 * @returns ERR_CLI_USAGE; the process ends with 2.
 */
export function usageError(message: string, mend: string): SallyportError {
  return new SallyportError('ERR_CLI_USAGE', message, { mend })
}

/**
 * The text of an error for a person at a terminal.
 *
 * @param error - Whatever was caught.
 * @returns One or more lines; a stack only for a fault of our own that no one foresaw.
 */
function describeError(error: unknown): string {
  if (error instanceof SallyportError) {
    const mend = error.mend === undefined ? '' : `\nmend: ${error.mend}`
    return `sallyport: ${error.code}: ${error.message}${mend}`
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : errorText(error)
  return `sallyport: ERR_UNEXPECTED: ${detail}`
}

/**
 * Writes an error to standard error.
 *
 * @param error - Whatever was caught.
 */
export function reportError(error: unknown): void {
  complain(describeError(error))
}
