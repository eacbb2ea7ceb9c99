/**
 * Reads DER (X.690) strictly: definite minimal lengths (but for `longLengths`), minimal integers, nothing left over.
 *
 * A reader stands on the elements inside one constructed element. Values that are octets are views of the
 * input: copy what must outlive it. Errors name the path of the field.
 *
 * @module
 */

import { isAscii, isUtf8 } from 'node:buffer'
import { Asn1Error, type Asn1ErrorCode } from './errors.ts'
import { decodeOid } from './oid.ts'
import { applicationTag, contextTag, Tag } from './tags.ts'
import { parseGeneralizedTime, parseUtcTime } from './time.ts'

/** How much a reader takes. */
export interface DerLimits {
  /** Largest input, octets. Default 1 MiB. */
  readonly maxOctets?: number
  /** Deepest nesting of elements. Default 32. */
  readonly maxDepth?: number
  /** Whether lengths may take more octets than they need, as Active Directory writes them in LDAP. Default false. */
  readonly longLengths?: boolean
}

const NOTHING = Buffer.alloc(0)
const DEFAULT_MAX_OCTETS = 1_048_576
const DEFAULT_MAX_DEPTH = 32

/** A BIT STRING. */
export interface BitString {
  /** The bits, the first one the highest of the first octet. */
  readonly octets: Uint8Array
  /** How many low bits of the last octet do not count, 0 to 7. They are zero. */
  readonly unusedBits: number
}

/** Any element, whole. */
export interface DerElement {
  /** Identifier octet. */
  readonly tag: number
  /** Content octets, a view of the input. */
  readonly content: Uint8Array
  /** Identifier, length and content octets, a view of the input. */
  readonly raw: Uint8Array
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets)
    ? octets
    : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}

/** Reads the elements of one constructed element, or of a whole message, in order. Throws Asn1Error. */
export class DerReader {
  #input: Buffer
  readonly #name: string
  #end: number
  #at: number
  /** Content length of the element whose header was read last; its content begins at #at. */
  #length = 0
  #parent: DerReader | undefined
  #depthLeft: number
  #longLengths: boolean

  constructor(input: Uint8Array, name: string, limits: DerLimits = {}) {
    this.#input = asBuffer(input)
    this.#name = name
    this.#at = 0
    this.#end = input.length
    this.#depthLeft = limits.maxDepth ?? DEFAULT_MAX_DEPTH
    this.#longLengths = limits.longLengths ?? false
    const most = limits.maxOctets ?? DEFAULT_MAX_OCTETS
    if (input.length > most) throw this.fail('ERR_ASN1_SIZE', `more than ${most} octets`)
  }

  /** Names from the outermost element to this one, joined by dots; an element named '' is left out. */
  get path(): string {
    if (this.#parent === undefined) return this.#name
    return this.#name === '' ? this.#parent.path : `${this.#parent.path}.${this.#name}`
  }

  /** True when no element is left. */
  get done(): boolean {
    return this.#at === this.#end
  }

  /** Identifier octet of the next element, undefined when none is left. */
  peek(): number | undefined {
    return this.#at < this.#end ? this.#input[this.#at] : undefined
  }

  /** True when the next element is `[n]`, constructed. */
  nextIsContext(tagNumber: number): boolean {
    return this.peek() === contextTag(tagNumber)
  }

  /** Refuses octets that are left over. */
  finish(): void {
    if (this.#at !== this.#end) {
      throw this.fail('ERR_ASN1_TRAILING', `${this.#end - this.#at} octets are left over`)
    }
  }

  /** An error about this element; for callers that check more than DER. */
  fail(code: Asn1ErrorCode, what: string): Asn1Error {
    return new Asn1Error(code, what, { path: this.path, offset: this.#at })
  }

  /** Enters a constructed element that has this identifier octet. */
  enter(tag: number, name: string): DerReader {
    this.#header(tag)
    if (this.#depthLeft === 0) throw this.fail('ERR_ASN1_DEPTH', 'elements are nested too deep')
    const start = this.#at
    this.#at += this.#length
    return this.#inside(start, name)
  }

  #inside(start: number, name: string): DerReader {
    const child = new DerReader(NOTHING, name)
    child.#input = this.#input
    child.#at = start
    child.#end = this.#at
    child.#parent = this
    child.#depthLeft = this.#depthLeft - 1
    child.#longLengths = this.#longLengths
    return child
  }

  /** Enters a SEQUENCE or SEQUENCE OF. */
  sequence(name: string = ''): DerReader {
    return this.enter(Tag.SEQUENCE, name)
  }

  /** Enters `[n]`. */
  context(tagNumber: number, name: string): DerReader {
    return this.enter(contextTag(tagNumber), name)
  }

  /** Enters `[APPLICATION n]`. */
  application(tagNumber: number, name: string = ''): DerReader {
    return this.enter(applicationTag(tagNumber), name)
  }

  /** INTEGER (or, with its tag, ENUMERATED) within ±(2^47 - 1). */
  integer(tag: number = Tag.INTEGER): number {
    const start = this.#integerHeader(tag)
    if (this.#length > 6) throw this.fail('ERR_ASN1_VALUE', 'the INTEGER is too large')
    this.#at += this.#length
    return this.#input.readIntBE(start, this.#length)
  }

  /** INTEGER of any size: minimal two's complement octets, big-endian. */
  integerOctets(): Uint8Array {
    const start = this.#integerHeader(Tag.INTEGER)
    return this.#take(start)
  }

  #integerHeader(tag: number): number {
    this.#header(tag)
    if (this.#length === 0) throw this.fail('ERR_ASN1_VALUE', 'an INTEGER without octets')
    const first = this.#input[this.#at] ?? 0
    const second = this.#input[this.#at + 1] ?? 0
    if (this.#length > 1 && (first === 0 ? second < 0x80 : first === 0xff && second >= 0x80)) {
      throw this.fail('ERR_ASN1_VALUE', 'an INTEGER with a redundant octet')
    }
    return this.#at
  }

  /** OCTET STRING. */
  octetString(): Uint8Array {
    return this.primitive(Tag.OCTET_STRING)
  }

  /** Content of a primitive element with this identifier octet. */
  primitive(tag: number): Uint8Array {
    this.#header(tag)
    return this.#take(this.#at)
  }

  #take(start: number): Uint8Array {
    this.#at = start + this.#length
    return this.#input.subarray(start, this.#at)
  }

  /** BIT STRING whose unused bits are zero. */
  bitString(): BitString {
    const content = this.primitive(Tag.BIT_STRING)
    const unusedBits = content[0]
    const octets = content.subarray(1)
    const last = octets.at(-1)
    const most = last === undefined ? 0 : 7
    if (unusedBits === undefined || unusedBits > most) {
      throw this.fail('ERR_ASN1_VALUE', 'a BIT STRING with an impossible count of unused bits')
    }
    if (((last ?? 0) & ((1 << unusedBits) - 1)) !== 0) {
      throw this.fail('ERR_ASN1_VALUE', 'a BIT STRING whose unused bits are not zero')
    }
    return { octets, unusedBits }
  }

  /** A string type whose content is UTF-8 or ASCII; NUL is refused, for no name or text may hold it. */
  string(tag: number): string {
    const content = this.primitive(tag) as Buffer
    if (content.includes(0)) throw this.fail('ERR_ASN1_VALUE', 'a string that holds NUL')
    if (isAscii(content)) return content.toString('latin1')
    const ascii = tag === Tag.IA5_STRING || tag === Tag.PRINTABLE_STRING
    if (ascii || !isUtf8(content)) {
      throw this.fail('ERR_ASN1_VALUE', `a string that is not ${ascii ? 'ASCII' : 'UTF-8'}`)
    }
    return content.toString('utf8')
  }

  /** OBJECT IDENTIFIER as dotted decimal. */
  objectIdentifier(): string {
    const text = decodeOid(this.primitive(Tag.OBJECT_IDENTIFIER))
    if (text === undefined) throw this.fail('ERR_ASN1_VALUE', 'not an OBJECT IDENTIFIER')
    return text
  }

  /** BOOLEAN. */
  boolean(): boolean {
    const content = this.primitive(Tag.BOOLEAN)
    const [value] = content
    if (content.length !== 1 || (value !== 0 && value !== 0xff)) {
      throw this.fail('ERR_ASN1_VALUE', 'a BOOLEAN must be 00 or FF')
    }
    return value === 0xff
  }

  /** NULL. */
  null(): void {
    if (this.primitive(Tag.NULL).length !== 0) throw this.fail('ERR_ASN1_VALUE', 'a NULL is empty')
  }

  /** GeneralizedTime in UTC without parts of a second, milliseconds since the epoch. */
  generalizedTime(): number {
    return this.#time(Tag.GENERALIZED_TIME, parseGeneralizedTime)
  }

  /** UTCTime, milliseconds since the epoch; years from 50 on are 19xx. */
  utcTime(): number {
    return this.#time(Tag.UTC_TIME, parseUtcTime)
  }

  #time(tag: number, parse: (text: string) => number | undefined): number {
    const time = parse((this.primitive(tag) as Buffer).toString('latin1'))
    if (time === undefined) throw this.fail('ERR_ASN1_VALUE', 'not a time in UTC')
    return time
  }

  /** The next element, whatever it is. */
  any(): DerElement {
    const start = this.#at
    const tag = this.peek()
    if (tag === undefined) throw this.fail('ERR_ASN1_TRUNCATED', 'an element is missing')
    this.#header(tag)
    const content = this.#take(this.#at)
    return { tag, content, raw: this.#input.subarray(start, this.#at) }
  }

  /** The next element, whole, without moving on: for octets that are both read and signed. */
  peekRaw(): Uint8Array {
    const start = this.#at
    const { raw } = this.any()
    this.#at = start
    return raw
  }

  /** Reads tag and length; the content is then #length octets from #at. */
  #header(tag: number): void {
    const found = this.peek()
    if (found !== tag) throw this.#wrongTag(tag, found)
    if ((tag & 0x1f) === 0x1f) throw this.fail('ERR_ASN1_TAG', 'a tag number above 30')
    if (this.#at + 1 >= this.#end) throw this.fail('ERR_ASN1_TRUNCATED', 'the length is missing')
    const first = this.#input[this.#at + 1] ?? 0
    if (first < 0x80) {
      this.#at += 2
      this.#length = first
    } else {
      this.#longLength(first & 0x7f)
    }
    if (this.#length > this.#end - this.#at) {
      throw this.fail('ERR_ASN1_TRUNCATED', `${this.#length} octets announced, fewer there`)
    }
  }

  #longLength(octets: number): void {
    if (octets === 0 || octets > 4) {
      throw this.fail('ERR_ASN1_LENGTH', octets === 0 ? 'an indefinite length' : 'a huge length')
    }
    if (this.#at + 2 + octets > this.#end) {
      throw this.fail('ERR_ASN1_TRUNCATED', 'the length is cut off')
    }
    const length = this.#input.readUIntBE(this.#at + 2, octets)
    if (!this.#longLengths && (length < 0x80 || length < 2 ** ((octets - 1) * 8))) {
      throw this.fail('ERR_ASN1_LENGTH', 'a length in more octets than it needs')
    }
    this.#at += 2 + octets
    this.#length = length
  }

  #wrongTag(tag: number, found: number | undefined): Asn1Error {
    const wanted = `tag 0x${tag.toString(16).padStart(2, '0')}`
    if (found === undefined) return this.fail('ERR_ASN1_TRUNCATED', `${wanted} is missing`)
    return this.fail(
      'ERR_ASN1_TAG',
      `${wanted} wanted, 0x${found.toString(16).padStart(2, '0')} found`,
    )
  }
}
