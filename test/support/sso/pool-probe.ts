/**
 * Sends requests straight to a backend pool and waits for what becomes of them.
 *
 * @module
 */

import { once } from 'node:events'
import type { Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { errorCode } from '../../../src/platform/index.ts'
import { addressRule } from '../../../src/sso/addresses.ts'
import type {
  BackendCall,
  BackendHandler,
  BackendPool,
  BackendRequest,
  BackendTarget,
  Channel,
} from '../../../src/sso/index.ts'

/** What became of a request. */
export interface Reply {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
  readonly code: string | undefined
  readonly message: string | undefined
  readonly channel: Channel | undefined
}

/** Waits for one response. */
export class Probe implements BackendHandler {
  readonly reply: Promise<Reply>
  /** Resolves with the response's head. */
  readonly head: Promise<void>
  accepts = true
  octets = 0
  ends = 0
  #status = 0
  #headers: readonly string[] = []
  #channel: Channel | undefined
  #text = ''
  #onReply: (reply: Reply) => void = () => undefined
  #onHead: () => void = () => undefined

  constructor() {
    this.reply = new Promise((resolve) => {
      this.#onReply = resolve
    })
    this.head = new Promise((resolve) => {
      this.#onHead = resolve
    })
  }

  onHead(status: number, headers: readonly string[], channel: Channel): void {
    this.#status = status
    this.#headers = headers
    this.#channel = channel
    this.#onHead()
  }
  onData(chunk: Uint8Array): boolean {
    this.octets += chunk.length
    if (this.octets < 10_000) this.#text += Buffer.from(chunk).toString()
    return this.accepts
  }
  onEnd(): void {
    this.#finish(undefined)
  }
  onError(error: Error): void {
    this.#finish(error)
  }

  #finish(error: Error | undefined): void {
    this.ends++
    this.#onHead()
    this.#onReply({
      status: this.#status,
      headers: this.#headers,
      body: this.#text,
      code: error && errorCode(error),
      message: error?.message,
      channel: this.#channel,
    })
  }
}

/**
 * Where a server listens.
 *
 * @param server - Starts on a free port here.
 * @param more - What differs from plain HTTP on 127.0.0.1.
 * @returns The target.
 */
export async function targetOf(
  server: Server,
  more: Partial<BackendTarget> = {},
): Promise<BackendTarget> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  return {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    tls: { verify: 'ca', ca: undefined },
    allowsAddress: addressRule(['127.0.0.0/8']),
    timeouts: { connectMs: 5000, firstOctetMs: 5000, idleMs: 5000 },
    ...more,
  }
}

/**
 * Starts a request.
 *
 * @param pool - Where.
 * @param target - To whom.
 * @param more - What differs from GET / for alice.
 * @returns Probe and call.
 */
export function start(
  pool: BackendPool,
  target: BackendTarget,
  more: Partial<BackendRequest> = {},
): { readonly probe: Probe; readonly call: BackendCall } {
  const probe = new Probe()
  const call = pool.send(
    {
      target,
      poolKey: 'app alice',
      owner: 'alice',
      method: 'GET',
      path: '/',
      headers: ['host', 'backend.example'],
      body: undefined,
      fresh: false,
      signIn: undefined,
      holdBodyMs: undefined,
      ...more,
    },
    probe,
  )
  return { probe, call }
}

/** Sends a request and waits for its reply. */
export function ask(
  pool: BackendPool,
  target: BackendTarget,
  more: Partial<BackendRequest> = {},
): Promise<Reply> {
  return start(pool, target, more).probe.reply
}
