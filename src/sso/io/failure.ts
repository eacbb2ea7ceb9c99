/**
 * undici's and the socket's faults in this room's words.
 *
 * @module
 */

import { errorCode, SallyportError } from '../../platform/index.ts'
import type { BackendTarget } from '../backend.ts'
import { SsoError, type SsoErrorCode } from '../errors.ts'

const CODES: Readonly<Record<string, readonly [SsoErrorCode, string]>> = {
  UND_ERR_HEADERS_TIMEOUT: ['ERR_BACKEND_TIMEOUT', 'sent no response within firstOctetMs'],
  UND_ERR_BODY_TIMEOUT: [
    'ERR_BACKEND_TIMEOUT',
    'stopped within its response for longer than idleMs',
  ],
  HTTPParserError: ['ERR_BACKEND_PROTOCOL', 'does not answer in HTTP/1.1'],
  UND_ERR_HEADERS_OVERFLOW: [
    'ERR_BACKEND_PROTOCOL',
    'sent a response head longer than responseHeadOctets',
  ],
  UND_ERR_INVALID_ARG: [
    'ERR_BACKEND_PROTOCOL',
    'cannot be sent this request: its method, path or a header is malformed',
  ],
  ERR_INVALID_CHAR: ['ERR_BACKEND_PROTOCOL', 'cannot be sent this request: a header is malformed'],
  ERR_INVALID_HTTP_TOKEN: [
    'ERR_BACKEND_PROTOCOL',
    'cannot be sent this request: its method or the name of a header is malformed',
  ],
  ERR_UNESCAPED_CHARACTERS: [
    'ERR_BACKEND_PROTOCOL',
    'cannot be sent this request: its path is malformed',
  ],
  UND_ERR_NOT_SUPPORTED: [
    'ERR_BACKEND_PROTOCOL',
    'cannot be sent this request: a header is not supported',
  ],
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: [
    'ERR_BACKEND_ABORTED',
    'was sent a body of another length than announced',
  ],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['ERR_BACKEND_ABORTED', 'ended its response early'],
}

/**
 * What a fault is called.
 *
 * @param error - What undici or the socket said.
 * @returns Its code; `HTTPParserError` for an answer that cannot be parsed, to which undici gives no code
 *   and node:http many.
 */
export function faultCode(error: unknown): string {
  if (error instanceof Error && error.name === 'HTTPParserError') return error.name
  const code = errorCode(error)
  if (code === 'HPE_HEADER_OVERFLOW') return 'UND_ERR_HEADERS_OVERFLOW'
  return code.startsWith('HPE_') ? 'HTTPParserError' : code
}

/**
 * Translates a fault.
 *
 * @param target - Who answered, or did not.
 * @param error - What undici or the socket said.
 * @param started - The request had been written, wholly or in part.
 * @returns An error with a stable code.
 */
export function backendFailure(
  target: BackendTarget,
  error: unknown,
  started: boolean,
): SallyportError {
  if (error instanceof SallyportError) return error
  const name = `${target.protocol}//${target.hostname}:${target.port}`
  const code = faultCode(error)
  const known = CODES[code]
  if (known !== undefined) return new SsoError(known[0], `${name} ${known[1]}`, { cause: error })
  const when = started
    ? 'before its response was whole; the request is not repeated'
    : 'before the request was sent'
  return new SsoError('ERR_BACKEND_ABORTED', `${name} closed the connection ${when}`, {
    cause: error,
  })
}
