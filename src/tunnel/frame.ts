/**
 * The frame header and the strict walk over the frames of one message. PROTOCOL.md section 4.
 *
 * @module
 */

import type { OptionalFrames } from './capabilities.ts'
import { TunnelError } from './errors.ts'
import { PROTOCOL_MAX_DATA_OCTETS, type TunnelLimits } from './limits.ts'

/** Frame types: the low nibble of the fourth octet. */
export const FRAME = {
  HELLO: 0,
  OPEN: 1,
  HEAD: 2,
  DATA: 3,
  CREDIT: 4,
  RESET: 5,
  CONTROL: 6,
  DRAIN: 7,
  PING: 8,
  PONG: 9,
  CLOSE: 10,
  INTERIM: 11,
  TRAILERS: 12,
} as const

/** Flag in the high nibble of OPEN, HEAD, DATA and TRAILERS: the sender's direction ends with this frame. */
export const FLAG_END = 0x10

/** u24 payload length, u8 flags and type, u32 stream id. */
export const FRAME_HEADER_OCTETS = 8

/** Most octets of a stable code and of a message in RESET and CLOSE; of what RESET may say of a sign-in: its age, and most of acr. */
export const REASON_LIMITS = {
  codeOctets: 64,
  messageOctets: 512,
  maxAgeOctets: 4,
  acrOctets: 1024,
} as const

/** HELLO: 10 octets, then at most 32 capabilities of at most 64 octets. */
export const HELLO_LIMITS = { fixedOctets: 10, capabilities: 32, capabilityOctets: 64 } as const

const NONE: OptionalFrames = { interim: false, trailers: false, stepUp: false }

/** What a type of frame may look like. */
interface FrameShape {
  readonly least: number
  readonly most: number
  readonly onStream: boolean
  readonly mayEnd: boolean
  readonly mustEnd: boolean
}

const REASON_MOST = 3 + REASON_LIMITS.codeOctets + REASON_LIMITS.messageOctets
const WISH_MOST = REASON_LIMITS.maxAgeOctets + REASON_LIMITS.acrOctets
const HELLO_MOST =
  HELLO_LIMITS.fixedOctets + HELLO_LIMITS.capabilities * (1 + HELLO_LIMITS.capabilityOctets)

function shape(
  least: number,
  most: number,
  where: 'session' | 'stream' | 'body' | 'last',
): FrameShape {
  const mustEnd = where === 'last'
  return {
    least,
    most,
    onStream: where !== 'session',
    mayEnd: mustEnd || where === 'body',
    mustEnd,
  }
}

function shapesFor(limits: TunnelLimits, own: OptionalFrames): readonly FrameShape[] {
  const shapes: FrameShape[] = []
  shapes[FRAME.HELLO] = shape(HELLO_LIMITS.fixedOctets, HELLO_MOST, 'session')
  shapes[FRAME.OPEN] = shape(1, limits.maxHeadOctets, 'body')
  shapes[FRAME.HEAD] = shape(1, limits.maxHeadOctets, 'body')
  shapes[FRAME.DATA] = shape(0, PROTOCOL_MAX_DATA_OCTETS, 'body')
  shapes[FRAME.CREDIT] = shape(4, 4, 'stream')
  shapes[FRAME.RESET] = shape(4, REASON_MOST + (own.stepUp ? WISH_MOST : 0), 'stream')
  shapes[FRAME.CONTROL] = shape(2, limits.maxControlOctets, 'session')
  shapes[FRAME.DRAIN] = shape(0, 0, 'session')
  shapes[FRAME.PING] = shape(4, 4, 'session')
  shapes[FRAME.PONG] = shape(4, 4, 'session')
  shapes[FRAME.CLOSE] = shape(4, REASON_MOST, 'session')
  if (own.interim) shapes[FRAME.INTERIM] = shape(4, limits.maxHeadOctets, 'stream')
  if (own.trailers) shapes[FRAME.TRAILERS] = shape(6, limits.maxHeadOctets, 'last')
  return shapes
}

/**
 * The largest message that a peer may send under these limits.
 *
 * @param limits - Resolved limits of the receiving side.
 * @returns Octets, frame headers included.
 */
export function maxMessageOctets(limits: TunnelLimits): number {
  const payload = Math.max(limits.maxControlOctets, limits.maxHeadOctets, PROTOCOL_MAX_DATA_OCTETS)
  return payload + FRAME_HEADER_OCTETS
}

/**
 * Walks the frames of a message. One cursor serves a whole session, so that a frame costs no object.
 * After `next` returned true the fields describe a frame that lies wholly inside the message.
 */
export class FrameCursor {
  /** The message being walked. */
  message: Buffer = Buffer.alloc(0)
  /** One of FRAME. */
  type = 0
  /** FLAG_END was set. */
  end = false
  /** 0 for frames of the session. */
  streamId = 0
  /** Payload: from here … */
  start = 0
  /** … up to here in the message. */
  stop = 0
  readonly #shapes: readonly FrameShape[]

  /**
   * Nothing is read yet.
   *
   * @param limits - Resolved limits of this side.
   * @param own - Which optional frames this side has announced; the others are unknown to it.
   */
  constructor(limits: TunnelLimits, own: OptionalFrames = NONE) {
    this.#shapes = shapesFor(limits, own)
  }

  /**
   * Begins a message.
   *
   * @param message - One received message.
   * @throws TunnelError ERR_TUNNEL_FRAME when it is empty.
   */
  begin(message: Uint8Array): void {
    if (message.length === 0) throw new TunnelError('ERR_TUNNEL_FRAME', 'empty message')
    this.message = Buffer.isBuffer(message)
      ? message
      : Buffer.from(message.buffer, message.byteOffset, message.byteLength)
    this.start = 0
    this.stop = 0
  }

  /**
   * Goes to the next frame.
   *
   * @returns False at the end of the message.
   * @throws TunnelError ERR_TUNNEL_FRAME for a frame that is cut, unknown, out of bounds or misaddressed.
   */
  next(): boolean {
    const at = this.stop
    const { message } = this
    if (at === message.length) return false
    if (message.length - at < FRAME_HEADER_OCTETS) fault('header is cut', at)
    const kind = message.readUInt8(at + 3)
    this.type = kind & 0x0f
    this.end = (kind & FLAG_END) !== 0
    this.streamId = message.readUInt32BE(at + 4)
    this.start = at + FRAME_HEADER_OCTETS
    this.stop = this.start + message.readUIntBE(at, 3)
    this.#check(at, kind & 0xe0)
    return true
  }

  /** The payload, as a view. */
  payload(): Buffer {
    return this.message.subarray(this.start, this.stop)
  }

  #check(at: number, reservedFlags: number): void {
    const rule = this.#shapes[this.type]
    if (rule === undefined) fault(`unknown type ${this.type}`, at)
    const length = this.stop - this.start
    if (reservedFlags !== 0 || !endFits(rule, this.end)) fault('flags not allowed', at)
    if (rule.onStream !== (this.streamId !== 0)) fault(`stream id ${this.streamId}`, at)
    if (length < rule.least || length > rule.most) fault(`payload of ${length} octets`, at)
    if (length === 0 && this.type === FRAME.DATA && !this.end) fault('DATA without effect', at)
    if (this.stop > this.message.length) fault('payload is cut', at)
  }
}

function endFits(rule: FrameShape, end: boolean): boolean {
  return end ? rule.mayEnd : !rule.mustEnd
}

function fault(what: string, at: number): never {
  throw new TunnelError('ERR_TUNNEL_FRAME', `frame at octet ${at}: ${what}`)
}
