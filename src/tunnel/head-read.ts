/**
 * Reading heads and trailers, strictly. PROTOCOL.md sections 5.2, 5.3 and 5.9.
 *
 * @module
 */

import type { FrameCursor } from './frame.ts'
import {
  checkInterimStatus,
  checkName,
  checkRequest,
  checkStatus,
  checkText,
  fault,
  HEAD_FIXED_OCTETS,
  OPEN_FIXED_OCTETS,
  TABLE_ENTRY_OCTETS,
  TRAILERS_FIXED_OCTETS,
} from './head-rules.ts'
import type { TunnelLimits } from './limits.ts'
import type { RequestHead, ResponseHead } from './types.ts'

function readBodyLength(buffer: Buffer, at: number): number | undefined {
  const high = buffer.readUInt32BE(at)
  const low = buffer.readUInt32BE(at + 4)
  if (high === 0xffffffff && low === 0xffffffff) return undefined
  const length = high * 0x1_0000_0000 + low
  if (!Number.isSafeInteger(length)) fault('body length is above 2^53 - 1')
  return length
}

/** Where the fields of a head lie in its payload. */
interface FieldPlace {
  readonly tableAt: number
  readonly count: number
  /** Where the first name begins in the text. */
  readonly from: number
}

function readText(cursor: FrameCursor, place: FieldPlace, limits: TunnelLimits): string {
  if (place.count > limits.maxHeadFields) fault(`more than ${limits.maxHeadFields} fields`)
  const textAt = place.tableAt + place.count * TABLE_ENTRY_OCTETS
  if (textAt > cursor.stop) fault('length table is cut')
  const text = cursor.message.toString('latin1', textAt, cursor.stop)
  checkText(text)
  return text
}

function readFields(cursor: FrameCursor, place: FieldPlace, text: string): readonly string[] {
  const headers = new Array<string>(place.count * 2)
  const { message } = cursor
  let at = place.tableAt
  let from = place.from
  for (let i = 0; i < headers.length; i += 2) {
    const nameEnd = from + (message[at] ?? 0)
    const valueEnd = nameEnd + message.readUInt16BE(at + 1)
    const name = text.slice(from, nameEnd)
    checkName(name)
    headers[i] = name
    headers[i + 1] = text.slice(nameEnd, valueEnd)
    from = valueEnd
    at += TABLE_ENTRY_OCTETS
  }
  if (from !== text.length) fault('lengths do not add up')
  return headers
}

/**
 * Reads the payload of an OPEN frame.
 *
 * @param cursor - Stands on the frame.
 * @param limits - Bounds of count.
 * @returns The request's head.
 * @throws TunnelError ERR_TUNNEL_HEAD for anything that PROTOCOL.md section 5.2 does not allow.
 */
export function readRequestHead(cursor: FrameCursor, limits: TunnelLimits): RequestHead {
  const { message, start } = cursor
  if (cursor.stop - start < OPEN_FIXED_OCTETS) fault('OPEN is cut')
  const appAt = message.readUInt8(start)
  const proofAt = appAt + message.readUInt8(start + 1)
  const methodAt = proofAt + message.readUInt8(start + 2)
  const targetAt = methodAt + message.readUInt8(start + 3)
  const from = targetAt + message.readUInt16BE(start + 4)
  const count = message.readUInt16BE(start + 14)
  const place = { tableAt: start + OPEN_FIXED_OCTETS, count, from }
  const text = readText(cursor, place, limits)
  if (from > text.length) fault('lengths do not add up')
  const bodyLength = readBodyLength(message, start + 6)
  const head: RequestHead = {
    requestId: text.slice(0, appAt),
    app: text.slice(appAt, proofAt),
    proof: text.slice(proofAt, methodAt),
    method: text.slice(methodAt, targetAt),
    target: text.slice(targetAt, from),
    headers: readFields(cursor, place, text),
    bodyLength,
  }
  checkRequest(head)
  return head
}

/**
 * Reads the payload of a HEAD frame.
 *
 * @param cursor - Stands on the frame.
 * @param limits - Bounds of count.
 * @returns The response's head.
 * @throws TunnelError ERR_TUNNEL_HEAD for anything that PROTOCOL.md section 5.3 does not allow.
 */
export function readResponseHead(cursor: FrameCursor, limits: TunnelLimits): ResponseHead {
  if (cursor.stop - cursor.start < HEAD_FIXED_OCTETS) fault('HEAD is cut')
  checkStatus(cursor.message.readUInt16BE(cursor.start))
  return readStatusAndFields(cursor, limits)
}

/**
 * Reads the payload of an INTERIM frame.
 *
 * @param cursor - Stands on the frame.
 * @param limits - Bounds of count.
 * @returns The interim head.
 * @throws TunnelError ERR_TUNNEL_HEAD for anything that PROTOCOL.md section 5.3 does not allow.
 */
export function readInterimHead(cursor: FrameCursor, limits: TunnelLimits): ResponseHead {
  checkInterimStatus(cursor.message.readUInt16BE(cursor.start))
  return readStatusAndFields(cursor, limits)
}

/**
 * Reads the payload of a TRAILERS frame.
 *
 * @param cursor - Stands on the frame.
 * @param limits - Bounds of count.
 * @returns Flat: name, value and so on.
 * @throws TunnelError ERR_TUNNEL_HEAD for anything that PROTOCOL.md section 5.9 does not allow.
 */
export function readTrailers(cursor: FrameCursor, limits: TunnelLimits): readonly string[] {
  const count = cursor.message.readUInt16BE(cursor.start)
  if (count === 0) fault('TRAILERS without a field')
  const place = { tableAt: cursor.start + TRAILERS_FIXED_OCTETS, count, from: 0 }
  return readFields(cursor, place, readText(cursor, place, limits))
}

function readStatusAndFields(cursor: FrameCursor, limits: TunnelLimits): ResponseHead {
  const { message, start } = cursor
  const status = message.readUInt16BE(start)
  const place = {
    tableAt: start + HEAD_FIXED_OCTETS,
    count: message.readUInt16BE(start + 2),
    from: 0,
  }
  return { status, headers: readFields(cursor, place, readText(cursor, place, limits)) }
}
