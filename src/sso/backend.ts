/**
 * The port to the backends: pools of connections, each of one app and one user. The real one (undici) is in io/.
 *
 * @module
 */

import type { BodySource } from './body-source.ts'
import type { SallyportError } from '../platform/index.ts'

/** How a backend's TLS is verified. */
export type BackendTls =
  | {
      readonly verify: 'ca'
      /** PEM; undefined: the system's roots. */ readonly ca: string | undefined
    }
  | {
      readonly verify: 'pin'
      /** SHA-256 of the certificate's SubjectPublicKeyInfo, lower-case hex. */ readonly pins: readonly string[]
    }
  | { readonly verify: 'off' }

/** Where a backend is and how it is reached. One object per app and policy row: it is compared by identity. */
export interface BackendTarget {
  readonly protocol: 'http:' | 'https:'
  /** Name or address, without brackets. */
  readonly hostname: string
  readonly port: number
  readonly tls: BackendTls
  /** Says whether this IP address may be connected to; asked after DNS and again on the socket. */
  readonly allowsAddress: (address: string) => boolean
  readonly timeouts: {
    readonly connectMs: number
    readonly firstOctetMs: number
    readonly idleMs: number
    readonly upgradedIdleMs?: number
  }
}

/** One socket to a backend, for its whole life. */
export interface Channel {
  /** DER of the peer's certificate on https, else undefined. */
  readonly certificate: Uint8Array | undefined
  /** A reply on this socket has proved the backend's identity. */
  mutualVerified: boolean
  /** What made the last token that this socket carried, compared by identity; undefined before the first. */
  signer: object | undefined
  /** Whether the backend keeps that sign-in for the whole connection, as its answers have shown. */
  keepsSignIn: 'unknown' | 'yes' | 'no'
}

/** The sign-in of one request, asked when the socket is known that it will travel on. */
export interface ChannelSignIn {
  /** False: a kept connection that this request must not use; it is closed. */
  accepts(channel: Channel): boolean
  /** The Authorization value for this very socket, undefined for none; asked again for another socket. */
  authorize(channel: Channel): string | undefined
}

/** A body that is sent as it arrives, and therefore only once. */
export interface StreamedBody {
  readonly length: number | undefined
  readonly source: BodySource
}

/** One HTTP/1.1 request. */
export interface BackendRequest {
  readonly target: BackendTarget
  /** Whose connections: app and user. A connection never leaves its pool. */
  readonly poolKey: string
  /** The user's key, for `retire`; undefined for nobody. */
  readonly owner: string | undefined
  readonly method: string
  readonly path: string
  /** Flat; no Authorization of ours yet, no hop-by-hop headers, no Content-Length. */
  readonly headers: readonly string[]
  readonly body: Uint8Array | StreamedBody | undefined
  /** Do not use a connection that has served before. */
  readonly fresh: boolean
  /** Undefined: the request is not signed in. */
  readonly signIn: ChannelSignIn | undefined
  /**
   * For a body that is sent as it arrives: hold it until the backend says 100, at most so many milliseconds, and send
   * none of it when the backend answers otherwise (RFC 9110 section 10.1.1). Such a request has a connection of its own.
   */
  readonly holdBodyMs: number | undefined
  /** Switch to this protocol; what the client then sends comes from the source. */
  readonly upgrade?: { readonly protocol: string; readonly source: BodySource } | undefined
  /** Say that trailer fields are welcome. */
  readonly takesTrailers?: boolean | undefined
  /** Names of trailer fields that the streamed body may end with. */
  readonly trailer?: string | undefined
}

/** Takes a backend's response. One of onEnd and onError is last. */
export interface BackendHandler {
  /** A head before the response's own, 102 to 199. */
  onInterim?(status: number, headers: readonly string[]): void
  /** The final response's head. After 101 what follows is the new protocol's. */
  onHead(status: number, headers: readonly string[], channel: Channel): void
  /**
   * Takes a chunk of the body, which may be kept.
   *
   * @returns False to pause until the call's `resume()`.
   */
  onData(chunk: Uint8Array): boolean
  /** Trailer fields, flat, right before onEnd. */
  onTrailers?(fields: readonly string[]): void
  /** After a switch of protocols: the backend sends no more, the client may. */
  onHalfEnd?(): void
  onEnd(): void
  onError(error: SallyportError): void
}

/** A request under way to a backend. */
export interface BackendCall {
  resume(): void
  /** The body was held and nothing of it has been taken: another request can send it. */
  readonly bodyUntouched: boolean
  /** Stops and closes the socket; the handler hears nothing more. */
  abort(): void
}

/** Connections to backends. */
export interface BackendPool {
  /**
   * Sends a request at most once, unless it never started or may be repeated (GET, HEAD, OPTIONS without a streamed
   * body, on a connection that had served before).
   *
   * @param request - What to send.
   * @param handler - Takes the response.
   * @returns The call.
   */
  send(request: BackendRequest, handler: BackendHandler): BackendCall
  /**
   * Closes connections: idle ones now, busy ones when their call ends.
   *
   * @param owner - The user whose they are; undefined: everybody's.
   */
  retire(owner: string | undefined): void
  /** Closes everything now; calls under way fail with ERR_BACKEND_ABORTED. */
  close(): Promise<void>
}
