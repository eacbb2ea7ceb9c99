/**
 * One tunnel: hellos, streams, control messages, drain and close, over a carrier port. PROTOCOL.md sections 3 to 8.
 *
 * @module
 */

import { errorText, type Clock, type Logger } from '../platform/index.ts'
import { optionalFrames } from './capabilities.ts'
import { decodeControl, encodeControl, type ControlMessage, type TunnelRole } from './control.ts'
import { TunnelError } from './errors.ts'
import { FRAME } from './frame.ts'
import { Inbound, type InboundTarget } from './inbound.ts'
import { resolveLimits, type TunnelLimits } from './limits.ts'
import { Liveness } from './liveness.ts'
import { Outbox } from './outbox.ts'
import { Pings } from './pings.ts'
import {
  checkCapabilities,
  PROTOCOL_VERSION,
  writeHello,
  writeNumber,
  type Hello,
} from './session-frames.ts'
import { writeReason } from './reason.ts'
import { StreamDesk } from './stream-desk.ts'
import type { StreamTable } from './stream-table.ts'
import type {
  CarrierReceiver,
  RequestHead,
  StreamHandler,
  StreamReason,
  TunnelCarrier,
  TunnelHandler,
  TunnelOptions,
  TunnelPeer,
  TunnelPorts,
  TunnelSession,
  TunnelStream,
} from './types.ts'

/** WebSocket close codes (RFC 6455 section 7.4.1). */
const CLOSE_NORMAL = 1000
const CLOSE_PROTOCOL_ERROR = 1002

/** A session's options and its side. */
export interface SessionOptions extends TunnelOptions {
  readonly role: TunnelRole
}

/**
 * Begins a tunnel over a connected carrier: the connector says HELLO, the gateway answers.
 *
 * @param carrier - A fresh connection, to be used by this session alone.
 * @param options - Side, limits, capabilities.
 * @param ports - Clock, logger, and the handler that is told of everything.
 * @returns The session; `onReady` tells when it can be used.
 * @throws RangeError for limits or capabilities out of range.
 */
export function createTunnelSession(
  carrier: TunnelCarrier,
  options: SessionOptions,
  ports: TunnelPorts,
): TunnelSession {
  const session = new Session(carrier, options, ports)
  session.start()
  return session
}

class Session implements TunnelSession, InboundTarget, CarrierReceiver {
  peer: TunnelPeer = { version: 0, capabilities: [] }
  closed = false
  ready = false
  readonly #role: TunnelRole
  readonly #capabilities: readonly string[]
  readonly #limits: TunnelLimits
  readonly #logger: Logger
  readonly #carrier: TunnelCarrier
  readonly #handler: TunnelHandler
  readonly #outbox: Outbox
  readonly #desk: StreamDesk
  readonly #inbound: Inbound
  readonly #liveness: Liveness
  #drainSent = false
  #drainReceived = false
  readonly #pings: Pings

  constructor(carrier: TunnelCarrier, options: SessionOptions, ports: TunnelPorts) {
    this.#capabilities = options.capabilities ?? []
    checkCapabilities(this.#capabilities)
    this.#role = options.role
    this.#limits = resolveLimits(options.limits)
    this.#logger = ports.logger
    this.#carrier = carrier
    this.#handler = ports.handler
    this.#inbound = new Inbound(this.#limits, optionalFrames(this.#capabilities), this)
    this.#outbox = new Outbox(carrier, this.#limits, () => {
      this.close({ code: 'ERR_TUNNEL_BACKLOG', message: 'the peer does not read' })
    })
    this.#desk = this.#makeDesk()
    this.#pings = new Pings(ports.clock, (value) => {
      writeNumber({ type: FRAME.PING, streamId: 0, value }, this.#outbox.batch)
    })
    this.#liveness = this.#makeLiveness(ports.clock)
  }

  start(): void {
    this.#liveness.awaitHello()
    this.#carrier.attach(this)
    if (this.#role === 'connector') this.#sayHello()
  }

  get streams(): StreamTable {
    return this.#desk.table
  }

  get openStreams(): number {
    return this.#desk.table.size
  }

  get draining(): boolean {
    return this.#drainSent || this.#drainReceived
  }

  open(head: RequestHead, handler: StreamHandler, ended: boolean): TunnelStream {
    if (this.#role !== 'gateway') throw new TypeError('only the gateway opens streams')
    if (this.closed || !this.ready) {
      throw new TunnelError('ERR_TUNNEL_CLOSED', 'the tunnel is not open')
    }
    if (this.draining) throw new TunnelError('ERR_TUNNEL_DRAINING', 'the tunnel is draining')
    const stream = this.#desk.open(head, handler, ended)
    if (this.streams.exhausted) this.drain()
    return stream
  }

  sendControl(message: ControlMessage): void {
    if (this.closed) return
    const payload = encodeControl(message)
    if (payload.length > this.#limits.maxControlOctets) {
      throw new TunnelError('ERR_TUNNEL_CONTROL', `control message of ${payload.length} octets`)
    }
    const { batch } = this.#outbox
    const at = batch.begin(FRAME.CONTROL, 0, payload.length)
    batch.buffer.set(payload, at)
  }

  drain(): void {
    if (this.closed || this.#drainSent) return
    this.#drainSent = true
    this.#outbox.batch.begin(FRAME.DRAIN, 0, 0)
    this.#closeIfDrained()
  }

  ping(onPong: (roundTripMs: number) => void): void {
    if (!this.closed) this.#pings.send(onPong)
  }

  close(reason: StreamReason): void {
    this.#end(reason, CLOSE_NORMAL)
  }

  onMessage(message: Uint8Array): void {
    if (this.closed) return
    this.#liveness.heard = true
    try {
      this.#inbound.message(message)
    } catch (error) {
      this.#violated(error)
    }
  }

  onWritable(): void {
    this.streams.wake()
  }

  onClose(reason: StreamReason): void {
    if (this.closed) return
    this.closed = true
    this.#tearDown(reason)
  }

  onHello(hello: Hello): void {
    // The gateway answers: a connector that hears HELLO knows that the gateway is ready for it.
    if (this.#role === 'gateway') this.#sayHello()
    this.ready = true
    this.peer = {
      version: Math.min(hello.version, PROTOCOL_VERSION),
      capabilities: hello.capabilities,
    }
    this.#desk.peerWindowOctets = hello.streamWindowOctets
    this.#desk.peerMaxStreams = hello.maxStreams
    this.#desk.peerTakes = optionalFrames(hello.capabilities)
    this.#liveness.watch()
    this.#guarded('onReady', () => this.#handler.onReady?.(this))
  }

  onOpen(id: number, head: RequestHead, ended: boolean): void {
    if (this.#role !== 'connector') {
      throw new TunnelError('ERR_TUNNEL_STATE', 'OPEN from the connector')
    }
    if (this.#drainReceived) throw new TunnelError('ERR_TUNNEL_STATE', 'OPEN after DRAIN')
    this.#desk.accept(id, { head, ended }, this.#handler)
  }

  onControl(payload: Uint8Array): void {
    const sender = this.#role === 'gateway' ? 'connector' : 'gateway'
    const message = decodeControl(payload, sender)
    if (message === undefined) return
    this.#guarded('onControl', () => {
      this.#handler.onControl(message)
    })
  }

  onDrain(): void {
    if (this.#drainReceived) throw new TunnelError('ERR_TUNNEL_STATE', 'a second DRAIN')
    this.#drainReceived = true
    this.#guarded('onDraining', () => this.#handler.onDraining?.())
    this.drain()
    this.#closeIfDrained()
  }

  onPing(value: number): void {
    writeNumber({ type: FRAME.PONG, streamId: 0, value }, this.#outbox.batch)
  }

  onPong(value: number): void {
    this.#guarded('onPong', () => {
      this.#pings.answered(value)
    })
  }

  onCloseFrame(reason: StreamReason): void {
    this.closed = true
    this.#tearDown(reason)
    this.#carrier.close(CLOSE_NORMAL)
  }

  #sayHello(): void {
    const { streamWindowOctets, maxStreams } = this.#limits
    const capabilities = this.#capabilities
    const hello = { version: PROTOCOL_VERSION, streamWindowOctets, maxStreams, capabilities }
    writeHello(hello, this.#outbox.batch)
  }

  #makeDesk(): StreamDesk {
    return new StreamDesk({
      role: this.#role,
      limits: this.#limits,
      logger: this.#logger,
      outbox: this.#outbox,
      onRelease: () => {
        this.#closeIfDrained()
      },
    })
  }

  #makeLiveness(clock: Clock): Liveness {
    return new Liveness(clock, this.#limits, {
      ping: () => {
        this.#pings.send()
      },
      lost: (message) => {
        this.close({ code: 'ERR_TUNNEL_TIMEOUT', message })
      },
    })
  }

  #closeIfDrained(): void {
    if (!this.#drainSent || !this.#drainReceived || this.streams.size > 0) return
    this.close({ code: 'ERR_TUNNEL_DRAINED', message: 'the tunnel was drained' })
  }

  #violated(error: unknown): void {
    const reason =
      error instanceof TunnelError
        ? { code: error.code, message: error.message }
        : { code: 'ERR_TUNNEL_FRAME', message: `fault while reading: ${errorText(error)}` }
    this.#logger.warn('tunnel closed: the peer broke the protocol', { ...reason })
    this.#end(reason, CLOSE_PROTOCOL_ERROR)
  }

  /** Tells the peer why, then ends. */
  #end(reason: StreamReason, closeCode: number): void {
    if (this.closed) return
    this.closed = true
    writeReason({ type: FRAME.CLOSE, streamId: 0, reason }, this.#outbox.batch)
    this.#outbox.flush()
    this.#tearDown(reason)
    this.#carrier.close(closeCode)
  }

  #tearDown(reason: StreamReason): void {
    this.#outbox.stop()
    this.#liveness.stop()
    this.streams.resetAll(reason)
    this.#guarded('onClose', () => {
      this.#handler.onClose(reason)
    })
  }

  #guarded(what: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#logger.error(`tunnel handler threw in ${what}`, { error: errorText(error) })
    }
  }
}
