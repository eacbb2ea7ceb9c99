/**
 * Names as the DNS writes them (RFC 1035 section 4.1.4): labels, and pointers to labels before them.
 *
 * @module
 */

const MAX_LABEL = 63
const MAX_NAME = 253
const POINTER = 0xc0

/** A name in a message. */
export interface DnsName {
  /** Its labels, views of the message; none for the root. */
  readonly labels: readonly Buffer[]
  /** Where what follows it begins. */
  readonly end: number
}

/**
 * Reads a name; every pointer leads back, so that there is an end.
 *
 * @param octets - The whole message: pointers count from its beginning.
 * @param at - Where the name begins.
 * @returns Its labels.
 * @throws RangeError of Buffer's when it is cut off; Error when it cannot be a name.
 */
export function readDnsName(octets: Buffer, at: number): DnsName {
  const labels: Buffer[] = []
  let from = at
  let end: number | undefined
  let length = 0
  for (;;) {
    const size = octets.readUInt8(from)
    if (size === 0) return { labels, end: end ?? from + 1 }
    if (size >= POINTER) {
      const to = octets.readUInt16BE(from) & 0x3fff
      if (to >= from) throw new Error('a name that points forward')
      end ??= from + 2
      from = to
      // A pointer to a pointer must lead back, too, and names are counted: it ends.
      length += 1
    } else {
      if (size > MAX_LABEL) throw new Error('a label of an unknown kind')
      if (from + 1 + size > octets.length) throw new RangeError('cut off')
      labels.push(octets.subarray(from + 1, from + 1 + size))
      from += size + 1
      length += size + 1
    }
    if (length > MAX_NAME + 1) throw new Error('a name that is too long')
  }
}
