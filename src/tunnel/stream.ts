/**
 * One stream: its states and its two directions. PROTOCOL.md section 6.
 *
 * @module
 */

import type { Logger } from '../platform/index.ts'
import type { OptionalFrames } from './capabilities.ts'
import type { TunnelRole } from './control.ts'
import { TunnelError } from './errors.ts'
import { Inflow, Outflow } from './flow.ts'
import { FRAME } from './frame.ts'
import { GuardedHandler } from './guarded-handler.ts'
import { trailersPayload, writeInterimHead, writeResponseHead } from './head-write.ts'
import type { TunnelLimits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { writeReason } from './reason.ts'
import { writeNumber } from './session-frames.ts'
import { trailerFields } from './trailer-rules.ts'
import type { ResponseHead, StreamHandler, StreamReason, TunnelStream } from './types.ts'

/** What a stream needs of its session. */
export interface StreamHost {
  readonly role: TunnelRole
  readonly limits: TunnelLimits
  readonly logger: Logger
  readonly outbox: Outbox
  /** The window that the peer announced, octets. */
  readonly peerWindowOctets: number
  /** Which optional frames the peer takes. */
  readonly peerTakes: OptionalFrames
  /** The stream is over. */
  release(stream: Stream): void
  /** Calls stream.writable() when the backlog has fallen. */
  waitForRoom(stream: Stream): void
}

const HANDLER_FAULT: StreamReason = {
  code: 'ERR_TUNNEL_HANDLER',
  message: 'internal fault at one end of the tunnel',
}
const WRITER_FAULT: StreamReason = {
  code: 'ERR_TUNNEL_BACKLOG',
  message: 'the writer did not wait for credit',
}

/** A stream of either side. */
export class Stream implements TunnelStream {
  readonly id: number
  readonly #host: StreamHost
  readonly #out: Outflow
  readonly #in: Inflow
  readonly #handler: GuardedHandler
  /** The HEAD has been sent (connector) or has arrived (gateway). */
  #headDone = false
  /** INTERIM frames sent (connector) or arrived (gateway). */
  #interims = 0
  #over = false

  constructor(id: number, host: StreamHost) {
    this.id = id
    this.#host = host
    const { outbox, limits, peerWindowOctets } = host
    this.#out = new Outflow({ streamId: id, outbox, limits, credit: peerWindowOctets })
    this.#in = new Inflow(limits.streamWindowOctets)
    this.#handler = new GuardedHandler(id, host.logger)
  }

  /**
   * Gives the stream its handler, once.
   *
   * @param handler - Told at once when the stream was reset in between.
   */
  attach(handler: StreamHandler): void {
    this.#handler.attach(handler)
  }

  /**
   * OPEN has been written or read.
   *
   * @param ended - The requester's direction is at its end.
   */
  opened(ended: boolean): void {
    if (this.#host.role === 'connector') this.#in.ended = ended
    else if (ended) this.#out.ended = this.#out.ending = true
    else this.#out.markTail()
  }

  sendInterim(head: ResponseHead): void {
    const { role, limits, outbox, peerTakes } = this.#host
    if (role !== 'connector') throw new TypeError('the gateway sends no response head')
    if (this.#over || this.#headDone || !peerTakes.interim) return
    if (++this.#interims > limits.maxInterimHeads) return
    writeInterimHead(head, { batch: outbox.batch, limits, streamId: this.id, end: false })
  }

  sendHead(head: ResponseHead): void {
    if (this.#host.role !== 'connector') throw new TypeError('the gateway sends no response head')
    if (this.#over) return
    if (this.#headDone) throw new TypeError(`stream ${this.id} has had its head`)
    const { outbox, limits } = this.#host
    writeResponseHead(head, { batch: outbox.batch, limits, streamId: this.id, end: false })
    this.#headDone = true
    this.#out.markTail()
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over) return true
    if (this.#out.ending) throw new TypeError(`stream ${this.id}: write after end`)
    this.#mustHaveHead()
    if (chunk.length > 0) this.#out.write(chunk)
    if (this.#out.hasRoom) return true
    this.#out.wantsDrain = true
    if (this.#out.queuedOctets === 0) this.#host.waitForRoom(this)
    else this.#checkQueue()
    return false
  }

  end(chunk?: Uint8Array): void {
    if (this.#over || this.#out.ending) return
    this.#mustHaveHead()
    if (chunk !== undefined && chunk.length > 0) this.#out.write(chunk)
    this.#out.end()
    this.#checkQueue()
    this.#finishIfDone()
  }

  endWithTrailers(fields: readonly string[]): void {
    const kept = this.#host.peerTakes.trailers ? trailerFields(fields) : []
    if (kept.length === 0) {
      this.end()
      return
    }
    if (this.#over || this.#out.ending) return
    this.#mustHaveHead()
    this.#out.end(trailersPayload(kept, this.#host.limits))
    this.#finishIfDone()
  }

  reset(reason: StreamReason): void {
    if (this.#over) return
    const { outbox, peerTakes } = this.#host
    const withWish = peerTakes.stepUp
    writeReason({ type: FRAME.RESET, streamId: this.id, reason, withWish }, outbox.batch)
    this.#finish()
  }

  consumed(octets: number): void {
    if (this.#over) return
    const value = this.#in.consumed(octets)
    if (value === 0) return
    writeNumber({ type: FRAME.CREDIT, streamId: this.id, value }, this.#host.outbox.batch)
  }

  /**
   * HEAD has arrived.
   *
   * @param head - The response.
   * @param end - It has no body.
   * @throws TunnelError ERR_TUNNEL_STATE for a second one, or at the connector.
   */
  acceptHead(head: ResponseHead, end: boolean): void {
    if (this.#headDone || this.#host.role !== 'gateway') this.#violated('HEAD out of place')
    this.#headDone = true
    if (!this.#handler.head(head)) this.#resetAndTell(HANDLER_FAULT)
    if (end) this.#acceptEnd()
  }

  /**
   * INTERIM has arrived.
   *
   * @param head - The interim head.
   * @throws TunnelError ERR_TUNNEL_STATE after HEAD, or at the connector.
   */
  acceptInterim(head: ResponseHead): void {
    if (this.#headDone || this.#host.role !== 'gateway') this.#violated('INTERIM out of place')
    if (++this.#interims > this.#host.limits.maxInterimHeads) return
    if (!this.#handler.interim(head)) this.#resetAndTell(HANDLER_FAULT)
  }

  /**
   * TRAILERS have arrived, and with them the end of the peer's direction.
   *
   * @param fields - Flat: name, value and so on.
   * @throws TunnelError ERR_TUNNEL_STATE after END or before HEAD.
   */
  acceptTrailers(fields: readonly string[]): void {
    if (this.#in.ended) this.#violated('TRAILERS after END')
    if (this.#host.role === 'gateway' && !this.#headDone) this.#violated('TRAILERS before HEAD')
    this.#in.arrived(0, true)
    if (!this.#handler.trailers(trailerFields(fields))) this.#resetAndTell(HANDLER_FAULT)
    this.#acceptEnd()
  }

  /**
   * DATA has arrived.
   *
   * @param chunk - Its payload.
   * @param end - It is the last.
   * @throws TunnelError ERR_TUNNEL_STATE after END or before HEAD, ERR_TUNNEL_CREDIT beyond the credit.
   */
  acceptData(chunk: Uint8Array, end: boolean): void {
    if (this.#in.ended) this.#violated('DATA after END')
    if (this.#host.role === 'gateway' && !this.#headDone) this.#violated('DATA before HEAD')
    this.#in.arrived(chunk.length, end)
    if (chunk.length > 0 && !this.#handler.data(chunk)) this.#resetAndTell(HANDLER_FAULT)
    if (end) this.#acceptEnd()
  }

  /**
   * CREDIT has arrived.
   *
   * @param octets - How much more may be sent.
   * @throws TunnelError ERR_TUNNEL_CREDIT out of range.
   */
  acceptCredit(octets: number): void {
    this.#out.addCredit(octets)
    this.#finishIfDone()
    this.writable()
  }

  /**
   * RESET has arrived, or the tunnel is over.
   *
   * @param reason - For the handler.
   */
  acceptReset(reason: StreamReason): void {
    if (this.#over) return
    this.#finish()
    this.#handler.reset(reason)
  }

  /** There may be room again. */
  writable(): void {
    if (this.#over || !this.#out.wantsDrain || this.#out.ending) return
    if (this.#out.queuedOctets > 0) return
    if (!this.#out.hasRoom) {
      this.#host.waitForRoom(this)
      return
    }
    this.#out.wantsDrain = false
    if (!this.#handler.drain()) this.#resetAndTell(HANDLER_FAULT)
  }

  #acceptEnd(): void {
    if (this.#over) return
    this.#in.ended = true
    if (!this.#handler.end()) this.#resetAndTell(HANDLER_FAULT)
    this.#finishIfDone()
  }

  #finishIfDone(): void {
    if (!this.#over && this.#in.ended && this.#out.ended) this.#finish()
  }

  #finish(): void {
    this.#over = true
    this.#out.discard()
    this.#host.release(this)
  }

  #resetAndTell(reason: StreamReason): void {
    if (this.#over) return
    this.reset(reason)
    this.#handler.reset(reason)
  }

  #checkQueue(): void {
    if (this.#out.queuedOctets > this.#host.limits.maxQueuedOctets) this.#resetAndTell(WRITER_FAULT)
  }

  #mustHaveHead(): void {
    if (this.#host.role === 'connector' && !this.#headDone) {
      throw new TypeError(`stream ${this.id}: data before the head`)
    }
  }

  #violated(what: string): never {
    throw new TunnelError('ERR_TUNNEL_STATE', `stream ${this.id}: ${what}`)
  }
}
