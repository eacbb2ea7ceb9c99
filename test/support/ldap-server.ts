/**
 * A small LDAPS server for tests: binds, searches by base and scope, and every misbehaviour a test asks for. It writes lengths as
 * Active Directory does (0x84 and four octets).
 *
 * @module
 */

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { createAuthority, issueServerCertificate, type Authority } from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'

const PORTS = { clock: systemClock, random: systemRandom }

/** One CA for all servers of a test file. */
export const LDAP_CA: Authority = createAuthority(PORTS)

/** Attribute values by name. */
export type LdapAttributes = Readonly<Record<string, readonly (string | Uint8Array)[]>>

/** An object to answer with. */
export interface LdapObject {
  readonly dn: string
  readonly attributes: LdapAttributes
}

/** A search as it arrived. */
export interface LdapQuery {
  readonly base: string
  readonly scope: number
  /** The whole request, for looking for words in it. */
  readonly octets: Buffer
}

function tlv(tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)))
  const head = Buffer.from([tag, 0x84, 0, 0, 0, 0])
  head.writeUInt32BE(content.length, 2)
  return Buffer.concat([head, content])
}

const integer = (tag: number, value: number): Buffer => tlv(tag, Uint8Array.of(value >> 8, value))

function elementAt(octets: Buffer, offset: number) {
  const first = octets[offset + 1]
  if (first === undefined) return undefined
  const count = first < 0x80 ? 0 : first & 0x7f
  const start = offset + 2 + count
  if (octets.length < start) return undefined
  const length = count === 0 ? first : octets.readUIntBE(offset + 2, count)
  if (octets.length < start + length) return undefined
  return {
    tag: octets[offset] ?? 0,
    content: octets.subarray(start, start + length),
    end: start + length,
  }
}

function children(octets: Buffer): { tag: number; content: Buffer }[] {
  const found = []
  let offset = 0
  for (;;) {
    const element = elementAt(octets, offset)
    if (!element) return found
    found.push(element)
    offset = element.end
  }
}

/** What a pagedResultsControl asks for; our cookies are offsets. */
interface Page {
  readonly size: number
  readonly from: number
}

const PAGED_RESULTS = '1.2.840.113556.1.4.319'

function pageOf(controls: Buffer = Buffer.alloc(0)): Page | undefined {
  const control = children(controls).find(({ content }) => {
    return children(content)[0]?.content.toString() === PAGED_RESULTS
  })
  if (!control) return undefined
  const [value = control] = children(children(control.content).at(-1)?.content ?? controls)
  const [size = value, cookie] = children(value.content)
  return {
    size: size.content.readUIntBE(0, size.content.length),
    from: Number(cookie?.content.toString()),
  }
}

function pageControl(cookie: string): Buffer {
  const value = tlv(0x30, integer(0x02, 0), tlv(0x04, cookie))
  return tlv(0xa0, tlv(0x30, tlv(0x04, PAGED_RESULTS), tlv(0x04, value)))
}

/** The server; what it does is set by its fields. */
export class LdapServer {
  /** LDAP result of a bind; undefined: never answers. */
  bindResult: number | undefined = 0
  bindText = ''
  /** LDAP result of a search; undefined: never answers. */
  searchResult: number | undefined = 0
  answer: (query: LdapQuery) => readonly LdapObject[] = () => []
  /** Sent instead of every answer to a search. */
  garbage: Uint8Array | undefined
  /** Sends answers one octet at a time. */
  dribble = false
  readonly tokens: Buffer[] = []
  /** Names and passwords of simple binds. */
  readonly passwords: (readonly [string, string])[] = []
  /** Most entries of one answer; a search without pages gets no more (sizeLimitExceeded). */
  maxPageSize: number | undefined
  readonly queries: LdapQuery[] = []
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<TLSSocket>()
  readonly #muted = new WeakSet<TLSSocket>()

  private constructor(names: readonly string[]) {
    const { certificatePem, privateKeyPem } = issueServerCertificate(LDAP_CA, { names }, PORTS)
    this.#server = createServer({ cert: certificatePem, key: privateKeyPem }, (socket) => {
      this.#serve(socket)
    })
    this.#server.on('tlsClientError', () => undefined)
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(names: readonly string[] = ['dc1.corp.example']): Promise<LdapServer> {
    const server = new LdapServer(names)
    await server.listen(0)
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(port, '127.0.0.1', resolve)
    })
  }

  /** Answers no more on the connections that are open now. */
  mute(): void {
    for (const socket of this.#sockets) this.#muted.add(socket)
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: TLSSocket): void {
    this.connections += 1
    this.#sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      for (;;) {
        const message = elementAt(received, 0)
        if (!message) return
        received = received.subarray(message.end)
        this.#message(socket, message.content)
      }
    })
  }

  #message(socket: TLSSocket, content: Buffer): void {
    const [id, operation, controls] = children(content)
    if (!id || !operation) return
    if (operation.tag === 0x60) this.#bind(socket, id.content, operation.content)
    if (operation.tag === 0x63) {
      this.#search(socket, { id: id.content, page: pageOf(controls?.content) }, operation.content)
    }
    if (operation.tag === 0x42) socket.end()
  }

  #bind(socket: TLSSocket, id: Buffer, content: Buffer): void {
    const [, name, credentials] = children(content)
    if (credentials?.tag === 0x80) {
      this.passwords.push([name?.content.toString() ?? '', credentials.content.toString()])
    }
    const sasl = children(content).find(({ tag }) => tag === 0xa3)
    const [, token] = children(sasl?.content ?? Buffer.alloc(0))
    if (token) this.tokens.push(token.content)
    if (this.bindResult === undefined) return
    const result = [integer(0x0a, this.bindResult), tlv(0x04), tlv(0x04, `${this.bindText}\0`)]
    this.#send(socket, tlv(0x30, tlv(0x02, id), tlv(0x61, ...result)))
  }

  #search(
    socket: TLSSocket,
    { id, page }: { id: Buffer; page: Page | undefined },
    content: Buffer,
  ): void {
    const [base, scope] = children(content)
    const query = {
      base: base?.content.toString('utf8') ?? '',
      scope: scope?.content[0] ?? 0,
      octets: content,
    }
    this.queries.push(query)
    if (this.#muted.has(socket)) return
    if (this.garbage) socket.write(this.garbage)
    if (this.searchResult === undefined || this.garbage) return
    const entries = this.searchResult === 0 ? this.answer(query) : []
    const { sent, result, controls } = this.#cut(entries, page)
    const messages = sent.map((entry) => tlv(0x30, tlv(0x02, id), encodeEntry(entry)))
    const done = tlv(0x65, integer(0x0a, result), tlv(0x04), tlv(0x04))
    const end = tlv(0x30, tlv(0x02, id), done, ...controls)
    this.#send(socket, Buffer.concat([...messages, end]))
  }

  /** One page of an answer (RFC 2696), or as much as a server gives without pages. */
  #cut(entries: readonly LdapObject[], page: Page | undefined) {
    const most = this.maxPageSize ?? Infinity
    const result = this.searchResult ?? 0
    if (page === undefined) {
      const over = entries.length > most
      return { sent: entries.slice(0, most), result: over ? 4 : result, controls: [] }
    }
    const end = page.from + Math.min(page.size, most)
    const cookie = end < entries.length ? String(end) : ''
    return { sent: entries.slice(page.from, end), result, controls: [pageControl(cookie)] }
  }

  #send(socket: TLSSocket, octets: Buffer): void {
    if (!this.dribble) socket.write(octets)
    else for (const octet of octets) socket.write(Uint8Array.of(octet))
  }
}

function encodeEntry(entry: LdapObject): Buffer {
  const attributes = Object.entries(entry.attributes).map(([name, values]) => {
    return tlv(0x30, tlv(0x04, name), tlv(0x31, ...values.map((value) => tlv(0x04, value))))
  })
  return tlv(0x64, tlv(0x04, entry.dn), tlv(0x30, ...attributes))
}
