/**
 * The DNS messages that looking up SRV records (RFC 2782) and URI records (RFC 7553) takes (RFC 1035 section 4).
 *
 * Node's resolver calls an SRV answer bad whose target is compressed, which RFC 2782 forbids and Samba's DNS does; and it
 * does not tell the time to live.
 *
 * @module
 */

import { readDnsName } from './dns-name.ts'
import type { SrvRecord, UriRecord } from './srv-order.ts'

const TYPE_SRV = 33
const TYPE_URI = 256
const CLASS_IN = 1
const RECURSION_DESIRED = 0x0100
const RESPONSE = 0x8000
const TRUNCATED = 0x0200
const RCODE_MASK = 0x000f
const NXDOMAIN = 3
const HEADER_OCTETS = 12
const MAX_LABEL = 63
const MAX_NAME = 253
/** More records than any realm has KDCs. */
const MAX_RECORDS = 256

/** What an answer says. */
export interface DnsAnswer<T> {
  /** The answer did not fit: ask again over TCP. */
  readonly truncated: boolean
  /** The records; none where the name or the type does not exist. */
  readonly records: readonly T[]
}

/**
 * Writes the question for the SRV records of a name.
 *
 * @param id - 16 bits.
 * @param name - ASCII, labels of 1 to 63 octets.
 * @returns The message.
 * @throws RangeError for a name that the DNS cannot hold.
 */
export function encodeSrvQuery(id: number, name: string): Buffer {
  return encodeQuery(id, name, TYPE_SRV)
}

/**
 * Writes the question for the URI records of a name.
 *
 * @param id - 16 bits.
 * @param name - ASCII, labels of 1 to 63 octets.
 * @returns The message.
 * @throws RangeError for a name that the DNS cannot hold.
 */
export function encodeUriQuery(id: number, name: string): Buffer {
  return encodeQuery(id, name, TYPE_URI)
}

function encodeQuery(id: number, name: string, type: number): Buffer {
  const labels = name.split('.')
  const fits = labels.every((label) => label.length > 0 && label.length <= MAX_LABEL)
  if (!fits || name.length > MAX_NAME || /[^!-~]/.test(name)) {
    throw new RangeError(`not a domain name: ${JSON.stringify(name.slice(0, MAX_NAME))}`)
  }
  const header = Buffer.alloc(HEADER_OCTETS)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(RECURSION_DESIRED, 2)
  header.writeUInt16BE(1, 4)
  const parts = labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`))
  return Buffer.concat([header, ...parts, Buffer.of(0, type >> 8, type & 0xff, 0, CLASS_IN)])
}

/** Reads a message; a RangeError of Buffer's tells that it is cut off. */
class MessageReader {
  readonly #octets: Buffer
  at = HEADER_OCTETS

  constructor(octets: Buffer) {
    this.#octets = octets
  }

  uint16(): number {
    this.at += 2
    return this.#octets.readUInt16BE(this.at - 2)
  }

  uint32(): number {
    this.at += 4
    return this.#octets.readUInt32BE(this.at - 4)
  }

  /** The rest of a record that ends there. */
  textTo(end: number): string {
    if (end < this.at || end > this.#octets.length) throw new RangeError('cut off')
    const text = this.#octets.toString('latin1', this.at, end)
    this.at = end
    if (/[^!-~]/.test(text)) throw new Error('a target that is not plain text')
    return text
  }

  name(): string {
    const { labels, end } = readDnsName(this.#octets, this.at)
    this.at = end
    return labels.map(plainLabel).join('.')
  }
}

function plainLabel(octets: Buffer): string {
  const label = octets.toString('latin1')
  if (/[^!-~]|\./.test(label)) throw new Error('a label that is not plain text')
  return label
}

/**
 * Reads the answer to {@link encodeSrvQuery}.
 *
 * @param octets - The message.
 * @param query - The question it must answer.
 * @returns What it says.
 * @throws Error for a message that is malformed, answers another question or reports a failure.
 */
export function decodeSrvAnswer(octets: Buffer, query: Buffer): DnsAnswer<SrvRecord> {
  return decodeAnswer(octets, query, {
    type: TYPE_SRV,
    read: (reader, _end, ttlSeconds) => {
      const [priority, weight, port] = [reader.uint16(), reader.uint16(), reader.uint16()]
      return { name: reader.name(), port, priority, weight, ttlSeconds }
    },
  })
}

/**
 * Reads the answer to {@link encodeUriQuery}.
 *
 * @param octets - The message.
 * @param query - The question it must answer.
 * @returns What it says.
 * @throws Error for a message that is malformed, answers another question or reports a failure.
 */
export function decodeUriAnswer(octets: Buffer, query: Buffer): DnsAnswer<UriRecord> {
  return decodeAnswer(octets, query, {
    type: TYPE_URI,
    read: (reader, end, ttlSeconds) => {
      const [priority, weight] = [reader.uint16(), reader.uint16()]
      return { target: reader.textTo(end), priority, weight, ttlSeconds }
    },
  })
}

/** How records of a type are read; others, such as the aliases on the way, are passed over. */
interface RecordKind<T> {
  readonly type: number
  readonly read: (reader: MessageReader, end: number, ttlSeconds: number) => T
}

function decodeAnswer<T>(octets: Buffer, query: Buffer, kind: RecordKind<T>): DnsAnswer<T> {
  if (octets.length < query.length) throw new Error('cut off')
  const flags = octets.readUInt16BE(2)
  if ((flags & RESPONSE) === 0 || octets.readUInt16BE(0) !== query.readUInt16BE(0)) {
    throw new Error('not the answer to this question')
  }
  const rcode = flags & RCODE_MASK
  if (rcode === NXDOMAIN) return { truncated: false, records: [] }
  if (rcode !== 0) throw new Error(`the name server reports failure ${rcode}`)
  const asked = (message: Buffer): string =>
    message.toString('latin1', HEADER_OCTETS, query.length).toLowerCase()
  if (octets.readUInt16BE(4) !== 1 || asked(octets) !== asked(query)) {
    throw new Error('another question is answered')
  }
  if ((flags & TRUNCATED) !== 0) return { truncated: true, records: [] }
  const count = octets.readUInt16BE(6)
  if (count > MAX_RECORDS) throw new Error(`${count} records`)
  const reader = new MessageReader(octets)
  reader.at = query.length
  const records = Array.from({ length: count }, () => readRecord(reader, kind))
  return { truncated: false, records: records.filter((one) => one !== undefined) }
}

function readRecord<T>(reader: MessageReader, kind: RecordKind<T>): T | undefined {
  reader.name()
  const [type, klass, ttlSeconds] = [reader.uint16(), reader.uint16(), reader.uint32()]
  const size = reader.uint16()
  const end = reader.at + size
  if (type !== kind.type || klass !== CLASS_IN) {
    reader.at = end
    return undefined
  }
  const record = kind.read(reader, end, ttlSeconds)
  if (reader.at !== end) throw new Error('a record of another length')
  return record
}
