/**
 * The streams of one tunnel: opening them, taking them in, and letting them go. PROTOCOL.md section 6.
 *
 * @module
 */

import { errorText, type Logger } from '../platform/index.ts'
import type { OptionalFrames } from './capabilities.ts'
import type { TunnelRole } from './control.ts'
import { TunnelError } from './errors.ts'
import { writeRequestHead } from './head-write.ts'
import type { TunnelLimits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { StreamTable } from './stream-table.ts'
import { Stream, type StreamHost } from './stream.ts'
import type { RequestHead, StreamHandler, TunnelHandler, TunnelStream } from './types.ts'

/** What a desk needs of its session. */
export interface DeskParts {
  readonly role: TunnelRole
  readonly limits: TunnelLimits
  readonly logger: Logger
  readonly outbox: Outbox
  /** A stream is over. */
  readonly onRelease: () => void
}

/** What an OPEN frame says. */
export interface OpenedRequest {
  readonly head: RequestHead
  /** No body follows. */
  readonly ended: boolean
}

/** Opens and accepts streams within the limits of both sides. */
export class StreamDesk implements StreamHost {
  readonly role: TunnelRole
  readonly limits: TunnelLimits
  readonly logger: Logger
  readonly outbox: Outbox
  readonly table: StreamTable = new StreamTable()
  /** From the peer's HELLO. */
  peerWindowOctets = 0
  /** From the peer's HELLO. */
  peerMaxStreams = 0
  /** From the peer's HELLO. */
  peerTakes: OptionalFrames = { interim: false, trailers: false, stepUp: false }
  readonly #onRelease: () => void

  constructor(parts: DeskParts) {
    this.role = parts.role
    this.limits = parts.limits
    this.logger = parts.logger
    this.outbox = parts.outbox
    this.#onRelease = parts.onRelease
  }

  /**
   * Opens a stream to the peer.
   *
   * @param head - The request.
   * @param handler - Told of the response.
   * @param ended - No body follows.
   * @returns The stream.
   * @throws TunnelError ERR_TUNNEL_STREAM_LIMIT, or ERR_TUNNEL_HEAD when the head breaks a rule.
   */
  open(head: RequestHead, handler: StreamHandler, ended: boolean): TunnelStream {
    const { table, limits } = this
    if (table.size >= Math.min(limits.maxStreams, this.peerMaxStreams)) {
      throw new TunnelError('ERR_TUNNEL_STREAM_LIMIT', `${table.size} streams are open`)
    }
    const streamId = table.nextId
    writeRequestHead(head, { batch: this.outbox.batch, limits, streamId, end: ended })
    const stream = this.#add(streamId, ended)
    stream.attach(handler)
    return stream
  }

  /**
   * Takes in a stream that the peer opened; whatever the application does with it harms no other.
   *
   * @param id - From the OPEN frame.
   * @param request - What the frame says.
   * @param handler - The application.
   * @throws TunnelError ERR_TUNNEL_STATE for an id used before.
   */
  accept(id: number, request: OpenedRequest, handler: TunnelHandler): void {
    const stream = this.#add(id, request.ended)
    if (this.table.size > this.limits.maxStreams) {
      stream.reset({ code: 'ERR_TUNNEL_STREAM_LIMIT', message: 'too many streams' })
      return
    }
    try {
      const told = handler.onOpen?.(stream, request.head, request.ended)
      if (told !== undefined) stream.attach(told)
      else stream.reset({ code: 'ERR_TUNNEL_REFUSED', message: 'this end takes no streams' })
    } catch (error) {
      this.logger.error('onOpen threw', { stream: id, error: errorText(error) })
      stream.reset({ code: 'ERR_TUNNEL_HANDLER', message: 'internal fault at the connector' })
    }
  }

  release(stream: Stream): void {
    this.table.remove(stream)
    this.#onRelease()
  }

  waitForRoom(stream: Stream): void {
    this.table.waitForRoom(stream)
  }

  #add(id: number, ended: boolean): Stream {
    this.table.use(id)
    const stream = new Stream(id, this)
    stream.opened(ended)
    this.table.add(stream)
    return stream
  }
}
