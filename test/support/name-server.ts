/**
 * A name server for tests, on a free UDP port of 127.0.0.1.
 *
 * @module
 */

import { createSocket, type Socket } from 'node:dgram'

/** A record: an address and its time to live in seconds. */
export interface NameRecord {
  readonly address: string
  readonly ttl: number
}

const TYPE_A = 1

/** Answers A queries from a table, and says NXDOMAIN to all else. RFC 1035 section 4. */
export class NameServer {
  readonly records: Map<string, readonly NameRecord[]> = new Map()
  readonly asked: string[] = []
  readonly #socket: Socket = createSocket('udp4')

  static async start(): Promise<NameServer> {
    const server = new NameServer()
    server.#socket.on('message', (query, peer) => {
      server.#socket.send(server.#answer(query), peer.port, peer.address)
    })
    await new Promise<void>((resolve) => {
      server.#socket.bind(0, '127.0.0.1', resolve)
    })
    return server
  }

  /** For `dns.servers`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(resolve)
    })
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = []
    let at = 12
    for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const question = query.subarray(12, at + 5)
    const isA = query.readUInt16BE(at + 1) === TYPE_A
    const name = labels.join('.')
    if (isA) this.asked.push(name)
    const known = this.records.get(name)
    const found = isA ? (known ?? []) : []
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(known ? 0x8180 : 0x8183, 2)
    head.writeUInt16BE(found.length, 6)
    head.writeUInt32BE(0, 8)
    return Buffer.concat([head, question, ...found.map(encodeRecord)])
  }
}

function encodeRecord({ address, ttl }: NameRecord): Buffer {
  const record = Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0])
  record.writeUInt32BE(ttl, 6)
  address.split('.').forEach((part, index) => {
    record[12 + index] = Number(part)
  })
  return record
}
