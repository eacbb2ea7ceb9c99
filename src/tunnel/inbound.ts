/**
 * The way in: each frame of a message goes to its stream or to the session.
 *
 * @module
 */

import type { OptionalFrames } from './capabilities.ts'
import { TunnelError } from './errors.ts'
import { FRAME, FrameCursor } from './frame.ts'
import { readInterimHead, readRequestHead, readResponseHead, readTrailers } from './head-read.ts'
import type { TunnelLimits } from './limits.ts'
import { readReason } from './reason.ts'
import { readHello, type Hello } from './session-frames.ts'
import type { StreamTable } from './stream-table.ts'
import type { RequestHead, StreamReason } from './types.ts'

/** What a session does about the frames that are not a stream's. */
export interface InboundTarget {
  readonly closed: boolean
  /** HELLO has arrived. */
  readonly ready: boolean
  readonly streams: StreamTable
  onHello(hello: Hello): void
  onOpen(id: number, head: RequestHead, ended: boolean): void
  onControl(payload: Uint8Array): void
  onDrain(): void
  onPing(value: number): void
  onPong(value: number): void
  onCloseFrame(reason: StreamReason): void
}

/** Reads messages. Everything it throws is a TunnelError: a violation by the peer. */
export class Inbound {
  readonly #cursor: FrameCursor
  readonly #limits: TunnelLimits
  readonly #own: OptionalFrames
  readonly #target: InboundTarget

  /**
   * Nothing is read yet.
   *
   * @param limits - Of this side.
   * @param own - Which optional frames this side has announced.
   * @param target - Is told.
   */
  constructor(limits: TunnelLimits, own: OptionalFrames, target: InboundTarget) {
    this.#cursor = new FrameCursor(limits, own)
    this.#limits = limits
    this.#own = own
    this.#target = target
  }

  /**
   * Acts on each frame of a message, until the end or until the session is closed.
   *
   * @param message - One received message.
   * @throws TunnelError for the first frame that breaks the protocol.
   */
  message(message: Uint8Array): void {
    const cursor = this.#cursor
    cursor.begin(message)
    while (!this.#target.closed && cursor.next()) {
      this.#checkHello()
      if (cursor.streamId === 0) this.#sessionFrame()
      else if (cursor.type === FRAME.OPEN) this.#open()
      else this.#streamFrame()
    }
  }

  /** HELLO comes first and once; only CLOSE may come instead of it. */
  #checkHello(): void {
    const { type } = this.#cursor
    if (this.#target.ready !== (type === FRAME.HELLO) || type === FRAME.CLOSE) return
    const what = this.#target.ready ? 'a second HELLO' : 'a frame before HELLO'
    throw new TunnelError('ERR_TUNNEL_HANDSHAKE', what)
  }

  #open(): void {
    const { streamId, end } = this.#cursor
    this.#target.onOpen(streamId, readRequestHead(this.#cursor, this.#limits), end)
  }

  #streamFrame(): void {
    const cursor = this.#cursor
    const stream = this.#target.streams.find(cursor.streamId)
    if (stream === undefined) return
    switch (cursor.type) {
      case FRAME.DATA:
        stream.acceptData(cursor.payload(), cursor.end)
        break
      case FRAME.HEAD:
        stream.acceptHead(readResponseHead(cursor, this.#limits), cursor.end)
        break
      case FRAME.CREDIT:
        stream.acceptCredit(cursor.message.readUInt32BE(cursor.start))
        break
      case FRAME.INTERIM:
        stream.acceptInterim(readInterimHead(cursor, this.#limits))
        break
      case FRAME.TRAILERS:
        stream.acceptTrailers(readTrailers(cursor, this.#limits))
        break
      default:
        stream.acceptReset(readReason(cursor, this.#own.stepUp))
    }
  }

  #sessionFrame(): void {
    const cursor = this.#cursor
    const target = this.#target
    switch (cursor.type) {
      case FRAME.HELLO:
        target.onHello(readHello(cursor))
        break
      case FRAME.CONTROL:
        target.onControl(cursor.payload())
        break
      case FRAME.DRAIN:
        target.onDrain()
        break
      case FRAME.PING:
        target.onPing(cursor.message.readUInt32BE(cursor.start))
        break
      case FRAME.CLOSE:
        target.onCloseFrame(readReason(cursor))
        break
      default:
        target.onPong(cursor.message.readUInt32BE(cursor.start))
    }
  }
}
