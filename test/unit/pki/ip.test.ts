import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ipOctets } from '../../../src/pki/index.ts'

const hex = (text: string) => Buffer.from(ipOctets(text) ?? []).toString('hex')

describe('ipOctets', () => {
  it('reads both families', () => {
    assert.equal(hex('192.0.2.255'), 'c00002ff')
    assert.equal(hex('::'), '00'.repeat(16))
    assert.equal(hex('2001:db8::1'), '20010db8000000000000000000000001')
    assert.equal(hex('::ffff:192.0.2.1'), '00000000000000000000ffffc0000201')
  })

  it('takes what node:net takes, and nothing else', () => {
    const odd = [
      '1.2.3',
      '1.2.3.4.',
      '256.1.1.1',
      '01.2.3.4',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7:8:9',
      'g::',
    ]
    const short = fc.string({
      unit: fc.constantFrom('0', '1', '2', '9', 'a', 'f', ':', '.'),
      maxLength: 24,
    })
    const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom(...odd), short)
    fc.assert(
      fc.property(text, (candidate) => {
        const octets = { 4: 4, 6: 16 }[isIP(candidate)]
        assert.equal(ipOctets(candidate)?.length, octets, candidate)
      }),
    )
  })
})
