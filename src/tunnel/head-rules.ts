/**
 * What a request or response head may hold, on the way out and on the way in. PROTOCOL.md sections 5.2 and 5.3.
 *
 * @module
 */

import { TunnelError } from './errors.ts'
import type { RequestHead } from './types.ts'

/** Octets before the length table: 4 lengths of 1, 1 of 2, the body length of 8, the count of 2. */
export const OPEN_FIXED_OCTETS = 16
/** Status and count. */
export const HEAD_FIXED_OCTETS = 4
/** The count. */
export const TRAILERS_FIXED_OCTETS = 2
/** A name's length and a value's. */
export const TABLE_ENTRY_OCTETS = 3
const MAX_NAME_OCTETS = 255
/** Longest header value, and longest target, octets. */
export const MAX_VALUE_OCTETS = 65_535
const MAX_ID_OCTETS = 128

const NOT_TEXT = /[^\t\x20-\x7e\x80-\xff]/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VISIBLE = /^[\x21-\x7e]*$/
// A '#' would be a fragment, which no request carries; white space would end the target in a request line.
const TARGET = /^(?:\/[\x21\x22\x24-\x7e\x80-\xff]*|\*)$/

/**
 * Refuses a head.
 *
 * @param what - What is wrong with it, without its values.
 * @throws TunnelError ERR_TUNNEL_HEAD always.
 */
export function fault(what: string): never {
  throw new TunnelError('ERR_TUNNEL_HEAD', what)
}

function checkId(name: string, value: string, least: number): void {
  if (value.length < least || value.length > MAX_ID_OCTETS || !VISIBLE.test(value)) {
    fault(`${name} must be ${least} to ${MAX_ID_OCTETS} octets of visible ASCII`)
  }
}

/**
 * Checks all of a request but its header fields.
 *
 * @param head - The request.
 * @throws TunnelError ERR_TUNNEL_HEAD naming the part that breaks a rule.
 */
export function checkRequest(head: RequestHead): void {
  checkId('requestId', head.requestId, 1)
  checkId('app', head.app, 1)
  checkId('proof', head.proof, 0)
  if (head.method.length > MAX_NAME_OCTETS || !TOKEN.test(head.method)) fault('method is no token')
  if (head.target.length > MAX_VALUE_OCTETS || !TARGET.test(head.target)) {
    fault('target is not in origin-form')
  }
  const length = head.bodyLength
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) {
    fault('bodyLength is not a count of octets')
  }
}

/**
 * Checks a status code.
 *
 * @param status - 101 or 200 to 599; other informational responses travel in INTERIM.
 * @throws TunnelError ERR_TUNNEL_HEAD for any other.
 */
export function checkStatus(status: number): void {
  const known = status === 101 || (status >= 200 && status <= 599)
  if (!known || !Number.isInteger(status)) fault(`status ${status} is neither 101 nor 200 to 599`)
}

/**
 * Checks the status code of an interim head.
 *
 * @param status - 100, or 102 to 199.
 * @throws TunnelError ERR_TUNNEL_HEAD for any other.
 */
export function checkInterimStatus(status: number): void {
  const known = status >= 100 && status <= 199 && status !== 101
  if (!known || !Number.isInteger(status)) fault(`status ${status} is not an interim one`)
}

/**
 * Checks a header name.
 *
 * @param name - A token of 1 to 255 octets (RFC 9110 section 5.1).
 * @throws TunnelError ERR_TUNNEL_HEAD for any other.
 */
export function checkName(name: string): void {
  if (name.length > MAX_NAME_OCTETS || !TOKEN.test(name)) fault('header name is no token')
}

/**
 * Checks the text of a whole head at once.
 *
 * @param text - All names and values, joined.
 * @throws TunnelError ERR_TUNNEL_HEAD for a control character other than HTAB, or one beyond latin1.
 */
export function checkText(text: string): void {
  if (NOT_TEXT.test(text)) fault('head holds a control character or one beyond latin1')
}
