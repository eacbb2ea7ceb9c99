/** A backend in the test's own process behind a whole stack, and a client that sees every octet. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  createServer,
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable, type Duplex } from 'node:stream'
import { startStack, type Stack, type StackOptions } from '../../docker/demo/stack.ts'
import type { LabEnvironment } from '../../docker/lab.ts'

/** Guards against hangs only, milliseconds. */
const PATIENCE_MS = 30_000
const BLOCK = Buffer.alloc(262_144, 'A block of a stream that is as long as you like. ')

/** A request on its way through the stack. */
export interface Sent {
  readonly request: ClientRequest
  /** Rejects when the connection breaks before a head. */
  readonly response: Promise<IncomingMessage>
}

/** A response, read to its end. */
export interface Received {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Timeouts of the app; the gateway's defaults where absent. */
export interface AppTimeouts {
  readonly connectMs?: number
  readonly firstOctetMs?: number
  readonly idleMs?: number
}

/**
 * A stream of a known length, made as it is read.
 *
 * @param total - Octets.
 * @param onRead - Told how many were handed over.
 * @returns The stream.
 */
export function octets(total: number, onRead: (count: number) => void = () => undefined): Readable {
  let left = total
  return new Readable({
    highWaterMark: BLOCK.length,
    read() {
      const size = Math.min(left, BLOCK.length)
      left -= size
      onRead(size)
      this.push(size === 0 ? null : BLOCK.subarray(0, size))
    },
  })
}

/** SHA-256 of a stream, in hex, and how long it was. */
export async function digest(stream: AsyncIterable<unknown>): Promise<[string, number]> {
  const hash = createHash('sha256')
  let count = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk)
    count += chunk.length
  }
  return [hash.digest('hex'), count]
}

/** Reads and counts, keeping nothing. */
export async function count(stream: AsyncIterable<unknown>): Promise<number> {
  let total = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) total += chunk.length
  return total
}

/** Reads a response to its end; rejects when it breaks. */
export async function read(response: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const { statusCode: status = 0, headers } = response
  return { status, headers, body: Buffer.concat(chunks) }
}

/** The most memory a process has had, MiB. */
export function peakMemory(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}

/** A stack whose app `plain` is this process, open to everyone. */
export class OwnBackend {
  readonly #handlers = new Map<string, RequestListener>()
  readonly #server: Server
  readonly #agents = new Set<Agent>()
  #stack: Stack | undefined

  private constructor() {
    this.#server = createServer((incoming, response) => {
      const path = new URL(incoming.url ?? '/', 'http://x').pathname
      const handler = this.#handlers.get(path)
      if (handler === undefined) response.writeHead(404).end()
      else handler(incoming, response)
    })
  }

  /** Starts the backend, and gateway and connector in front of it. */
  static async start(
    lab: LabEnvironment,
    timeouts: AppTimeouts = {},
    options: StackOptions = {},
  ): Promise<OwnBackend> {
    const backend = new OwnBackend()
    backend.#server.listen(0, '127.0.0.1')
    await once(backend.#server, 'listening')
    const origin = `http://127.0.0.1:${(backend.#server.address() as AddressInfo).port}`
    const row = { origin, preAuthentication: 'passthrough', addresses: ['127.0.0.1/32'] }
    try {
      backend.#stack = await startStack(lab, {
        ...options,
        editGateway: ({ apps }) => {
          const app = (apps as { id: string }[]).find(({ id }) => id === 'plain') ?? {}
          Object.assign(app, { internalUrl: `${origin}/`, timeouts })
        },
        editPolicy: ({ backends }) => (backends as object[]).push(row),
      })
    } catch (error) {
      await backend.stop()
      throw error
    }
    return backend
  }

  get stack(): Stack {
    if (this.#stack === undefined) throw new Error('the stack has not started')
    return this.#stack
  }

  /** Answers requests for a path from now on. */
  on(path: string, handler: RequestListener): void {
    this.#handlers.set(path, handler)
  }

  /** Answers requests to switch protocols from now on. */
  onUpgrade(listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): void {
    this.#server.removeAllListeners('upgrade').on('upgrade', listener)
  }

  /** The next request for a path, once it has come. */
  next(path: string): Promise<Parameters<RequestListener>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no request for ${path} came`))
      }, PATIENCE_MS)
      this.on(path, (...parts) => {
        clearTimeout(timer)
        resolve(parts)
      })
    })
  }

  /** An agent that trusts the stack; destroyed at the end. */
  agent(options: { readonly maxSockets?: number } = {}): Agent {
    const agent = new Agent({ keepAlive: true, ca: this.stack.browserCa, ...options })
    this.#agents.add(agent)
    return agent
  }

  /** Begins a request through the gateway; without a body it still needs `request.end()`. */
  send(path: string, options: RequestOptions = {}): Sent {
    const { host, port } = new URL(this.stack.url('plain'))
    const headers = { host, ...(options.headers as Record<string, string> | undefined) }
    const sent = request({
      agent: options.agent ?? this.agent(),
      ...options,
      host: '127.0.0.1',
      servername: 'plain.localhost',
      port,
      path,
      headers,
    })
    const response = once(sent, 'response').then(([incoming]) => incoming as IncomingMessage)
    // Who does not await it still may see the connection break.
    response.catch(() => undefined)
    sent.on('error', () => undefined)
    return { request: sent, response }
  }

  /** A whole request and its whole response. */
  async fetch(path: string, options: RequestOptions = {}, body?: Buffer): Promise<Received> {
    const { request: sent, response } = this.send(path, options)
    sent.end(body)
    return read(await response)
  }

  /** Stops everything. */
  async stop(): Promise<void> {
    for (const agent of this.#agents) agent.destroy()
    await this.#stack?.stop()
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
