/**
 * Writes DER (X.690) front to back into one growing buffer.
 *
 * Constructed elements are opened and closed; closing one moves its content by the octets its length needs,
 * which for messages of this size costs less than building a tree first.
 *
 * @module
 */

import { encodeOid } from './oid.ts'
import { applicationTag, contextTag, Tag } from './tags.ts'
import { formatGeneralizedTime } from './time.ts'

const INITIAL_OCTETS = 512

/** Octets the length field needs after its first octet. */
function longLengthOctets(length: number): number {
  if (length < 0x80) return 0
  if (length < 0x100) return 1
  if (length < 0x10000) return 2
  if (length < 0x1000000) return 3
  return 4
}

/** One DER message in the making. Misuse throws RangeError. */
export class DerWriter {
  #octets: Buffer
  #used = 0
  /** Where the content of every open element begins. */
  readonly #open: number[] = []

  constructor(initialOctets: number = INITIAL_OCTETS) {
    this.#octets = Buffer.allocUnsafe(initialOctets)
  }

  /** Begins a constructed element with this identifier octet. */
  open(tag: number): this {
    this.#reserve(2)
    this.#octets[this.#used] = tag
    this.#used += 2
    this.#open.push(this.#used)
    return this
  }

  /** Begins a SEQUENCE. */
  openSequence(): this {
    return this.open(Tag.SEQUENCE)
  }

  /** Begins `[n]`, 0 to 30. */
  openContext(tagNumber: number): this {
    return this.open(contextTag(tagNumber))
  }

  /** Begins `[APPLICATION n]`, 0 to 30. */
  openApplication(tagNumber: number): this {
    return this.open(applicationTag(tagNumber))
  }

  /** Ends the innermost open element, or that many of them. */
  close(count: number = 1): this {
    for (let i = 0; i < count; i++) {
      const start = this.#open.pop()
      if (start === undefined) throw new RangeError('no element is open')
      this.#closeAt(start)
    }
    return this
  }

  #closeAt(start: number): void {
    const length = this.#used - start
    const extra = longLengthOctets(length)
    if (extra === 0) {
      this.#octets[start - 1] = length
      return
    }
    this.#reserve(extra)
    this.#octets.copyWithin(start + extra, start, this.#used)
    this.#octets[start - 1] = 0x80 | extra
    this.#octets.writeUIntBE(length, start, extra)
    this.#used += extra
  }

  /** A whole element that was encoded before. */
  raw(der: Uint8Array): this {
    this.#reserve(der.length)
    this.#octets.set(der, this.#used)
    this.#used += der.length
    return this
  }

  /** A primitive element: identifier octet, length, content. */
  primitive(tag: number, content: Uint8Array): this {
    this.#header(tag, content.length)
    return this.raw(content)
  }

  #header(tag: number, length: number): void {
    const extra = longLengthOctets(length)
    this.#reserve(2 + extra + length)
    this.#octets[this.#used++] = tag
    if (extra === 0) {
      this.#octets[this.#used++] = length
      return
    }
    this.#octets[this.#used++] = 0x80 | extra
    this.#octets.writeUIntBE(length, this.#used, extra)
    this.#used += extra
  }

  /** INTEGER (or, with its tag, ENUMERATED) of a number within ±(2^53 - 1). */
  integer(value: number, tag: number = Tag.INTEGER): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not an integer: ${value}`)
    let octets = 1
    while (octets < 7 && (value < -(2 ** (octets * 8 - 1)) || value >= 2 ** (octets * 8 - 1))) {
      octets++
    }
    this.#header(tag, octets)
    let rest = value
    for (let at = this.#used + octets - 1; at >= this.#used; at--) {
      this.#octets[at] = rest & 0xff
      rest = Math.floor(rest / 256)
    }
    this.#used += octets
    return this
  }

  /** INTEGER of any size from big-endian two's complement octets, made minimal. */
  integerOctets(value: Uint8Array): this {
    if (value.length === 0) throw new RangeError('an INTEGER needs an octet')
    let start = 0
    while (start < value.length - 1) {
      const sign = (value[start + 1] ?? 0) & 0x80
      const redundant = value[start] === 0 ? sign === 0 : value[start] === 0xff && sign !== 0
      if (!redundant) break
      start++
    }
    return this.primitive(Tag.INTEGER, value.subarray(start))
  }

  /** OCTET STRING. */
  octetString(value: Uint8Array): this {
    return this.primitive(Tag.OCTET_STRING, value)
  }

  /** BIT STRING; the unused bits of the last octet must be zero. */
  bitString(value: Uint8Array, unusedBits: number = 0): this {
    const last = value.at(-1)
    const unusedMask = 2 ** unusedBits - 1
    if (
      unusedBits > 7 ||
      (unusedBits > 0 && last === undefined) ||
      ((last ?? 0) & unusedMask) !== 0
    )
      throw new RangeError('the unused bits of a BIT STRING must exist and be zero')
    this.#header(Tag.BIT_STRING, value.length + 1)
    this.#octets[this.#used++] = unusedBits
    return this.raw(value)
  }

  /** A string type, its text as UTF-8 (the same octets as ASCII where the type is an ASCII one). */
  string(tag: number, text: string): this {
    const length = Buffer.byteLength(text)
    this.#header(tag, length)
    this.#octets.write(text, this.#used, 'utf8')
    this.#used += length
    return this
  }

  /** OBJECT IDENTIFIER from dotted decimal. */
  objectIdentifier(text: string): this {
    return this.primitive(Tag.OBJECT_IDENTIFIER, encodeOid(text))
  }

  /** BOOLEAN. */
  boolean(value: boolean): this {
    this.#header(Tag.BOOLEAN, 1)
    this.#octets[this.#used++] = value ? 0xff : 0
    return this
  }

  /** NULL. */
  null(): this {
    this.#header(Tag.NULL, 0)
    return this
  }

  /** GeneralizedTime in UTC; parts of a second are dropped. */
  generalizedTime(timeMs: number): this {
    return this.string(Tag.GENERALIZED_TIME, formatGeneralizedTime(timeMs))
  }

  /** The message: a copy of exactly what was written. Every element must be closed. */
  finish(): Uint8Array {
    if (this.#open.length > 0) throw new RangeError(`${this.#open.length} elements are still open`)
    return new Uint8Array(this.#octets.subarray(0, this.#used))
  }

  /** Forgets everything, so that the buffer can be used for the next message. */
  reset(): this {
    this.#used = 0
    this.#open.length = 0
    return this
  }

  #reserve(octets: number): void {
    const needed = this.#used + octets
    if (needed <= this.#octets.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#octets.length * 2))
    this.#octets.copy(grown, 0, 0, this.#used)
    this.#octets = grown
  }
}
