/** Someone on the wire to the KDC: sees every request and reply, and may change both. */

import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { NetworkKdcTransport } from '../../src/kerberos/io/index.ts'
import { KdcOption, MessageType, PaType } from '../../src/kerberos/index.ts'
import { decodeKdcReq, findPaData, type DecodedKdcReq } from '../../src/kerberos/messages/index.ts'

/** Which exchange a request belongs to. */
export type KdcExchange = 'AS' | 'TGS' | 'S4U2Self' | 'S4U2Proxy'

/** One request on its way. */
export interface Intercepted {
  readonly exchange: KdcExchange
  readonly octets: Uint8Array
  readonly request: DecodedKdcReq
  /** Asks the real KDC; without an argument, what the client asked. */
  ask(octets?: Uint8Array): Promise<Uint8Array>
}

/** What the client gets: a reply, octets with a length field of their own choosing, or silence. */
export type Answer = Uint8Array | { readonly raw: Uint8Array } | 'never'

/** Decides on one request. */
export type Wiretap = (intercepted: Intercepted) => Promise<Answer>

/** Passes everything on as it is. */
export const honest: Wiretap = (intercepted) => intercepted.ask()

function exchangeOf(request: DecodedKdcReq): KdcExchange {
  if (request.msgType === MessageType.AS_REQ) return 'AS'
  if ((request.body.kdcOptions & KdcOption.CNAME_IN_ADDL_TKT) !== 0) return 'S4U2Proxy'
  return findPaData(request.padata, PaType.PA_FOR_USER) === undefined ? 'TGS' : 'S4U2Self'
}

function framed(reply: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(reply.length)
  return Buffer.concat([length, reply])
}

/** The first request on a connection; a client of ours sends one. */
async function readRequest(socket: Socket): Promise<Uint8Array> {
  let octets: Buffer = Buffer.alloc(0)
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    octets = Buffer.concat([octets, chunk])
    if (octets.length >= 4 && octets.length >= 4 + octets.readUInt32BE()) break
  }
  return new Uint8Array(octets.subarray(4))
}

/** A TCP KDC on loopback in front of a real one. */
export class KdcProxy {
  /** Requests so far, in order. */
  readonly seen: KdcExchange[] = []
  /** What happens to requests from now on. */
  wiretap: Wiretap = honest
  readonly #transport: NetworkKdcTransport
  readonly #realm: string
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    void this.#serve(socket).catch(() => socket.destroy())
  })

  private constructor(realm: string, kdc: string) {
    this.#realm = realm
    this.#transport = new NetworkKdcTransport({ kdcs: { [realm]: [kdc] } })
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start({ realm, kdc }: { realm: string; kdc: string }): Promise<KdcProxy> {
    const proxy = new KdcProxy(realm, kdc)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** `host:port`, for the `kdcs` setting. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** How many requests of these kinds have come. */
  count(...kinds: readonly KdcExchange[]): number {
    return this.seen.filter((kind) => kinds.includes(kind)).length
  }

  /** Ends every connection. */
  async stop(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  async #serve(socket: Socket): Promise<void> {
    const octets = await readRequest(socket)
    const request = decodeKdcReq(octets)
    const exchange = exchangeOf(request)
    this.seen.push(exchange)
    const ask = (other = octets) => this.#transport.exchange(this.#realm, other)
    const answer = await this.wiretap({ exchange, octets, request, ask })
    if (answer === 'never') return
    socket.end(answer instanceof Uint8Array ? framed(answer) : answer.raw)
  }
}
