/**
 * Writing heads and trailers: a table of lengths, then the text. PROTOCOL.md sections 5.2, 5.3
 * and 5.9.
 *
 * A head is never text that someone has to split: names and values are cut by length, and each is checked on the way
 * out and on the way in (RFC 9110 sections 5.1 and 5.5), so nothing can smuggle a line.
 *
 * @module
 */

import type { FrameBatch } from './batch.ts'
import { FLAG_END, FRAME } from './frame.ts'
import {
  checkInterimStatus,
  checkName,
  checkRequest,
  checkStatus,
  checkText,
  fault,
  HEAD_FIXED_OCTETS,
  MAX_VALUE_OCTETS,
  OPEN_FIXED_OCTETS,
  TABLE_ENTRY_OCTETS,
  TRAILERS_FIXED_OCTETS,
} from './head-rules.ts'
import type { TunnelLimits } from './limits.ts'
import type { RequestHead, ResponseHead } from './types.ts'

/** What both kinds of head share when they are written. */
export interface Outgoing {
  readonly batch: FrameBatch
  readonly limits: TunnelLimits
  readonly streamId: number
  readonly end: boolean
}

/** The text of all fields, checked: every name a token, every value free of control characters. */
function fieldText(headers: readonly string[], limits: TunnelLimits): string {
  if (headers.length % 2 !== 0) fault('header list has a name without a value')
  if (headers.length / 2 > limits.maxHeadFields) fault(`more than ${limits.maxHeadFields} fields`)
  let text = ''
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    checkName(name)
    if (value.length > MAX_VALUE_OCTETS) fault('header value is too long')
    text += name + value
  }
  return text
}

function writeTable(buffer: Buffer, at: number, headers: readonly string[]): number {
  let next = at
  for (let i = 0; i < headers.length; i += 2) {
    const valueLength = headers[i + 1]?.length ?? 0
    buffer[next] = headers[i]?.length ?? 0
    buffer[next + 1] = valueLength >>> 8
    buffer[next + 2] = valueLength
    next += TABLE_ENTRY_OCTETS
  }
  return next
}

function checkSize(text: string, total: number, limits: TunnelLimits): void {
  checkText(text)
  if (total > limits.maxHeadOctets)
    fault(`head of ${total} octets, at most ${limits.maxHeadOctets}`)
}

/**
 * Writes an OPEN frame.
 *
 * @param head - The request.
 * @param out - Where to, on which stream, and whether there is no body.
 * @throws TunnelError ERR_TUNNEL_HEAD when the head breaks a rule or a limit; nothing is written then.
 */
export function writeRequestHead(head: RequestHead, out: Outgoing): void {
  checkRequest(head)
  const { requestId, app, proof, method, target, headers } = head
  const text = requestId + app + proof + method + target + fieldText(headers, out.limits)
  const count = headers.length / 2
  const total = OPEN_FIXED_OCTETS + count * TABLE_ENTRY_OCTETS + text.length
  checkSize(text, total, out.limits)
  const at = out.batch.begin(FRAME.OPEN | (out.end ? FLAG_END : 0), out.streamId, total)
  const { buffer } = out.batch
  buffer[at] = requestId.length
  buffer[at + 1] = app.length
  buffer[at + 2] = proof.length
  buffer[at + 3] = method.length
  buffer.writeUInt16BE(target.length, at + 4)
  writeBodyLength(buffer, at + 6, head.bodyLength)
  buffer.writeUInt16BE(count, at + 14)
  buffer.write(text, writeTable(buffer, at + OPEN_FIXED_OCTETS, headers), 'latin1')
}

/**
 * Writes a HEAD frame.
 *
 * @param head - The response.
 * @param out - Where to, on which stream, and whether there is no body.
 * @throws TunnelError ERR_TUNNEL_HEAD when the head breaks a rule or a limit; nothing is written then.
 */
export function writeResponseHead(head: ResponseHead, out: Outgoing): void {
  checkStatus(head.status)
  writeStatusAndFields(FRAME.HEAD | (out.end ? FLAG_END : 0), head, out)
}

/**
 * Writes an INTERIM frame.
 *
 * @param head - Status 100, or 102 to 199, and fields.
 * @param out - Where to and on which stream.
 * @throws TunnelError ERR_TUNNEL_HEAD when the head breaks a rule or a limit; nothing is written then.
 */
export function writeInterimHead(head: ResponseHead, out: Outgoing): void {
  checkInterimStatus(head.status)
  writeStatusAndFields(FRAME.INTERIM, head, out)
}

function writeStatusAndFields(kind: number, head: ResponseHead, out: Outgoing): void {
  const text = fieldText(head.headers, out.limits)
  const count = head.headers.length / 2
  const total = HEAD_FIXED_OCTETS + count * TABLE_ENTRY_OCTETS + text.length
  checkSize(text, total, out.limits)
  const at = out.batch.begin(kind, out.streamId, total)
  const { buffer } = out.batch
  buffer.writeUInt16BE(head.status, at)
  buffer.writeUInt16BE(count, at + 2)
  buffer.write(text, writeTable(buffer, at + HEAD_FIXED_OCTETS, head.headers), 'latin1')
}

/**
 * Encodes the payload of a TRAILERS frame. It is checked here and may have to wait for credit before it is written.
 *
 * @param fields - Flat: name, value and so on; at least one field.
 * @param limits - Bounds of count and size.
 * @returns The payload.
 * @throws TunnelError ERR_TUNNEL_HEAD when it breaks a rule or a limit.
 */
export function trailersPayload(fields: readonly string[], limits: TunnelLimits): Buffer {
  const text = fieldText(fields, limits)
  const count = fields.length / 2
  const total = TRAILERS_FIXED_OCTETS + count * TABLE_ENTRY_OCTETS + text.length
  checkSize(text, total, limits)
  const payload = Buffer.allocUnsafe(total)
  payload.writeUInt16BE(count, 0)
  payload.write(text, writeTable(payload, TRAILERS_FIXED_OCTETS, fields), 'latin1')
  return payload
}

/** Unknown is all ones. */
function writeBodyLength(buffer: Buffer, at: number, length: number | undefined): void {
  buffer.writeUInt32BE(length === undefined ? 0xffffffff : Math.floor(length / 0x1_0000_0000), at)
  buffer.writeUInt32BE(length === undefined ? 0xffffffff : length % 0x1_0000_0000, at + 4)
}
