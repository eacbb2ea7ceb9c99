/**
 * A backend with Integrated Windows Authentication, as far as a pipeline can see it: it wants a Negotiate token on each
 * request or once per connection, answers with the user's name, and notes who spoke on which connection.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FakeKerberos } from './world.ts'

/** One request that arrived. */
export interface Arrival {
  /** Number of the connection, from 1. */
  readonly connection: number
  /** Whose ticket it carried. */
  readonly user: string | undefined
  readonly token: Buffer | undefined
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** What it does about `Expect: 100-continue`: signs in first, as IIS and Apache do; wants the body first; knows no such thing. */
export type ExpectManner = 'signInFirst' | 'bodyFirst' | 'ignore' | 'refuse'

/** Decides about an arrival; true: it has answered. */
export type Mood = (arrival: Arrival, request: IncomingMessage, response: ServerResponse) => boolean

/** A running backend. */
export class IwaBackend {
  readonly arrivals: Arrival[] = []
  /** Every user seen on each connection. */
  readonly usersByConnection: Map<number, Set<string>> = new Map()
  /** Tokens that came twice: a real acceptor has a replay cache. */
  replays = 0
  mood: Mood = () => false
  /** A token signs the whole connection in, as with IIS's authPersistNonNTLM and Apache's GssapiConnectionBound. */
  keepsSignIn = false
  /** It answers a token with its AP-REP. */
  proves = false
  /** More fields of its answers. */
  fields: Readonly<Record<string, string>> = {}
  /** Under which name it takes tickets. */
  scheme = 'Negotiate'
  expects: ExpectManner = 'signInFirst'
  /** Answers the head of a request whose body is held; true: it has. */
  onHeld: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  /** Whether it refuses a request to switch protocols though the ticket is good. */
  refusesUpgrade: (arrival: Arrival) => boolean = () => false
  readonly #kerberos: FakeKerberos
  readonly #server: Server
  readonly #connections = new Map<Socket, number>()
  readonly #signedIn = new WeakMap<Socket, string>()
  readonly #tokens = new Set<string>()
  #count = 0

  constructor(kerberos: FakeKerberos, tls?: ServerOptions) {
    this.#kerberos = kerberos
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#take(request, response)
    }
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#takeHeld(request, response)
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      this.#takeUpgrade(request, socket)
    })
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#connections.set(socket, ++this.#count)
      socket.on('error', () => undefined)
    })
  }

  /** How many connections were made. */
  get connections(): number {
    return this.#count
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Starts on a free port of the loopback. */
  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  #takeHeld(request: IncomingMessage, response: ServerResponse): void {
    const signsIn = request.headers.authorization ?? this.#signedIn.get(request.socket)
    if (this.onHeld(request, response)) {
      this.#note(request, '')
    } else if (this.expects === 'refuse') {
      this.#note(request, '')
      response.writeHead(417).end()
    } else if (this.expects === 'signInFirst' && signsIn === undefined) {
      this.#answer(this.#note(request, ''), request, response)
    } else {
      if (this.expects !== 'ignore') response.writeContinue()
      this.#take(request, response)
    }
  }

  /** Says the user's name on the switched connection, then all that it hears. */
  #takeUpgrade(request: IncomingMessage, socket: Duplex): void {
    const arrival = this.#note(request, '')
    const { user } = arrival
    if (user === undefined || this.refusesUpgrade(arrival)) {
      const challenge = `WWW-Authenticate: ${this.scheme}\r\nContent-Length: 0`
      socket.write(`HTTP/1.1 401 Unauthorized\r\n${challenge}\r\n\r\n`)
      socket.resume().on('end', () => socket.end())
      return
    }
    const protocol = request.headers.upgrade ?? ''
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n')
    socket.write(`Upgrade: ${protocol}\r\n\r\n${user}`)
    socket.pipe(socket)
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      this.#answer(this.#note(request, Buffer.concat(chunks).toString()), request, response)
    })
  }

  #note(request: IncomingMessage, body: string): Arrival {
    const connection = this.#connections.get(request.socket) ?? 0
    const token = this.#tokenOf(request)
    const user =
      token === undefined
        ? this.#signedIn.get(request.socket)
        : this.#kerberos.holderOf(token)?.user
    const users = this.usersByConnection.get(connection) ?? new Set()
    users.add(user ?? 'nobody')
    this.usersByConnection.set(connection, users)
    const { method = '', url = '', rawHeaders } = request
    const arrival = { connection, user, token, method, url, rawHeaders, body }
    this.arrivals.push(arrival)
    return arrival
  }

  #tokenOf(request: IncomingMessage): Buffer | undefined {
    const match = /^(?:Negotiate|Kerberos) (.+)$/.exec(request.headers.authorization ?? '')
    if (match?.[1] === undefined) return undefined
    if (this.#tokens.has(match[1])) this.replays++
    this.#tokens.add(match[1])
    return Buffer.from(match[1], 'base64')
  }

  #answer(arrival: Arrival, request: IncomingMessage, response: ServerResponse): void {
    if (this.mood(arrival, request, response)) return
    if (arrival.user === undefined) {
      response.writeHead(401, { 'WWW-Authenticate': this.scheme, 'Content-Type': 'text/plain' })
      response.end('who are you?')
      return
    }
    if (this.keepsSignIn && arrival.token) this.#signedIn.set(request.socket, arrival.user)
    const fields = { 'Content-Type': 'text/plain', 'X-Backend': 'iwa', ...this.fields }
    response.writeHead(200, { ...fields, ...this.#proofFor(arrival) }).end(arrival.user)
  }

  #proofFor({ token }: Arrival): Readonly<Record<string, string>> {
    const proof = this.proves && token ? this.#kerberos.proofFor(token) : undefined
    if (proof === undefined) return {}
    return { 'WWW-Authenticate': `${this.scheme} ${Buffer.from(proof).toString('base64')}` }
  }

  /** Ends it with all its connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}
