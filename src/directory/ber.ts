/**
 * Reads BER with definite lengths, as LDAP uses it (RFC 4511 section 5.1).
 *
 * Not DER: Active Directory writes every length as 0x84 and four octets, which our strict DER reader rightly refuses.
 *
 * @module
 */

import { DirectoryError } from './errors.ts'

/** Where an element is. */
export interface BerHead {
  readonly tag: number
  /** Offset of its content. */
  readonly start: number
  /** Offset after its content. */
  readonly end: number
}

/**
 * The fault of an LDAP message that is none.
 *
 * @param why - What is wrong with it.
 * @returns The error.
 */
export function malformedLdap(why: string): DirectoryError {
  return new DirectoryError(
    'ERR_DIRECTORY_REPLY',
    `the directory server sent a malformed message: ${why}`,
  )
}

/**
 * Reads tag and length of an element.
 *
 * @param octets - Where it is.
 * @param offset - Where it begins.
 * @returns Undefined while its head is not all there.
 * @throws DirectoryError with ERR_DIRECTORY_REPLY for an indefinite length or one of more than four octets.
 */
export function readBerHead(octets: Uint8Array, offset: number): BerHead | undefined {
  const tag = octets[offset]
  const first = octets[offset + 1]
  if (tag === undefined || first === undefined) return undefined
  if (first < 0x80) return { tag, start: offset + 2, end: offset + 2 + first }
  const count = first & 0x7f
  if (count < 1 || count > 4) throw malformedLdap('a length is indefinite or too long')
  const start = offset + 2 + count
  if (octets.length < start) return undefined
  const length = octets.subarray(offset + 2, start).reduce((sum, octet) => sum * 256 + octet, 0)
  return { tag, start, end: start + length }
}

/** Walks the elements of one constructed value. */
export class BerCursor {
  readonly #octets: Uint8Array
  #offset = 0

  constructor(octets: Uint8Array) {
    this.#octets = octets
  }

  /** Whether every element has been read. */
  get done(): boolean {
    return this.#offset >= this.#octets.length
  }

  /** The tag of the next element, undefined at the end. */
  get tag(): number | undefined {
    return this.#octets[this.#offset]
  }

  /** The content of the next element, which must have this tag. */
  take(tag: number): Uint8Array {
    const head = readBerHead(this.#octets, this.#offset)
    if (head?.tag !== tag || head.end > this.#octets.length) {
      throw malformedLdap(`expected tag 0x${tag.toString(16)} at octet ${this.#offset} of its part`)
    }
    this.#offset = head.end
    return this.#octets.subarray(head.start, head.end)
  }

  /** The content of the first remaining element with this tag, or undefined. */
  find(tag: number): Uint8Array | undefined {
    while (this.tag !== undefined) {
      const found = this.tag
      const content = this.take(found)
      if (found === tag) return content
    }
    return undefined
  }
}
