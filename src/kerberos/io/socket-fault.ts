/**
 * What went wrong with a socket, in words.
 *
 * @module
 */

import { errorCode, errorText } from '../../platform/index.ts'

/**
 * The message of a socket's error. Where several addresses of a name were tried, Node's own message is empty.
 *
 * @param error - What the socket reported.
 * @returns Its message, or those of all addresses, or its code.
 */
export function socketFault(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join(', ')
  const text = errorText(error)
  return text === '' ? errorCode(error) : text
}
