/** KDCs on loopback that do as a test tells them, over TCP and UDP. */

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { encodeKdcRep, encodeKrbError } from '../../src/kerberos/messages/index.ts'

/** DER that begins as an AS-REQ does; nobody looks further. */
export const AS_REQ: Uint8Array = Uint8Array.of(0x6a, 0x00)

/** A reply that fits AS_REQ. */
export function asRep(crealm = 'CORP.EXAMPLE'): Uint8Array {
  return encodeKdcRep({
    msgType: 11,
    crealm,
    cname: { nameType: 1, nameString: ['alice'] },
    ticket: Uint8Array.of(0x30, 0x00),
    encPart: { etype: 18, cipher: Uint8Array.of(1, 2, 3) },
  })
}

/** A KRB-ERROR with this number. */
export function krbError(errorCode: number): Uint8Array {
  const sname = { nameType: 2, nameString: ['krbtgt', 'CORP.EXAMPLE'] }
  return encodeKrbError({ stimeMs: 0, susec: 0, errorCode, realm: 'CORP.EXAMPLE', sname })
}

/** The length before a message on TCP. */
export function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(message.length)
  return Buffer.concat([length, message])
}

/** What a KDC does with a connection once its request has come. */
export type TcpAnswer = (socket: Socket, request: Buffer) => void

/** Sends one reply. */
export function replying(reply: Uint8Array): TcpAnswer {
  return (socket) => socket.end(framed(reply))
}

/** A KDC over TCP. */
export class FakeKdc {
  /** What clients sent, by connection. */
  readonly received: Buffer[] = []
  /** What it does from now on. */
  answer: TcpAnswer
  readonly #events = new EventEmitter()
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  private constructor(answer: TcpAnswer) {
    this.answer = answer
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#events.emit('change')
      })
      socket.once('data', (chunk: Buffer) => {
        this.received.push(chunk)
        this.answer(socket, chunk)
        this.#events.emit('change')
      })
    })
  }

  /** Listens; on a port of its own unless one is named. */
  static async start(answer: TcpAnswer = replying(asRep()), port = 0): Promise<FakeKdc> {
    const kdc = new FakeKdc(answer)
    kdc.#server.listen(port, '127.0.0.1')
    await once(kdc.#server, 'listening')
    return kdc
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Waits until this many requests have come. */
  async asked(times: number): Promise<void> {
    while (this.received.length < times) await once(this.#events, 'change')
  }

  /** Waits until every connection is gone. */
  async left(): Promise<void> {
    while (this.#sockets.size > 0) await once(this.#events, 'change')
  }

  /** Ends every connection. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Ends every connection and listens no more. */
  async stop(): Promise<void> {
    this.hangUp()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** What a KDC does with a datagram. */
export type UdpAnswer = (socket: UdpSocket, request: Buffer, from: RemoteInfo) => void

/** Sends one reply back. */
export function datagram(reply: Uint8Array): UdpAnswer {
  return (socket, _request, from) => {
    socket.send(reply, from.port, from.address)
  }
}

/** A KDC over UDP. */
export class FakeUdpKdc {
  /** Datagrams that came. */
  readonly received: Buffer[] = []
  readonly #events = new EventEmitter()
  readonly #socket = createSocket('udp4')

  private constructor(answer: UdpAnswer) {
    this.#socket.on('message', (octets, from) => {
      this.received.push(octets)
      answer(this.#socket, octets, from)
      this.#events.emit('change')
    })
  }

  /** Listens at this port of 127.0.0.1, for instance that of a FakeKdc; else at one of its own. */
  static async start(answer: UdpAnswer, port = 0): Promise<FakeUdpKdc> {
    const kdc = new FakeUdpKdc(answer)
    kdc.#socket.bind(port, '127.0.0.1')
    await once(kdc.#socket, 'listening')
    return kdc
  }

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  /** Waits until this many datagrams have come. */
  async asked(times: number): Promise<void> {
    while (this.received.length < times) await once(this.#events, 'change')
  }

  stop(): void {
    this.#socket.close()
  }
}

/** An address where nothing listens. */
export async function deadAddress(): Promise<string> {
  const kdc = await FakeKdc.start()
  const { address } = kdc
  await kdc.stop()
  return address
}
