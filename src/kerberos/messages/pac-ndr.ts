/**
 * The little of NDR and of little-endian structures that a PAC needs (C706 chapter 14, MS-RPCE 2.2.6).
 *
 * A cursor that never leaves its stretch: whatever a count in the input says, reading ends at the end of the octets.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'

/** MS-DTYP 2.4.2: most sub-authorities of a SID. */
const MAX_SUB_AUTHORITIES = 15

/** Milliseconds from 1601-01-01 to 1970-01-01, UTC. */
const FILETIME_EPOCH_MS = 11_644_473_600_000

/** The upper half of the FILETIME that means never, 0x7fffffffffffffff. */
const NEVER_HIGH = 0x7fffffff

/** MS-RPCE 2.2.6.1: version 1, little-endian (0x10), 8 octets of header. */
const COMMON_HEADER = 0x00081001

/** RPC_UNICODE_STRING without its characters: they follow later. */
export interface StringHeader {
  /** Octets of the characters. */
  readonly octets: number
  /** Whether characters follow at all. */
  readonly present: boolean
}

/** Reads little-endian numbers, aligned as NDR wants, from one PAC buffer. Throws ERR_KRB_DECODE. */
export class NdrReader {
  readonly #view: DataView
  readonly #octets: Uint8Array
  readonly #name: string
  #at = 0
  /** Where reading ends. */
  #end: number

  constructor(octets: Uint8Array, name: string) {
    this.#octets = octets
    this.#end = octets.length
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.#name = name
  }

  /** Octets left. */
  get left(): number {
    return this.#end - this.#at
  }

  /** An error about this place. */
  fail(what: string): KerberosError {
    return new KerberosError('ERR_KRB_DECODE', `${this.#name}: ${what} (at octet ${this.#at})`)
  }

  /** Moves on over that many octets and gives where they begin. */
  skip(octets: number): number {
    if (octets > this.left) throw this.fail(`${octets} octets are wanted, ${this.left} are left`)
    const from = this.#at
    this.#at += octets
    return from
  }

  #align(octets: number): void {
    this.skip((octets - (this.#at % octets)) % octets)
  }

  /** That many octets, a view of the input. */
  take(octets: number): Uint8Array {
    const from = this.skip(octets)
    return this.#octets.subarray(from, from + octets)
  }

  /** The octets from an offset within this buffer, a view of the input; the cursor stays. */
  stretch(offset: number, octets: number): Uint8Array {
    if (offset + octets > this.#octets.length) {
      throw this.fail(`octets ${offset} to ${offset + octets} are not there`)
    }
    return this.#octets.subarray(offset, offset + octets)
  }

  /** 8 bits. */
  uint8(): number {
    return this.#view.getUint8(this.skip(1))
  }

  /** 16 bits. */
  uint16(): number {
    this.#align(2)
    return this.#view.getUint16(this.skip(2), true)
  }

  /** 32 bits. */
  uint32(): number {
    this.#align(4)
    return this.#view.getUint32(this.skip(4), true)
  }

  /** 32 bits with sign. */
  int32(): number {
    return this.uint32() | 0
  }

  /** A 64-bit offset or size; beyond 2^32 it points nowhere in a PAC. */
  uint64(): number {
    const low = this.uint32()
    if (this.uint32() !== 0) throw this.fail('a 64-bit number is too large')
    return low
  }

  /** A unique pointer: whether what it points at follows. */
  pointer(): boolean {
    return this.uint32() !== 0
  }

  /** FILETIME as milliseconds since 1970; "never" comes out as a time beyond the year 30000. */
  fileTimeMs(): number {
    const low = this.uint32()
    const high = this.uint32()
    return Math.floor((high * 2 ** 32 + low) / 10_000) - FILETIME_EPOCH_MS
  }

  /** FILETIME as milliseconds since 1970; undefined for "not set" (0) and "never" (MS-PAC 2.5). */
  optionalFileTimeMs(): number | undefined {
    const ms = this.fileTimeMs()
    const high = this.#view.getUint32(this.#at - 4, true)
    return ms === -FILETIME_EPOCH_MS || high >= NEVER_HIGH ? undefined : ms
  }

  /**
   * The headers of type serialization 1 (MS-RPCE 2.2.6.1, 2.2.6.2) and the pointer to the structure behind them. Reading ends where they
   * say that the structure does.
   */
  typeSerialization(structure: string): void {
    if (this.uint32() !== COMMON_HEADER) throw this.fail('not NDR version 1, little-endian')
    this.skip(4)
    const octets = this.uint32()
    this.skip(4)
    if (octets > this.left) {
      throw this.fail(`${octets} octets are announced, ${this.left} are there`)
    }
    this.#end = this.#at + octets
    if (!this.pointer()) throw this.fail(`no ${structure}`)
  }

  /** Refuses octets that are left over, but for padding by zeros to a multiple of 8. */
  finish(): void {
    const rest = this.take(this.left)
    if (rest.length >= 8 || rest.some((octet) => octet !== 0)) {
      throw this.fail(`${rest.length} octets are left over`)
    }
  }

  /** RPC_UNICODE_STRING, its header. */
  stringHeader(): StringHeader {
    const octets = this.uint16()
    const most = this.uint16()
    const present = this.pointer()
    if (octets % 2 !== 0 || octets > most || (octets > 0 && !present)) {
      throw this.fail('an impossible string')
    }
    return { octets, present }
  }

  /** The characters that belong to a header: a conformant varying array. */
  stringBody({ octets, present }: StringHeader): string {
    if (!present) return ''
    const most = this.uint32()
    const offset = this.uint32()
    const actual = this.uint32()
    if (offset !== 0 || actual > most || actual * 2 !== octets) {
      throw this.fail('a string whose lengths disagree')
    }
    return this.utf16(this.take(octets))
  }

  /** UTF-16, little-endian, without NUL. */
  utf16(octets: Uint8Array): string {
    let text: string
    try {
      text = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true }).decode(octets)
    } catch (cause) {
      throw new KerberosError('ERR_KRB_DECODE', `${this.#name}: not UTF-16`, { cause })
    }
    if (text.includes('\0')) throw this.fail('a string that holds NUL')
    return text
  }

  /** The count of a conformant array, checked against the one that was announced. */
  arrayCount(announced: number, elementOctets: number): number {
    const count = this.uint32()
    if (count !== announced) throw this.fail(`${announced} elements announced, ${count} follow`)
    if (count * elementOctets > this.left) throw this.fail(`${count} elements do not fit`)
    return count
  }

  /** RPC_SID: a SID behind its count of sub-authorities (MS-DTYP 2.4.2.3). */
  rpcSid(): string {
    const count = this.uint32()
    const [text, subAuthorities] = this.#sid()
    if (count !== subAuthorities) throw this.fail('a SID whose lengths disagree')
    return text
  }

  /** SID: the packet representation (MS-DTYP 2.4.2.2). */
  sid(): string {
    return this.#sid()[0]
  }

  #sid(): readonly [text: string, subAuthorities: number] {
    const revision = this.uint8()
    const count = this.uint8()
    if (revision !== 1 || count > MAX_SUB_AUTHORITIES) throw this.fail('not a SID')
    const from = this.skip(6)
    const authority = this.#view.getUint16(from) * 2 ** 32 + this.#view.getUint32(from + 2)
    const parts = Array.from({ length: count }, () => this.#view.getUint32(this.skip(4), true))
    return [['S-1', authority, ...parts].join('-'), count]
  }
}
