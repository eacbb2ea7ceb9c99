/**
 * Content octets of OBJECT IDENTIFIER (X.690 section 8.19).
 *
 * @module
 */

/** Arcs are kept below 2^53, far above any that is assigned. */
const MAX_ARC = Number.MAX_SAFE_INTEGER

/**
 * Content octets of an object identifier.
 *
 * @param text - Dotted decimal, for instance `1.2.840.113554.1.2.2`.
 * @returns The content octets, without tag and length.
 * @throws RangeError when the text is not an object identifier.
 */
export function encodeOid(text: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9]\d*))+$/.test(text)) {
    throw new RangeError(`not an object identifier: ${text}`)
  }
  const [root = 0, second = 0, ...rest] = text.split('.').map(Number)
  if ((root < 2 && second > 39) || rest.some((arc) => arc > MAX_ARC)) {
    throw new RangeError(`an arc is out of range: ${text}`)
  }
  return Uint8Array.from([root * 40 + second, ...rest].flatMap(arcOctets))
}

function arcOctets(arc: number): number[] {
  const octets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift((rest % 128) | 0x80)
  }
  return octets
}

/**
 * Dotted decimal of an object identifier.
 *
 * @param content - The content octets, without tag and length.
 * @returns The text, or undefined when the octets are not a minimal encoding.
 */
export function decodeOid(content: Uint8Array): string | undefined {
  let text = ''
  let arc = 0
  let inside = false
  for (const octet of content) {
    if (!inside && octet === 0x80) return undefined
    arc = arc * 128 + (octet & 0x7f)
    if (arc > MAX_ARC) return undefined
    inside = (octet & 0x80) !== 0
    if (inside) continue
    text = text === '' ? firstArcs(arc) : `${text}.${arc}`
    arc = 0
  }
  return inside || text === '' ? undefined : text
}

/** Two arcs are in one number. */
function firstArcs(both: number): string {
  const root = Math.min(Math.floor(both / 40), 2)
  return `${root}.${both - root * 40}`
}
