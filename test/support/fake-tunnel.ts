/**
 * Tunnel sessions and streams without a wire, which remember what was done with them.
 *
 * @module
 */

import type {
  AppSettings,
  ControlMessage,
  RequestHead,
  ResponseHead,
  StreamHandler,
  StreamReason,
  TunnelHandler,
  TunnelPeer,
  TunnelSession,
  TunnelStream,
} from '../../src/tunnel/index.ts'

/** The connector's end of one request. */
export class FakeStream implements TunnelStream {
  readonly id = 1
  head: ResponseHead | undefined
  readonly written: Uint8Array[] = []
  ended = false
  readonly interims: ResponseHead[] = []
  trailers: readonly string[] | undefined
  resetBy: StreamReason | undefined
  credit = 0
  /** What `write` answers. */
  room = true
  /** Thrown by `sendHead`. */
  headFault: Error | undefined

  sendHead(head: ResponseHead): void {
    if (this.headFault) throw this.headFault
    this.head = head
  }
  sendInterim(head: ResponseHead): void {
    this.interims.push(head)
  }
  endWithTrailers(fields: readonly string[]): void {
    this.trailers = fields
    this.ended = true
  }
  write(chunk: Uint8Array): boolean {
    this.written.push(chunk)
    return this.room
  }
  end(chunk?: Uint8Array): void {
    if (chunk) this.written.push(chunk)
    this.ended = true
  }
  reset(reason: StreamReason): void {
    this.resetBy = reason
  }
  consumed(octets: number): void {
    this.credit += octets
  }
  get text(): string {
    return Buffer.concat(this.written).toString('utf8')
  }
}

/** A tunnel; the test plays the gateway. */
export class FakeSession implements TunnelSession {
  readonly handler: TunnelHandler
  peer: TunnelPeer = { version: 1, capabilities: [] }
  readonly controls: ControlMessage[] = []
  openStreams = 0
  draining = false
  closed = false
  closedBy: StreamReason | undefined

  constructor(handler: TunnelHandler) {
    this.handler = handler
  }

  open(): TunnelStream {
    throw new Error('only the gateway opens streams')
  }
  sendControl(message: ControlMessage): void {
    this.controls.push(message)
  }
  ping(onPong: (roundTripMs: number) => void): void {
    onPong(1)
  }
  drain(): void {
    this.draining = true
    if (this.openStreams === 0) this.close({ code: 'ERR_TUNNEL_DRAINED', message: 'drained' })
  }
  close(reason: StreamReason): void {
    if (this.closed) return
    this.closed = true
    this.closedBy = reason
    this.handler.onClose(reason)
  }

  /** Plays the gateway: opens a request. */
  request(
    head: Partial<RequestHead>,
    ended = true,
  ): { stream: FakeStream; handler: StreamHandler } {
    const stream = new FakeStream()
    const whole: RequestHead = { ...REQUEST, ...head }
    const handler = this.handler.onOpen?.(stream, whole, ended)
    if (!handler) throw new Error('the connector takes no streams')
    return { stream, handler }
  }
}

const REQUEST: RequestHead = {
  requestId: 'r1',
  app: 'intranet',
  proof: '',
  method: 'GET',
  target: '/',
  headers: [],
}

/** An app without single sign-on. */
export const PLAIN_APP: AppSettings = {
  id: 'intranet',
  externalUrl: 'https://intranet.example/',
  internalUrl: 'http://iwa.corp.example/',
  preAuthentication: 'oidc',
  singleSignOn: 'none',
  delegatedLoginIdentity: 'userPrincipalName',
  hostHeader: 'internal',
  timeouts: { connectMs: 1000, firstOctetMs: 1000, idleMs: 1000 },
}
