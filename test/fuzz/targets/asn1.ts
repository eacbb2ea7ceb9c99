/** The DER reader: whatever it takes, the DER writer writes in the same octets. */

import { DerReader, DerWriter, Tag } from '../../../src/asn1/index.ts'
import { CERTIFICATES, captured, keptPki, mitMessages } from '../seeds.ts'
import { derTarget, type Target } from '../target.ts'

/** Writes the element that was read. */
type Rewrite = (w: DerWriter) => void

const CONSTRUCTED = 0x20

function stringOf(tag: number): (reader: DerReader) => Rewrite {
  return (reader) => {
    const text = reader.string(tag)
    return (w) => w.string(tag, text)
  }
}

const TYPED: ReadonlyMap<number, (reader: DerReader) => Rewrite> = new Map([
  [
    Tag.BOOLEAN,
    (reader: DerReader): Rewrite => {
      const value = reader.boolean()
      return (w) => w.boolean(value)
    },
  ],
  [
    Tag.INTEGER,
    (reader) => {
      const value = reader.integerOctets()
      return (w) => w.integerOctets(value)
    },
  ],
  [
    Tag.ENUMERATED,
    (reader) => {
      const value = reader.integer(Tag.ENUMERATED)
      return (w) => w.integer(value, Tag.ENUMERATED)
    },
  ],
  [
    Tag.BIT_STRING,
    (reader) => {
      const { octets, unusedBits } = reader.bitString()
      return (w) => w.bitString(octets, unusedBits)
    },
  ],
  [
    Tag.NULL,
    (reader) => {
      reader.null()
      return (w) => w.null()
    },
  ],
  [
    Tag.OBJECT_IDENTIFIER,
    (reader) => {
      const text = reader.objectIdentifier()
      return (w) => w.objectIdentifier(text)
    },
  ],
  [
    Tag.GENERALIZED_TIME,
    (reader) => {
      const ms = reader.generalizedTime()
      return (w) => w.generalizedTime(ms)
    },
  ],
  [Tag.UTF8_STRING, stringOf(Tag.UTF8_STRING)],
  [Tag.GENERAL_STRING, stringOf(Tag.GENERAL_STRING)],
  [Tag.IA5_STRING, stringOf(Tag.IA5_STRING)],
  [Tag.PRINTABLE_STRING, stringOf(Tag.PRINTABLE_STRING)],
])

/** Reads one element with the method of its type, and what is inside it. */
function readElement(reader: DerReader): Rewrite {
  const tag = reader.peek() ?? 0
  const typed = TYPED.get(tag)
  if (typed) return typed(reader)
  if (tag === Tag.UTC_TIME) {
    const raw = reader.peekRaw()
    reader.utcTime()
    return (w) => w.raw(raw)
  }
  if ((tag & CONSTRUCTED) === 0) {
    const content = reader.primitive(tag)
    return (w) => w.primitive(tag, content)
  }
  const inner = reader.enter(tag, 'inner')
  const children: Rewrite[] = []
  while (!inner.done) children.push(readElement(inner))
  inner.finish()
  return (w) => {
    w.open(tag)
    for (const child of children) child(w)
    w.close()
  }
}

function readAll(input: Uint8Array): Rewrite {
  const reader = new DerReader(input, 'input')
  const rewrite = readElement(reader)
  reader.finish()
  return rewrite
}

const readerTarget = derTarget({
  name: 'asn1/der',
  seeds: [
    ...CERTIFICATES,
    ...[keptPki('ca'), keptPki('server'), keptPki('connector')],
    ...captured('tgs-req'),
    ...captured('enc-ticket-part'),
    ...captured('spnego-resp'),
    ...mitMessages('authenticator'),
    ...mitMessages('krb-error'),
    Buffer.from('300c010100 0a01050500 06022a03'.replaceAll(' ', ''), 'hex'),
  ],
  decode: readAll,
  check: (rewrite, input) => {
    const w = new DerWriter()
    rewrite(w)
    return Buffer.compare(w.finish(), input) === 0 ? undefined : 'other octets were written'
  },
})

export const ASN1_TARGETS: readonly Target[] = [readerTarget]
