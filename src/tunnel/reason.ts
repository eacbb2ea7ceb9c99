/**
 * RESET and CLOSE: why a stream or the tunnel ended; and, in RESET, which sign-in would do. PROTOCOL.md section 5.5.
 *
 * @module
 */

import type { FrameBatch } from './batch.ts'
import { TunnelError } from './errors.ts'
import { FRAME, REASON_LIMITS, type FrameCursor } from './frame.ts'
import type { StreamReason } from './types.ts'

const CODE = /^[A-Z0-9_]+$/
/** acr_values of OpenID Connect Core 1.0 section 3.1.2.1: separated by single spaces. */
const ACR_VALUES = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/
const NO_WISH = Buffer.alloc(0)

/** Cuts UTF-8 at a limit without leaving half a character. */
function cutText(text: string, mostOctets: number): Buffer {
  const octets = Buffer.from(text, 'utf8')
  if (octets.length <= mostOctets) return octets
  let end = mostOctets
  while (end > 0 && ((octets[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return octets.subarray(0, end)
}

/** A frame that carries a reason: RESET on a stream, CLOSE on 0. */
export interface ReasonFrame {
  readonly type: typeof FRAME.RESET | typeof FRAME.CLOSE
  readonly streamId: number
  readonly reason: StreamReason
  /** The peer takes what a sign-in must be like. */
  readonly withWish?: boolean
}

/** The wish as it stands behind the message; empty where there is none. What the wire cannot carry is left out. */
function wishOctets({ acr = [], maxAgeMinutes = 0 }: StreamReason): Buffer {
  const joined = acr.join(' ')
  const fits =
    joined.length <= REASON_LIMITS.acrOctets &&
    acr.every((value) => ACR_VALUES.test(value) && !value.includes(' '))
  const values = fits ? joined : ''
  const minutes = Math.min(maxAgeMinutes, 0xffffffff)
  if (values === '' && minutes === 0) return NO_WISH
  const octets = Buffer.alloc(REASON_LIMITS.maxAgeOctets + values.length)
  octets.writeUInt32BE(minutes)
  octets.write(values, REASON_LIMITS.maxAgeOctets, 'latin1')
  return octets
}

/**
 * Writes a RESET or CLOSE frame. A code that breaks the rules becomes ERR_TUNNEL_ABORTED, a long message is cut:
 * ending a stream must not fail.
 *
 * @param frame - What to write.
 * @param batch - Where to.
 */
export function writeReason(frame: ReasonFrame, batch: FrameBatch): void {
  const { code } = frame.reason
  const fits = code.length <= REASON_LIMITS.codeOctets && CODE.test(code)
  const name = fits ? code : 'ERR_TUNNEL_ABORTED'
  const message = cutText(frame.reason.message, REASON_LIMITS.messageOctets)
  const wish = frame.withWish === true ? wishOctets(frame.reason) : NO_WISH
  const length = 3 + name.length + message.length + wish.length
  const at = batch.begin(frame.type, frame.streamId, length)
  const { buffer } = batch
  buffer[at] = name.length
  buffer.writeUInt16BE(message.length, at + 1)
  buffer.write(name, at + 3, 'latin1')
  message.copy(buffer, at + 3 + name.length)
  wish.copy(buffer, at + 3 + name.length + message.length)
}

function readWish(octets: Buffer): Pick<StreamReason, 'acr' | 'maxAgeMinutes'> {
  if (octets.length < REASON_LIMITS.maxAgeOctets) fault('reason: lengths do not add up')
  const maxAgeMinutes = octets.readUInt32BE(0)
  const values = octets.toString('latin1', REASON_LIMITS.maxAgeOctets)
  if (values.length > REASON_LIMITS.acrOctets) fault('reason: too many acr values')
  if (values === '' && maxAgeMinutes === 0) fault('reason: an empty wish')
  if (values !== '' && !ACR_VALUES.test(values)) fault('reason: malformed acr values')
  return {
    ...(values !== '' && { acr: values.split(' ') }),
    ...(maxAgeMinutes > 0 && { maxAgeMinutes }),
  }
}

/**
 * Reads a RESET or CLOSE frame.
 *
 * @param cursor - Stands on it.
 * @param takesWish - This side has announced that it takes what a sign-in must be like.
 * @returns The peer's reason.
 * @throws TunnelError ERR_TUNNEL_FRAME when malformed.
 */
export function readReason(cursor: FrameCursor, takesWish = false): StreamReason {
  const payload = cursor.payload()
  const codeEnd = 3 + payload.readUInt8(0)
  const messageOctets = payload.readUInt16BE(1)
  const end = codeEnd + messageOctets
  const isWhole = end === payload.length || (takesWish && end < payload.length)
  if (!isWhole) fault('reason: lengths do not add up')
  if (messageOctets > REASON_LIMITS.messageOctets) fault('reason: message too long')
  const code = payload.toString('latin1', 3, codeEnd)
  if (code.length > REASON_LIMITS.codeOctets || !CODE.test(code)) fault('reason: malformed code')
  // Control characters would let a peer forge log lines in plain-text logs.
  const message = payload.toString('utf8', codeEnd, end).replace(/\p{Cc}/gu, ' ')
  return end === payload.length
    ? { code, message }
    : { code, message, ...readWish(payload.subarray(end)) }
}

function fault(what: string): never {
  throw new TunnelError('ERR_TUNNEL_FRAME', what)
}
