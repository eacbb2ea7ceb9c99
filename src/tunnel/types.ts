/**
 * What the other rooms see of a tunnel: heads, streams, sessions, and the ports that a session needs.
 *
 * @module
 */

import type { Clock, Logger } from '../platform/index.ts'
import type { ControlMessage } from './control.ts'
import type { TunnelLimits } from './limits.ts'

/** What a request says before its body. */
export interface RequestHead {
  /** Names the request in both ends' logs, 1 to 128 octets of visible ASCII. */
  readonly requestId: string
  /** App id, 1 to 128 octets of visible ASCII. */
  readonly app: string
  /** Id of the proof of sign-in sent before in a control message, or '' where there is none. */
  readonly proof: string
  readonly method: string
  /** Origin-form: starts with '/', or '*' alone. No fragment, no white space. */
  readonly target: string
  /** Flat: name, value, name, value and so on. Values are latin1, without CR, LF and NUL. */
  readonly headers: readonly string[]
  /** The body's Content-Length where it is known, octets. */
  readonly bodyLength?: number | undefined
}

/** What a response says before its body. */
export interface ResponseHead {
  /** 101 or 200 to 599. */
  readonly status: number
  /** Flat: name, value, name, value and so on. */
  readonly headers: readonly string[]
}

/** Why a stream or a tunnel ended before its time. */
export interface StreamReason {
  /** Stable error code, 1 to 64 octets of A-Z, 0-9 and '_'. */
  readonly code: string
  /** Safe to log, at most 512 octets of UTF-8 (longer is cut). */
  readonly message: string
  /** The sign-in will not do: authentication contexts, one of which would. Only to a peer with the capability. */
  readonly acr?: readonly string[]
  /** The sign-in will not do: how old one may be. */
  readonly maxAgeMinutes?: number
}

/**
 * What a stream tells its owner. After onReset, after the stream's own reset(), and once both directions have ended,
 * nothing more is called. A throwing method resets its own stream and touches no other.
 */
export interface StreamHandler {
  /** The response's head. Called once, before its data; the opener's side only. */
  onHead?(head: ResponseHead): void
  /** An interim head (100, 103 and the like), before the response's: the opener's side only, never without the capability. */
  onInterim?(head: ResponseHead): void
  /** Trailer fields of the peer, flat, right before onEnd. What must not stand in trailers has been taken out. */
  onTrailers?(fields: readonly string[]): void
  /** Data of the peer; may be a view of a received message. Credit goes back by `consumed`. */
  onData(chunk: Uint8Array): void
  /** The peer sends no more. The own direction may still be open. */
  onEnd(): void
  /** The peer reset the stream, the tunnel was lost, or the handler failed. Called at most once, and last. */
  onReset(reason: StreamReason): void
  /** There is room again after a write that returned false. */
  onDrain?(): void
}

/** One request and its response. */
export interface TunnelStream {
  readonly id: number
  /**
   * Sends an interim head: the connector's side, before the response's head. Dropped where the peer takes none, and
   * beyond `maxInterimHeads`.
   *
   * @param head - Status 100, or 102 to 199, and fields.
   * @throws TunnelError ERR_TUNNEL_HEAD when the head breaks a rule or limit.
   */
  sendInterim(head: ResponseHead): void
  /** Sends the response's head: the connector's side, once, before any data. */
  sendHead(head: ResponseHead): void
  /**
   * Sends data. The octets may be kept until they are flushed: do not reuse them. Ignored once the stream is over.
   *
   * @returns False when the writer should wait for onDrain.
   */
  write(chunk: Uint8Array): boolean
  /** Ends the own direction, with a last chunk or without. */
  end(chunk?: Uint8Array): void
  /**
   * Ends the own direction with trailer fields; without them where the peer takes none.
   *
   * @param fields - Flat: name, value and so on. What must not stand in trailers is left out.
   * @throws TunnelError ERR_TUNNEL_HEAD when they break a rule or limit; the direction is still open then.
   */
  endWithTrailers(fields: readonly string[]): void
  /** Ends both directions at once. Harmless when the stream is over. */
  reset(reason: StreamReason): void
  /** Says that the application has taken that many octets, so that the peer may send more. */
  consumed(octets: number): void
}

/** What a tunnel tells its owner. Every call is guarded: a throw is logged and harms no stream but its own. */
export interface TunnelHandler {
  /** The hellos have been exchanged. Called once, before anything else. */
  onReady?(session: TunnelSession): void
  /** A request arrives (the connector's side). `ended`: it has no body. Without this method every stream is refused. */
  onOpen?(stream: TunnelStream, head: RequestHead, ended: boolean): StreamHandler
  onControl(message: ControlMessage): void
  /** The tunnel is over, each stream has been told before. Called exactly once. */
  onClose(reason: StreamReason): void
  /** The peer wants to drain: open no more, another tunnel should take over. */
  onDraining?(): void
}

/** What the peer said in its HELLO. */
export interface TunnelPeer {
  /** Protocol revision that both speak; 0 until the HELLO has arrived. */
  readonly version: number
  readonly capabilities: readonly string[]
}

/** One tunnel. */
export interface TunnelSession {
  /**
   * Opens a stream: the gateway's side only.
   *
   * @param head - The request's head.
   * @param handler - Told of the response.
   * @param ended - The request has no body.
   * @returns The stream, for the body.
   * @throws TunnelError ERR_TUNNEL_DRAINING, _CLOSED, _STREAM_LIMIT, or _HEAD when the head breaks a rule or limit.
   */
  open(head: RequestHead, handler: StreamHandler, ended: boolean): TunnelStream
  /** Sends a control message. Ignored once the tunnel is closed. */
  sendControl(message: ControlMessage): void
  /** No new streams; the tunnel closes when the last one has ended. */
  drain(): void
  /**
   * Sends PING, to learn how long the way there and back takes.
   *
   * @param onPong - Called once with the milliseconds until the peer's PONG; not at all when the tunnel ends before.
   */
  ping(onPong: (roundTripMs: number) => void): void
  /** Resets every stream with this reason and closes the tunnel. Harmless when it is closed. */
  close(reason: StreamReason): void
  readonly openStreams: number
  /** Either side has asked to drain. */
  readonly draining: boolean
  readonly closed: boolean
  readonly peer: TunnelPeer
}

/** What a carrier tells the session that sits on it. */
export interface CarrierReceiver {
  /** One whole message. The receiver may keep views of it. */
  onMessage(message: Uint8Array): void
  /** The backlog has fallen below the low-water mark. */
  onWritable(): void
  /** The connection is gone; called exactly once, after close() too. */
  onClose(reason: StreamReason): void
}

/** Carries whole binary messages, in order. The port under a session; the real one (ws) is in io/. */
export interface TunnelCarrier {
  /** Takes the receiver; called once, by the session. */
  attach(receiver: CarrierReceiver): void
  /**
   * Sends a batch of messages. The octets may be kept until they are written, and changed (masked).
   *
   * @param messages - In order.
   * @param onSent - To be called when nothing reads these octets any more: they are overwritten then.
   */
  send(messages: readonly Buffer[], onSent?: () => void): void
  /** Octets taken but not yet written to the network. */
  readonly backlogOctets: number
  /** Calls back once when this turn of the event loop has done its other work. */
  schedule(callback: () => void): void
  /** Says good-bye with a WebSocket close code and ends; cuts the connection when the peer does not answer. */
  close(code: number): void
}

/** How a session behaves; the limits have defaults. */
export interface TunnelOptions {
  readonly limits?: Partial<TunnelLimits>
  /** Names of optional features this side has, for the HELLO. Default none. */
  readonly capabilities?: readonly string[]
}

/** What a session needs of the outside. */
export interface TunnelPorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly handler: TunnelHandler
}
