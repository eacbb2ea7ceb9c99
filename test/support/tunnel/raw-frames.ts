/** Frames and WebSocket messages written by hand, so that they may be wrong. PROTOCOL.md section 4, RFC 6455 section 5.2. */

/** Frame types by number. */
export const TYPE = { HELLO: 0, OPEN: 1, HEAD: 2, DATA: 3, CREDIT: 4, CONTROL: 6, PING: 8 } as const

/** What a frame's header says; `length` may lie about the payload. */
export interface RawHeader {
  readonly type: number
  readonly stream?: number
  readonly length?: number
}

/** One frame of the tunnel. */
export function rawFrame(header: RawHeader, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const octets = Buffer.alloc(8)
  octets.writeUIntBE(header.length ?? payload.length, 0, 3)
  octets[3] = header.type
  octets.writeUInt32BE(header.stream ?? 0, 4)
  return Buffer.concat([octets, payload])
}

/** A control message of any text. */
export function rawControl(text: string | Uint8Array): Buffer {
  return rawFrame({ type: TYPE.CONTROL }, Buffer.from(text as string))
}

/** One WebSocket frame of a server: not masked. `first` is the octet with FIN, RSV and the opcode; default a whole binary message. */
export function webSocketFrame(payload: Uint8Array, first = 0x82): Buffer {
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = 127
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  if (payload.length < 126) {
    head[1] = payload.length
    return Buffer.concat([head.subarray(0, 2), payload])
  }
  if (payload.length > 0xffff) return Buffer.concat([head, payload])
  head[1] = 126
  head.writeUInt16BE(payload.length, 2)
  return Buffer.concat([head.subarray(0, 4), payload])
}
