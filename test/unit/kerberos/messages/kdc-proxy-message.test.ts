import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeKdcProxyMessage,
  encodeKdcProxyMessage,
} from '../../../../src/kerberos/messages/index.ts'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
const message = Buffer.from('request')

describe('KDC-PROXY-MESSAGE', () => {
  // Written by kdcproxy 1.0.0 (kdcproxy.parse_pyasn1.ProxyMessage, pyasn1's DER encoder).
  const request =
    '3027a00d040b0000000772657175657374a10e1b0c434f52502e4558414d504c45a206020440000010'
  const reply = '300aa0080406000000026162'

  it('is encoded as by kdcproxy', () => {
    const value = { message, targetDomain: 'CORP.EXAMPLE', dcLocatorHint: 0x40000010 }
    assert.equal(hex(encodeKdcProxyMessage(value)), request)
    assert.equal(hex(encodeKdcProxyMessage({ message: Buffer.from('ab') })), reply)
  })

  it('is read as kdcproxy writes it', () => {
    const read = decodeKdcProxyMessage(Buffer.from(reply, 'hex'))
    assert.deepEqual(
      [hex(read.message), read.targetDomain, read.dcLocatorHint],
      [hex(Buffer.from('ab')), undefined, undefined],
    )
  })

  it('comes back as it was, whatever it holds', () => {
    const any = fc.record({
      message: fc.uint8Array({ minLength: 1, maxLength: 600 }),
      targetDomain: fc.option(fc.stringMatching(/^[A-Z0-9.]{1,40}$/), { nil: undefined }),
      dcLocatorHint: fc.option(fc.nat(0xffffffff), { nil: undefined }),
    })
    fc.assert(
      fc.property(any, (value) => {
        const back = decodeKdcProxyMessage(encodeKdcProxyMessage(value))
        assert.equal(hex(back.message), hex(value.message))
        assert.equal(back.targetDomain, value.targetDomain)
        assert.equal(back.dcLocatorHint, value.dcLocatorHint)
      }),
    )
  })

  for (const [what, from, to] of [
    ['is longer than what follows', '00000002', '00000003'],
    ['is shorter than what follows', '00000002', '00000001'],
    ['is huge', '00000002', 'ffffffff'],
    ['is missing', '300aa0080406000000026162', '3006a00404020102'],
    ['announces nothing', '300aa0080406000000026162', '3008a006040400000000'],
  ] as const) {
    it(`is refused when the length in front of its message ${what}`, () => {
      assert.throws(() => decodeKdcProxyMessage(Buffer.from(reply.replace(from, to), 'hex')), {
        code: 'ERR_KRB_DECODE',
        message: /kerb-message/,
      })
    })
  }
})
