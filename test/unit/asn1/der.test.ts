import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Asn1Error, DerReader, DerWriter, Tag } from '../../../src/asn1/index.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ''), 'hex')
const read = (text: string): DerReader => new DerReader(hex(text), 'T')
const asHex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

/** Values with their one DER encoding. */
describe('DER of single values', () => {
  const integers: readonly (readonly [number, string])[] = [
    [0, '020100'],
    [127, '02017f'],
    [128, '02020080'],
    [256, '02020100'],
    [-1, '0201ff'],
    [-128, '020180'],
    [-129, '0202ff7f'],
    [4294967295, '020500ffffffff'],
    [-2147483648, '020480000000'],
  ]
  for (const [value, der] of integers) {
    it(`INTEGER ${value}`, () => {
      assert.equal(asHex(new DerWriter().integer(value).finish()), der)
      assert.equal(read(der).integer(), value)
    })
  }

  // X.690 section 8.19.5 gives {2 999 3} as 06 03 88 37 03.
  for (const [oid, der] of [
    ['2.999.3', '0603883703'],
    ['1.2.840.113554.1.2.2', '06092a864886f712010202'],
    ['0.39', '060127'],
  ] as const) {
    it(`OBJECT IDENTIFIER ${oid}`, () => {
      assert.equal(asHex(new DerWriter().objectIdentifier(oid).finish()), der)
      assert.equal(read(der).objectIdentifier(), oid)
    })
  }

  it('times', () => {
    const ms = Date.UTC(1985, 10, 6, 21, 6, 27)
    // RFC 4120 section 5.2.3 has 19851106210627Z as its example of a KerberosTime.
    const der = asHex(
      new DerWriter().generalizedTime(Date.UTC(1985, 10, 6, 21, 6, 27, 999)).finish(),
    )
    assert.equal(der, '180f' + asHex(Buffer.from('19851106210627Z')))
    assert.equal(read(der).generalizedTime(), ms)
    const short = '170d' + asHex(Buffer.from('491106210627Z'))
    assert.equal(read(short).utcTime(), Date.UTC(2049, 10, 6, 21, 6, 27))
    const old = '170d' + asHex(Buffer.from('501106210627Z'))
    assert.equal(read(old).utcTime(), Date.UTC(1950, 10, 6, 21, 6, 27))
  })

  it('the rest', () => {
    const w = new DerWriter(1)
    w.openSequence().boolean(true).boolean(false).null().octetString(hex('beef'))
    w.bitString(hex('a0'), 5).string(Tag.UTF8_STRING, 'ü').integerOctets(hex('0000ff80')).close()
    const der = w.finish()
    assert.equal(asHex(der), '30190101ff01010005000402beef030205a00c02c3bc020300ff80')
    const s = new DerReader(der, 'T').sequence()
    assert.deepEqual([s.boolean(), s.boolean()], [true, false])
    s.null()
    assert.deepEqual(asHex(s.octetString()), 'beef')
    const { octets, unusedBits } = s.bitString()
    assert.deepEqual([asHex(octets), unusedBits], ['a0', 5])
    assert.equal(s.string(Tag.UTF8_STRING), 'ü')
    assert.equal(asHex(s.integerOctets()), '00ff80')
    s.finish()
  })
})

describe('DerWriter', () => {
  for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
    it(`closes an element of ${length} octets`, () => {
      const value = new Uint8Array(length).fill(7)
      const der = new DerWriter(2).openContext(3).octetString(value).close().finish()
      const field = new DerReader(der, 'T').context(3, 'f')
      assert.deepEqual(Buffer.from(field.octetString()), Buffer.from(value))
      field.finish()
    })
  }

  it('can be used again', () => {
    const w = new DerWriter()
    assert.equal(asHex(w.openSequence().integer(1).close().finish()), '3003020101')
    assert.equal(asHex(w.reset().integer(2).finish()), '020102')
  })

  it('refuses misuse', () => {
    assert.throws(() => new DerWriter().close(), RangeError)
    assert.throws(() => new DerWriter().openSequence().finish(), RangeError)
    assert.throws(() => new DerWriter().integer(0.5), RangeError)
    assert.throws(() => new DerWriter().integer(2 ** 60), RangeError)
    assert.throws(() => new DerWriter().integerOctets(hex('')), RangeError)
    assert.throws(() => new DerWriter().bitString(hex('01'), 1), RangeError)
    assert.throws(() => new DerWriter().bitString(hex(''), 1), RangeError)
    assert.throws(() => new DerWriter().generalizedTime(NaN), RangeError)
    assert.throws(() => new DerWriter().generalizedTime(Date.UTC(10_000, 0)), RangeError)
    for (const oid of ['', '1', '3.1', '1.40', '1.2.x', '1.02', '1.2.', `1.2.${2 ** 60}`]) {
      assert.throws(() => new DerWriter().objectIdentifier(oid), RangeError, oid)
    }
  })
})

describe('DerReader refuses', () => {
  const cases: readonly (readonly [string, string, (r: DerReader) => unknown, string])[] = [
    ['an indefinite length', '3080020101 0000', (r) => r.sequence(), 'ERR_ASN1_LENGTH'],
    ['a length in more octets than needed', '0281 0101', (r) => r.integer(), 'ERR_ASN1_LENGTH'],
    ['a length with a leading zero', '04820080', (r) => r.octetString(), 'ERR_ASN1_LENGTH'],
    ['a length of five octets', '0485 0100000000', (r) => r.octetString(), 'ERR_ASN1_LENGTH'],
    ['a cut-off length', '0482 01', (r) => r.octetString(), 'ERR_ASN1_TRUNCATED'],
    ['a missing length', '04', (r) => r.octetString(), 'ERR_ASN1_TRUNCATED'],
    ['nothing', '', (r) => r.octetString(), 'ERR_ASN1_TRUNCATED'],
    [
      'an element longer than its parent',
      '3003 0402 0102',
      (r) => r.sequence().octetString(),
      'ERR_ASN1_TRUNCATED',
    ],
    [
      'a length field beyond its parent',
      '3001 04 01',
      (r) => r.sequence().octetString(),
      'ERR_ASN1_TRUNCATED',
    ],
    ['another tag', '0401 00', (r) => r.integer(), 'ERR_ASN1_TAG'],
    ['a tag number above 30', '1f8101 00', (r) => r.any(), 'ERR_ASN1_TAG'],
    ['an empty INTEGER', '0200', (r) => r.integer(), 'ERR_ASN1_VALUE'],
    ['a redundant 00', '02020001', (r) => r.integer(), 'ERR_ASN1_VALUE'],
    ['a redundant FF', '0202ff80', (r) => r.integerOctets(), 'ERR_ASN1_VALUE'],
    ['a huge INTEGER', '020701000000000000', (r) => r.integer(), 'ERR_ASN1_VALUE'],
    ['BOOLEAN 01', '010101', (r) => r.boolean(), 'ERR_ASN1_VALUE'],
    ['BOOLEAN of two octets', '0102ffff', (r) => r.boolean(), 'ERR_ASN1_VALUE'],
    [
      'a NULL with content',
      '050100',
      (r) => {
        r.null()
      },
      'ERR_ASN1_VALUE',
    ],
    ['a BIT STRING without octets', '0300', (r) => r.bitString(), 'ERR_ASN1_VALUE'],
    ['8 unused bits', '03020800', (r) => r.bitString(), 'ERR_ASN1_VALUE'],
    ['unused bits of nothing', '030101', (r) => r.bitString(), 'ERR_ASN1_VALUE'],
    ['unused bits that are set', '03020101', (r) => r.bitString(), 'ERR_ASN1_VALUE'],
    ['NUL in a string', '1b03610062', (r) => r.string(Tag.GENERAL_STRING), 'ERR_ASN1_VALUE'],
    [
      'a string that is not UTF-8',
      '1b02c328',
      (r) => r.string(Tag.GENERAL_STRING),
      'ERR_ASN1_VALUE',
    ],
    [
      'an IA5String that is not ASCII',
      '1602c3bc',
      (r) => r.string(Tag.IA5_STRING),
      'ERR_ASN1_VALUE',
    ],
    ['an empty OBJECT IDENTIFIER', '0600', (r) => r.objectIdentifier(), 'ERR_ASN1_VALUE'],
    ['a padded arc', '06038801 80', (r) => r.objectIdentifier(), 'ERR_ASN1_VALUE'],
    ['a leading 80 in an arc', '06032a8001', (r) => r.objectIdentifier(), 'ERR_ASN1_VALUE'],
    [
      'an arc without end',
      '060b2affffffffffffffffff7f',
      (r) => r.objectIdentifier(),
      'ERR_ASN1_VALUE',
    ],
    [
      'octets left over',
      '02010100',
      (r) => {
        r.integer()
        r.finish()
      },
      'ERR_ASN1_TRAILING',
    ],
  ]
  for (const [name, der, action, code] of cases) {
    it(name, () => {
      assert.throws(
        () => action(read(der)),
        (error) => error instanceof Asn1Error && error.code === code,
      )
    })
  }

  for (const text of [
    '20230229000000Z',
    '20231301000000Z',
    '20230101240000Z',
    '20230101000060Z',
    '20230101000000',
    '202301010000Z',
    '20230101000000.5Z',
    '20230101000000+0000Z',
    '00000101000000Z',
  ]) {
    it(`the time ${text}`, () => {
      const der = new DerWriter().string(Tag.GENERALIZED_TIME, text).finish()
      assert.throws(() => new DerReader(der, 'T').generalizedTime(), { code: 'ERR_ASN1_VALUE' })
    })
  }

  it('more than its limits', () => {
    assert.throws(() => new DerReader(new Uint8Array(11), 'T', { maxOctets: 10 }), {
      code: 'ERR_ASN1_SIZE',
    })
    const w = new DerWriter()
    for (let i = 0; i < 40; i++) w.openSequence()
    let reader = new DerReader(w.close(40).finish(), 'T')
    const descend = () => {
      for (let i = 0; i < 40; i++) reader = reader.sequence()
    }
    assert.throws(descend, { code: 'ERR_ASN1_DEPTH' })
  })

  it('and says where', () => {
    const der = new DerWriter().openSequence().openContext(4).integer(1).close(2).finish()
    const field = new DerReader(der, 'Ticket').sequence().context(4, 'sname')
    assert.throws(() => field.octetString(), {
      path: 'Ticket.sname',
      offset: 4,
      message: 'Ticket.sname: tag 0x04 wanted, 0x02 found (at octet 4)',
    })
  })
})

describe('DER as a whole', () => {
  it('gives back every integer, string and octet string', () => {
    const safe = fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 })
    fc.assert(
      fc.property(safe, fc.string({ unit: 'grapheme' }), fc.uint8Array(), (n, text, octets) => {
        const clean = text.replaceAll('\0', '')
        const w = new DerWriter(1).openSequence()
        w.integer(n).string(Tag.UTF8_STRING, clean).octetString(octets).close()
        const s = new DerReader(w.finish(), 'T').sequence()
        assert.equal(s.integer(), n)
        assert.equal(s.string(Tag.UTF8_STRING), clean)
        assert.deepEqual(Buffer.from(s.octetString()), Buffer.from(octets))
        s.finish()
      }),
    )
  })

  it('never does anything but return or throw Asn1Error on noise', () => {
    const walk = (reader: DerReader, depth: number): void => {
      while (!reader.done) {
        const { tag, raw } = reader.any()
        if ((tag & 0x20) !== 0 && depth < 10)
          walk(new DerReader(raw, 'x').enter(tag, 'y'), depth + 1)
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        try {
          walk(new DerReader(octets, 'T'), 0)
        } catch (error) {
          if (!(error instanceof Asn1Error)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})
