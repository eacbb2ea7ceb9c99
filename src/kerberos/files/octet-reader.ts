/**
 * Reads big-endian numbers and counted strings out of a bounded stretch of a file.
 *
 * @module
 */

/** What went wrong and where; the format's own reader turns it into its error. */
export type Fail = (what: string, offset: number) => Error

/** A cursor that never leaves its stretch. */
export class OctetReader {
  readonly #view: DataView
  readonly #octets: Uint8Array
  readonly #fail: Fail
  /** Position in the whole file, octets. */
  at: number
  /** Where the stretch ends, octets from the start of the file. */
  readonly end: number

  constructor(octets: Uint8Array, stretch: { at: number; end: number }, fail: Fail) {
    this.#octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.#fail = fail
    this.at = stretch.at
    this.end = stretch.end
  }

  /** Octets left in the stretch. */
  get left(): number {
    return this.end - this.at
  }

  /** Moves on, and gives where it stood. */
  #advance(octets: number, what: string): number {
    if (octets > this.left) {
      throw this.#fail(`${what} needs ${octets} octets, ${this.left} are left`, this.at)
    }
    const from = this.at
    this.at += octets
    return from
  }

  /** 8 bits. */
  uint8(what: string): number {
    return this.#view.getUint8(this.#advance(1, what))
  }

  /** 16 bits, big-endian. */
  uint16(what: string): number {
    return this.#view.getUint16(this.#advance(2, what))
  }

  /** 32 bits, big-endian. */
  uint32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what))
  }

  /** 32 bits with sign, big-endian. */
  int32(what: string): number {
    return this.#view.getInt32(this.#advance(4, what))
  }

  /** That many octets, copied. */
  take(octets: number, what: string): Uint8Array {
    const from = this.#advance(octets, what)
    // Not slice: a Buffer's slice is a view.
    return new Uint8Array(this.#octets.subarray(from, from + octets))
  }

  /** A string behind its 16-bit length: UTF-8 without NUL. */
  text(what: string): string {
    const from = this.at
    return this.#decode(this.take(this.uint16(what), what), what, from)
  }

  /** Octets behind their 32-bit length. */
  longOctets(what: string): Uint8Array {
    return this.take(this.uint32(what), what)
  }

  /** A string behind its 32-bit length: UTF-8 without NUL. */
  longText(what: string): string {
    const from = this.at
    return this.#decode(this.longOctets(what), what, from)
  }

  #decode(octets: Uint8Array, what: string, from: number): string {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
      if (!text.includes('\0')) return text
    } catch {
      // Not UTF-8: refused below, like NUL.
    }
    throw this.#fail(`${what} is not text`, from)
  }
}
