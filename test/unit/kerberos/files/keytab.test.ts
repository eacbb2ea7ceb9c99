import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeKeytab,
  encodeKeytab,
  keysFor,
  type KeytabEntry,
} from '../../../../src/kerberos/files/index.ts'
import { SallyportError } from '../../../../src/platform/index.ts'

/** One entry written out by hand after the format's description: HTTP/a@R, kvno 3, AES-128, 1970-01-01T00:00:01Z. */
const ENTRY = [
  '0002',
  '000152',
  '000448545450',
  '000161',
  '00000001',
  '00000001',
  '03',
  '0011',
  '001000112233445566778899aabbccddeeff',
].join('')
const LONG_KVNO_3 = '00000003'

const hex = (...parts: string[]) => Buffer.from(parts.join(''), 'hex')

const sized = (entry: string) => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(entry.length / 2)
  return size.toString('hex') + entry
}

const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((value) => !value.includes('\0') && value.isWellFormed())
const key = fc
  .oneof(
    fc.tuple(fc.constant(18), fc.uint8Array({ minLength: 32, maxLength: 32 })),
    fc.tuple(fc.constant(17), fc.uint8Array({ minLength: 16, maxLength: 16 })),
    fc.tuple(fc.constant(23), fc.uint8Array({ maxLength: 40 })),
  )
  .map(([etype, value]) => ({ etype, value }))
const plain = { noNullPrototype: true }
const principal = fc.record(
  {
    nameType: fc.integer({ min: -2, max: 11 }),
    nameString: fc.array(text, { minLength: 1, maxLength: 4 }),
  },
  plain,
)
const anyEntry: fc.Arbitrary<KeytabEntry> = fc.record(
  {
    principal,
    realm: text,
    kvno: fc.oneof(fc.nat(255), fc.nat(0xffffffff)),
    timestampMs: fc.nat(0xffffffff).map((seconds) => seconds * 1000),
    key,
  },
  plain,
)

function entry(name: string, kvno: number, etype: number): KeytabEntry {
  const value = new Uint8Array(etype === 18 ? 32 : 16)
  const principal = { nameType: 1, nameString: name.split('/') }
  return { principal, realm: 'CORP.EXAMPLE', kvno, timestampMs: 0, key: { etype, value } }
}

describe('decodeKeytab', () => {
  const expected = {
    principal: { nameType: 1, nameString: ['HTTP', 'a'] },
    realm: 'R',
    kvno: 3,
    timestampMs: 1000,
    key: { etype: 17, value: Uint8Array.from(hex('00112233445566778899aabbccddeeff')) },
  }

  it('reads an entry written by hand, with and without the 32-bit version', () => {
    assert.deepEqual(decodeKeytab(hex('0502', sized(ENTRY))), [expected])
    assert.deepEqual(decodeKeytab(hex('0502', sized(ENTRY + LONG_KVNO_3))), [expected])
    assert.deepEqual(decodeKeytab(hex('0502', sized(`${ENTRY}00000103`))), [
      { ...expected, kvno: 259 },
    ])
  })

  it('takes the 8-bit version where zeros follow, and ignores what follows the 32-bit one', () => {
    assert.deepEqual(decodeKeytab(hex('0502', sized(`${ENTRY}0000000000`))), [expected])
    assert.deepEqual(decodeKeytab(hex('0502', sized(`${ENTRY}00000003ffffffff`))), [expected])
  })

  it('steps over holes and stops at a size of zero', () => {
    const hole = 'fffffffc00000000'
    assert.deepEqual(decodeKeytab(hex('0502', hole, sized(ENTRY), hole)), [expected])
    assert.deepEqual(decodeKeytab(hex('0502', sized(ENTRY), '00000000', 'ffff')), [expected])
    assert.deepEqual(decodeKeytab(hex('0502')), [])
  })

  for (const [what, octets] of [
    ['nothing at all', ''],
    ['version 1', '0501'],
    ['another file', '7f454c46'],
    ['a size cut off', '0502000000'],
    ['a hole beyond the end', '0502fffffff0'],
    ['the largest hole', '050280000000'],
    ['a record beyond the end', `0502000000ff${ENTRY}`],
    ['a record that ends in its key', `0502${sized(ENTRY.slice(0, -2))}`],
    ['a name without components', `0502${sized(`0000${ENTRY.slice(4)}`)}`],
    ['a name of 65535 components', `0502${sized(`ffff${ENTRY.slice(4)}`)}`],
    ['a realm that is not UTF-8', `0502${sized(ENTRY.replace('000152', '0001ff'))}`],
    ['a realm that holds NUL', `0502${sized(ENTRY.replace('000152', '000100'))}`],
    ['an AES-256 key of 16 octets', `0502${sized(ENTRY.replace('0300110010', '0300120010'))}`],
  ] as const) {
    it(`refuses ${what} and says where`, () => {
      assert.throws(() => decodeKeytab(hex(octets)), {
        code: 'ERR_KRB_KEYTAB',
        message: /at octet \d+/,
      })
    })
  }

  it('refuses a file above the limit', () => {
    const file = hex('0502', sized(ENTRY))
    assert.throws(() => decodeKeytab(file, { maxOctets: file.length - 1 }), {
      code: 'ERR_KRB_KEYTAB',
    })
    assert.equal(decodeKeytab(file, { maxOctets: file.length }).length, 1)
  })

  it('reads back what encodeKeytab wrote', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 5 }), (entries) => {
        const read = decodeKeytab(encodeKeytab(entries))
        assert.deepEqual(read, entries)
      }),
    )
  })

  it('refuses every prefix that ends inside a record', () => {
    const file = encodeKeytab([entry('HTTP/a', 1, 18), entry('HTTP/a', 2, 17)])
    const first = encodeKeytab([entry('HTTP/a', 1, 18)]).length
    for (let end = 0; end < file.length; end++) {
      if (end === 2 || end === first) continue
      assert.throws(() => decodeKeytab(file.subarray(0, end)), { code: 'ERR_KRB_KEYTAB' })
    }
  })

  it('gives entries or its own error for any octets', () => {
    const file = encodeKeytab([entry('HTTP/a', 1, 18)])
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), (at, octet) => {
        const changed = Uint8Array.from(file)
        changed[at] = octet
        try {
          decodeKeytab(changed)
        } catch (error) {
          assert.ok(error instanceof SallyportError && error.code === 'ERR_KRB_KEYTAB')
        }
      }),
    )
  })
})

describe('encodeKeytab', () => {
  it('writes both key versions', () => {
    const octets = Buffer.from(encodeKeytab([entry('a', 259, 17)]))
    assert.equal(octets.subarray(-4).toString('hex'), '00000103')
    assert.equal(decodeKeytab(octets)[0]?.kvno, 259)
  })

  it('refuses what does not fit', () => {
    assert.throws(() => encodeKeytab([entry('a', 2 ** 32, 17)]), RangeError)
    assert.throws(() => encodeKeytab([entry('a'.repeat(65536), 1, 17)]), RangeError)
  })
})

describe('keysFor', () => {
  const entries = [
    entry('HTTP/a', 1, 18),
    entry('HTTP/a', 3, 23),
    entry('HTTP/b', 9, 18),
    entry('HTTP/a', 3, 17),
    entry('HTTP/a', 3, 18),
    { ...entry('HTTP/a', 7, 18), realm: 'OTHER.EXAMPLE' },
    entry('HTTP', 5, 18),
  ]

  it('gives the newest version first and the preferred type first within it', () => {
    const found = keysFor(entries, 'CORP.EXAMPLE', { nameType: 2, nameString: ['HTTP', 'a'] })
    assert.deepEqual(
      found.map(({ kvno, key: { etype } }) => [kvno, etype]),
      [
        [3, 18],
        [3, 17],
        [3, 23],
        [1, 18],
      ],
    )
  })

  it('gives nothing for another realm or name', () => {
    assert.deepEqual(
      keysFor(entries, 'corp.example', { nameType: 2, nameString: ['HTTP', 'a'] }),
      [],
    )
    assert.deepEqual(
      keysFor(entries, 'CORP.EXAMPLE', { nameType: 2, nameString: ['HTTP', 'a', 'b'] }),
      [],
    )
  })
})
