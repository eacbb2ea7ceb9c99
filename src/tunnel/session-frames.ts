/**
 * The small frames: HELLO, CREDIT, PING and PONG. RESET and CLOSE are in ./reason.ts. PROTOCOL.md section 5.
 *
 * @module
 */

import type { FrameBatch } from './batch.ts'
import { TunnelError } from './errors.ts'
import { FRAME, HELLO_LIMITS, type FrameCursor } from './frame.ts'

/** The revision of the protocol that this code speaks. */
export const PROTOCOL_VERSION = 1

/** What each side says first. */
export interface Hello {
  /** Highest revision the sender speaks, 1 or more. */
  readonly version: number
  /** What the receiver may send on each stream before credit is returned, octets. */
  readonly streamWindowOctets: number
  /** Most streams the sender lets be open at once. */
  readonly maxStreams: number
  readonly capabilities: readonly string[]
}

const CAPABILITY = /^[\x21-\x7e]+$/

/**
 * Refuses capabilities that a HELLO cannot carry.
 *
 * @param capabilities - Names, 1 to 64 octets of visible ASCII each, at most 32.
 * @throws RangeError for any other.
 */
export function checkCapabilities(capabilities: readonly string[]): void {
  const fits = (name: string): boolean =>
    name.length <= HELLO_LIMITS.capabilityOctets && CAPABILITY.test(name)
  if (capabilities.length > HELLO_LIMITS.capabilities || !capabilities.every(fits)) {
    throw new RangeError('capabilities: at most 32, each 1 to 64 octets of visible ASCII')
  }
}

/**
 * Writes a HELLO frame.
 *
 * @param hello - What to say; its capabilities have been checked.
 * @param batch - Where to.
 */
export function writeHello(hello: Hello, batch: FrameBatch): void {
  const names = hello.capabilities
  const length = HELLO_LIMITS.fixedOctets + names.length + names.join('').length
  let at = batch.begin(FRAME.HELLO, 0, length)
  const { buffer } = batch
  buffer[at] = hello.version
  buffer.writeUInt32BE(hello.streamWindowOctets, at + 1)
  buffer.writeUInt32BE(hello.maxStreams, at + 5)
  buffer[at + 9] = names.length
  at += HELLO_LIMITS.fixedOctets
  for (const name of names) {
    buffer[at] = name.length
    buffer.write(name, at + 1, 'latin1')
    at += 1 + name.length
  }
}

function readCapabilities(payload: Buffer): readonly string[] {
  const count = payload.readUInt8(9)
  const names: string[] = []
  let at: number = HELLO_LIMITS.fixedOctets
  while (names.length < count) {
    const end = at + 1 + (payload[at] ?? 0)
    if (at >= payload.length || end > payload.length) fault('HELLO is cut')
    names.push(payload.toString('latin1', at + 1, end))
    at = end
  }
  if (at !== payload.length) fault('HELLO has octets too many')
  try {
    checkCapabilities(names)
  } catch (cause) {
    throw new TunnelError('ERR_TUNNEL_FRAME', 'HELLO has a malformed capability', { cause })
  }
  return names
}

/**
 * Reads a HELLO frame.
 *
 * @param cursor - Stands on it.
 * @returns What the peer said.
 * @throws TunnelError ERR_TUNNEL_FRAME when malformed, ERR_TUNNEL_VERSION for revision 0.
 */
export function readHello(cursor: FrameCursor): Hello {
  const payload = cursor.payload()
  const version = payload.readUInt8(0)
  if (version < 1) throw new TunnelError('ERR_TUNNEL_VERSION', 'HELLO names revision 0')
  const streamWindowOctets = payload.readUInt32BE(1)
  const maxStreams = payload.readUInt32BE(5)
  if (streamWindowOctets < 1 || streamWindowOctets > 0x7fffffff) fault('HELLO window out of range')
  if (maxStreams < 1) fault('HELLO allows no stream')
  return { version, streamWindowOctets, maxStreams, capabilities: readCapabilities(payload) }
}

/** A frame whose payload is one u32. */
export interface NumberFrame {
  readonly type: typeof FRAME.CREDIT | typeof FRAME.PING | typeof FRAME.PONG
  readonly streamId: number
  readonly value: number
}

/**
 * Writes a CREDIT, PING or PONG frame.
 *
 * @param frame - What to write.
 * @param batch - Where to.
 */
export function writeNumber(frame: NumberFrame, batch: FrameBatch): void {
  const at = batch.begin(frame.type, frame.streamId, 4)
  batch.buffer.writeUInt32BE(frame.value, at)
}

function fault(what: string): never {
  throw new TunnelError('ERR_TUNNEL_FRAME', what)
}
