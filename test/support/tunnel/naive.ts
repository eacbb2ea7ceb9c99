/**
 * A second implementation of the wire format, written from PROTOCOL.md with no thought of speed: it judges what the
 * first one sends, and plays its peer.
 */

/** One frame, as PROTOCOL.md section 4.1 lays it out. */
export interface NaiveFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** The numbers of section 4.1. */
export const TYPE = {
  HELLO: 0,
  OPEN: 1,
  HEAD: 2,
  DATA: 3,
  CREDIT: 4,
  RESET: 5,
  CONTROL: 6,
  DRAIN: 7,
  PING: 8,
  PONG: 9,
  CLOSE: 10,
  INTERIM: 11,
  TRAILERS: 12,
} as const

/** Section 4.1: the flag. */
export const END = 1

/** Writes one frame. */
export function frame(
  type: number,
  streamId: number,
  rest: { payload?: Uint8Array; flags?: number } = {},
): Buffer {
  const payload = Buffer.from(rest.payload ?? [])
  const header = Buffer.alloc(8)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8((rest.flags ?? 0) * 16 + type, 3)
  header.writeUInt32BE(streamId, 4)
  return Buffer.concat([header, payload])
}

/** Splits a message into frames; throws when a frame does not fit. */
export function frames(message: Uint8Array): NaiveFrame[] {
  const octets = Buffer.from(message)
  const found: NaiveFrame[] = []
  for (let at = 0; at < octets.length;) {
    const length = octets.readUIntBE(at, 3)
    const kind = octets.readUInt8(at + 3)
    const payload = octets.subarray(at + 8, at + 8 + length)
    if (payload.length !== length) throw new Error('cut')
    found.push({
      type: kind % 16,
      flags: Math.floor(kind / 16),
      streamId: octets.readUInt32BE(at + 4),
      payload,
    })
    at += 8 + length
  }
  return found
}

const u8 = (value: number): Buffer => Buffer.from([value])
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
/** Four octets, big-endian. */
export function u32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}

/** Section 5.1. */
export function hello(
  over: { version?: number; window?: number; streams?: number; names?: string[] } = {},
): Buffer {
  const names = over.names ?? []
  const payload = Buffer.concat([
    u8(over.version ?? 1),
    u32(over.window ?? 524_288),
    u32(over.streams ?? 100),
    u8(names.length),
    ...names.flatMap((name) => [u8(name.length), Buffer.from(name, 'latin1')]),
  ])
  return frame(TYPE.HELLO, 0, { payload })
}

/** What a head says, without checks. */
export interface NaiveRequest {
  readonly requestId: string
  readonly app: string
  readonly proof: string
  readonly method: string
  readonly target: string
  readonly headers: readonly string[]
  readonly bodyLength?: number | undefined
}

function fields(headers: readonly string[]): { table: Buffer; text: string } {
  const table: Buffer[] = []
  for (let i = 0; i < headers.length; i += 2) {
    table.push(u8(headers[i]?.length ?? 0), u16(headers[i + 1]?.length ?? 0))
  }
  return { table: Buffer.concat(table), text: headers.join('') }
}

/** Section 5.2. */
export function openPayload(head: NaiveRequest): Buffer {
  const { requestId, app, proof, method, target, headers, bodyLength } = head
  const length = Buffer.alloc(8, 255)
  if (bodyLength !== undefined) length.writeBigUInt64BE(BigInt(bodyLength))
  const { table, text } = fields(headers)
  return Buffer.concat([
    u8(requestId.length),
    u8(app.length),
    u8(proof.length),
    u8(method.length),
    u16(target.length),
    length,
    u16(headers.length / 2),
    table,
    Buffer.from(requestId + app + proof + method + target + text, 'latin1'),
  ])
}

/** Section 5.3. */
export function headPayload(status: number, headers: readonly string[]): Buffer {
  const { table, text } = fields(headers)
  return Buffer.concat([u16(status), u16(headers.length / 2), table, Buffer.from(text, 'latin1')])
}

/** Section 5.9. */
export function trailersPayload(trailers: readonly string[]): Buffer {
  const { table, text } = fields(trailers)
  return Buffer.concat([u16(trailers.length / 2), table, Buffer.from(text, 'latin1')])
}

/** Section 5.5. */
export function reasonPayload(
  code: string,
  message: string,
  wish?: { readonly acr?: readonly string[]; readonly maxAgeMinutes?: number },
): Buffer {
  const text = Buffer.from(message, 'utf8')
  const tail = wish && [u32(wish.maxAgeMinutes ?? 0), Buffer.from((wish.acr ?? []).join(' '))]
  const parts = [u8(code.length), u16(text.length), Buffer.from(code, 'latin1'), text]
  return Buffer.concat([...parts, ...(tail ?? [])])
}

/** Takes pieces off a payload, one after the other. */
class Pieces {
  readonly #octets: Buffer
  #at = 0
  constructor(octets: Buffer) {
    this.#octets = octets
  }
  number(octets: number): number {
    const value = Number(`0x${this.text(octets, 'hex')}`)
    return value
  }
  text(octets: number, encoding: BufferEncoding = 'latin1'): string {
    const piece = this.#octets.subarray(this.#at, this.#at + octets)
    if (piece.length !== octets) throw new Error('cut')
    this.#at += octets
    return piece.toString(encoding)
  }
  get left(): number {
    return this.#octets.length - this.#at
  }
}

function readHeaders(pieces: Pieces, lengths: readonly number[]): string[] {
  const headers = lengths.map((length) => pieces.text(length))
  if (pieces.left !== 0) throw new Error('octets left over')
  return headers
}

function readLengths(pieces: Pieces): number[] {
  const lengths: number[] = []
  const count = pieces.number(2)
  for (let i = 0; i < count; i += 1) lengths.push(pieces.number(1), pieces.number(2))
  return lengths
}

/** Section 5.2, backwards. */
export function readOpen(payload: Buffer): NaiveRequest {
  const pieces = new Pieces(payload)
  const [id = 0, app = 0, proof = 0, method = 0] = [1, 1, 1, 1].map((size) => pieces.number(size))
  const target = pieces.number(2)
  const body = pieces.text(8, 'hex')
  const lengths = readLengths(pieces)
  return {
    requestId: pieces.text(id),
    app: pieces.text(app),
    proof: pieces.text(proof),
    method: pieces.text(method),
    target: pieces.text(target),
    bodyLength: body === 'f'.repeat(16) ? undefined : Number(`0x${body}`),
    headers: readHeaders(pieces, lengths),
  }
}

/** Section 5.3, backwards. */
export function readHead(payload: Buffer): { status: number; headers: string[] } {
  const pieces = new Pieces(payload)
  const status = pieces.number(2)
  return { status, headers: readHeaders(pieces, readLengths(pieces)) }
}

/** Section 5.9, backwards. */
export function readTrailers(payload: Buffer): string[] {
  const pieces = new Pieces(payload)
  return readHeaders(pieces, readLengths(pieces))
}

/** Section 5.5, backwards. */
export function readReason(payload: Buffer): { code: string; message: string } {
  const pieces = new Pieces(payload)
  const [code, message] = [pieces.number(1), pieces.number(2)]
  return { code: pieces.text(code), message: pieces.text(message, 'utf8') }
}
