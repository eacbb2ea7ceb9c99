/** Changes to DER and BER as a tree: elements are cut, doubled, nested and swapped while lengths stay true. */

import { pick, type Below } from './random.ts'

/** Where an element lies. */
interface Place {
  /** Its first octet. */
  readonly at: number
  /** First octet of its content. */
  readonly start: number
  readonly end: number
}

const MAX_DEPTH = 24
/** Larger ones are not changed further. */
const MAX_OCTETS = 100_000
const CONSTRUCTED = 0x20
const SEQUENCE = 0x30
const OCTET_STRING = 0x04

function placeAt(octets: Buffer, at: number): Place | undefined {
  const first = octets[at + 1]
  if (first === undefined) return undefined
  const count = first < 0x80 ? 0 : first & 0x7f
  if (count > 4 || at + 2 + count > octets.length) return undefined
  const length = count === 0 ? first & 0x7f : octets.readUIntBE(at + 2, count)
  const start = at + 2 + count
  return start + length > octets.length ? undefined : { at, start, end: start + length }
}

/** The elements side by side in a stretch, none where it is no sequence of elements. */
function placesIn(octets: Buffer): Place[] {
  const places: Place[] = []
  for (let at = 0; at < octets.length;) {
    const place = placeAt(octets, at)
    if (place === undefined) return []
    places.push(place)
    at = place.end
  }
  return places
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff]
  return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
}

function element(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content])
}

/** One element to change, with chance and another message's element. */
interface Chosen {
  /** Tag, length and content. */
  readonly raw: Buffer
  readonly tag: number
  readonly content: Buffer
  readonly below: Below
}

/** What stands in its place afterwards. */
type Change = (chosen: Chosen) => Buffer

function repeat({ raw, below }: Chosen): Buffer {
  const room = below(16) === 0 ? 60_000 : 1500
  const times = 1 + below(Math.max(2, Math.floor(room / raw.length)))
  return Buffer.alloc(raw.length * times, raw)
}

/** Lengths are written inside out, so that deep nesting costs no stack. */
function nest({ raw, tag, below }: Chosen): Buffer {
  const outer = below(2) === 0 ? SEQUENCE : tag | CONSTRUCTED
  const heads: Buffer[] = []
  let size = raw.length
  for (let depth = below(below(16) === 0 ? 2000 : 40); depth >= 0; depth -= 1) {
    const head = Buffer.from([outer, ...lengthOctets(size)])
    heads.push(head)
    size += head.length
  }
  return Buffer.concat([...heads.reverse(), raw])
}

const NUMBERS = ['00', '7f', '80', 'ff', '00ff', '7fffffff', '80000000', 'ffffffff', '0080000000']

function refilled({ tag, below }: Chosen): Buffer {
  const size = below(24) === 0 ? below(20_000) : below(200)
  return element(tag, Buffer.alloc(size, below(3) === 0 ? 0x20 : below(256)))
}

function scratched({ tag, content, below }: Chosen): Buffer {
  const changed = Buffer.from(content)
  if (changed.length > 0) changed[below(changed.length)] = below(256)
  return element(tag, changed)
}

const CHANGES: readonly Change[] = [
  () => Buffer.alloc(0),
  ({ raw }) => Buffer.concat([raw, raw]),
  ({ tag, content, below }) => element((tag & 0xe0) | below(31), content),
  ({ tag, below }) => element(tag, Buffer.from(pick(below, NUMBERS), 'hex')),
  ({ tag, content, below }) => element(tag, content.subarray(0, below(content.length + 1))),
  ...[refilled, scratched, repeat, nest],
]

/** Walks down by chance and changes what it comes to. */
class Walk {
  readonly #below: Below
  readonly #donor: Buffer

  constructor(below: Below, donor: Buffer) {
    this.#below = below
    this.#donor = donor
  }

  /** The same stretch of elements with one change in it. */
  change(octets: Buffer, depth: number): Buffer {
    const places = placesIn(octets)
    if (places.length === 0) return octets
    const place = pick(this.#below, places)
    const [before, behind] = [octets.subarray(0, place.at), octets.subarray(place.end)]
    if (this.#below(12) === 0) return this.#swap(octets, place, pick(this.#below, places))
    return Buffer.concat([before, this.#inside(octets, place, depth), behind])
  }

  #inside(octets: Buffer, place: Place, depth: number): Buffer {
    const tag = octets[place.at] ?? 0
    const content = octets.subarray(place.start, place.end)
    const holds = (tag & CONSTRUCTED) !== 0 || tag === OCTET_STRING
    if (holds && depth > 0 && this.#below(5) > 0 && placesIn(content).length > 0) {
      return element(tag, this.change(content, depth - 1))
    }
    const raw = octets.subarray(place.at, place.end)
    if (this.#below(10) === 0) return this.#strange(this.#donor, MAX_DEPTH)
    return pick(this.#below, CHANGES)({ raw, tag, content, below: this.#below })
  }

  #swap(octets: Buffer, one: Place, other: Place): Buffer {
    const [left, right] = one.at < other.at ? [one, other] : [other, one]
    if (left.at === right.at) return octets
    return Buffer.concat([
      ...[octets.subarray(0, left.at), octets.subarray(right.at, right.end)],
      ...[octets.subarray(left.end, right.at), octets.subarray(left.at, left.end)],
      octets.subarray(right.end),
    ])
  }

  /** An element of the other message. */
  #strange(octets: Buffer, depth: number): Buffer {
    const places = placesIn(octets)
    if (places.length === 0) return Buffer.alloc(0)
    const { at, start, end } = pick(this.#below, places)
    const content = octets.subarray(start, end)
    const deeper = depth > 0 && this.#below(4) > 0 && placesIn(content).length > 0
    return deeper ? this.#strange(content, depth - 1) : octets.subarray(at, end)
  }
}

/**
 * Changes one to three elements; the input itself where it is no sequence of elements.
 *
 * @param input - DER or BER.
 * @param below - Chance.
 * @param donor - Another message, an element of which may come in.
 * @returns New octets.
 */
export function mutateTree(input: Buffer, below: Below, donor: Buffer): Buffer {
  const walk = new Walk(below, donor)
  let changed = input
  for (let left = 1 + below(3); left > 0 && changed.length < MAX_OCTETS; left -= 1) {
    changed = walk.change(changed, MAX_DEPTH)
  }
  return changed
}

/** An element of a message whose content can be put anew. */
export interface Opening {
  readonly tag: number
  readonly content: Buffer
  /** The whole message with this content instead, all lengths true. */
  readonly put: (content: Buffer) => Buffer
}

/**
 * Every element of a message, those inside others and inside octet strings too.
 *
 * @param octets - DER or BER; what is no sequence of elements has none.
 * @returns Outer ones first.
 */
export function openingsOf(octets: Buffer, depth: number = MAX_DEPTH): Opening[] {
  return placesIn(octets).flatMap(({ at, start, end }) => {
    const tag = octets[at] ?? 0
    const content = octets.subarray(start, end)
    const put = (fresh: Buffer): Buffer =>
      Buffer.concat([octets.subarray(0, at), element(tag, fresh), octets.subarray(end)])
    const holds = depth > 0 && ((tag & CONSTRUCTED) !== 0 || tag === OCTET_STRING)
    const inner = holds ? openingsOf(content, depth - 1) : []
    const deeper = inner.map((each) => ({ ...each, put: (fresh: Buffer) => put(each.put(fresh)) }))
    return [{ tag, content, put }, ...deeper]
  })
}
