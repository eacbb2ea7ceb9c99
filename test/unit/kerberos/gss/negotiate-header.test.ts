import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatNegotiate, parseNegotiate } from '../../../../src/kerberos/gss/index.ts'

describe('Negotiate header', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (token) => {
        const parsed = parseNegotiate(formatNegotiate(token).trimEnd())
        assert.deepEqual(new Uint8Array(parsed ?? []), token)
      }),
    )
    assert.equal(formatNegotiate(Buffer.from('abc').subarray(1)), 'Negotiate YmM=')
  })

  for (const [header, token] of [
    ['Negotiate', ''],
    ['negotiate', ''],
    ['NEGOTIATE  YWJj', 'abc'],
    [' Negotiate YWI= ', 'ab'],
    ['Basic realm="a, Negotiate", Negotiate YWJj', 'abc'],
    ['NTLM, Negotiate', ''],
    ['Negotiate,NTLM', ''],
    [String.raw`Basic realm="a \" , b", Negotiate`, ''],
    [String.raw`Negotiate YWJj, Basic realm="never closed, \\`, 'abc'],
  ] as const) {
    it(`finds the token of ${JSON.stringify(header)}`, () => {
      assert.equal(Buffer.from(parseNegotiate(header) ?? assert.fail()).toString(), token)
    })
  }

  it('takes a header as fetch, undici and node:http have it', () => {
    for (const none of [null, undefined, []]) assert.equal(parseNegotiate(none), undefined)
    const token = parseNegotiate(['Basic realm="a"', 'Negotiate YWJj'])
    assert.equal(Buffer.from(token ?? []).toString(), 'abc')
  })

  for (const header of [
    '',
    'NTLM',
    'Basic Negotiate',
    'Negotiates YWJj',
    'Basic realm="Negotiate"',
    'Basic realm="a, Negotiate',
    // Each quote of it was once tried as the first of a string: over a second for these 48 KiB.
    String.raw`\"`.repeat(24_576),
  ]) {
    it(`finds no Negotiate in ${JSON.stringify(header)}`, () => {
      assert.equal(parseNegotiate(header), undefined)
    })
  }

  for (const header of [
    'Negotiate YWJ',
    'Negotiate YW-_',
    'Negotiate ====',
    `Negotiate ${'A'.repeat(90_000)}`,
  ]) {
    it(`refuses ${JSON.stringify(header.slice(0, 20))} of ${header.length} characters`, () => {
      assert.throws(() => parseNegotiate(header), { code: 'ERR_KRB_GSS' })
    })
  }

  it('takes 64 KiB and no octet more', () => {
    for (const octets of [65_535, 65_536]) {
      assert.equal(parseNegotiate(formatNegotiate(new Uint8Array(octets)))?.length, octets)
    }
    for (const octets of [65_537, 65_538, 65_539]) {
      const header = formatNegotiate(new Uint8Array(octets))
      assert.throws(() => parseNegotiate(header), { code: 'ERR_KRB_GSS', message: /above 65536/ })
    }
  })

  it('never throws anything else, and takes no long time', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('N', 'n', ' ', ',', '"', '\\', '=', 'A', 'a', '+', '/'),
          maxLength: 300,
        }),
        (tail) => {
          try {
            parseNegotiate(`Negotiate ${tail}`)
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'ERR_KRB_GSS')
          }
        },
      ),
    )
  })
})
