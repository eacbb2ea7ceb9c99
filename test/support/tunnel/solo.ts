/** One session whose peer is the test itself, with virtual time and turns made to pass by hand. */
import {
  createTunnelSession,
  type TunnelLimits,
  type TunnelOptions,
  type TunnelRole,
  type TunnelSession,
} from '../../../src/tunnel/index.ts'
import { ManualClock, MemoryLogger } from '../manual-clock.ts'
import { MemoryLink, type MemoryCarrier } from './memory-link.ts'
import {
  frame,
  frames,
  headPayload,
  hello,
  openPayload,
  readReason,
  TYPE,
  u32,
  type NaiveFrame,
} from './naive.ts'
import { requestHead, TunnelRecorder } from './recorder.ts'

/** A session and everything around it. */
export class Solo {
  readonly link: MemoryLink = new MemoryLink()
  readonly clock: ManualClock = new ManualClock()
  readonly logger: MemoryLogger = new MemoryLogger()
  readonly side: TunnelRecorder = new TunnelRecorder()
  readonly carrier: MemoryCarrier
  readonly session: TunnelSession
  #seen = 0

  constructor(role: TunnelRole, options: TunnelOptions = {}) {
    this.carrier = this.link[role]
    const ports = { clock: this.clock, logger: this.logger, handler: this.side }
    this.session = createTunnelSession(this.carrier, { ...options, role }, ports)
  }

  /** Sends frames as the peer would, in one message, and lets turns pass. */
  receive(...parts: readonly Uint8Array[]): this {
    this.carrier.inject(Buffer.concat(parts))
    this.link.run()
    return this
  }

  /** Exchanges hellos. */
  ready(...over: Parameters<typeof hello>): this {
    this.receive(hello(...over))
    this.sent()
    return this
  }

  /** The frames sent since the last call. */
  sent(): NaiveFrame[] {
    this.link.run()
    const messages = this.carrier.sent.slice(this.#seen)
    this.#seen = this.carrier.sent.length
    return messages.flatMap(frames)
  }

  /** Code of the CLOSE frame among those sent since the last call. */
  closeCode(): string | undefined {
    const close = this.sent().find(({ type }) => type === TYPE.CLOSE)
    return close === undefined ? undefined : readReason(close.payload).code
  }
}

/** A frame as the peer would send it. */
export const OPEN = (id: number, flags = 0): Buffer =>
  frame(TYPE.OPEN, id, { payload: openPayload(requestHead()), flags })
/** A frame as the peer would send it. */
export const HEAD = (id: number, flags = 0): Buffer =>
  frame(TYPE.HEAD, id, { payload: headPayload(200, []), flags })
/** A frame as the peer would send it. */
export const DATA = (id: number, payload: Uint8Array | string, flags = 0): Buffer =>
  frame(TYPE.DATA, id, { payload: Buffer.from(payload), flags })
/** A frame as the peer would send it. */
export const CREDIT = (id: number, octets: number): Buffer =>
  frame(TYPE.CREDIT, id, { payload: u32(octets) })
/** A session that has exchanged hellos. */
export const gateway = (limits?: Partial<TunnelLimits>): Solo =>
  new Solo('gateway', limits === undefined ? {} : { limits }).ready()
/** A session that has exchanged hellos. */
export const connector = (limits?: Partial<TunnelLimits>): Solo =>
  new Solo('connector', limits === undefined ? {} : { limits }).ready()
