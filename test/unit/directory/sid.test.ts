import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeSid, encodeSid } from '../../../src/directory/index.ts'
import { siblingSid } from '../../../src/directory/sid.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('security identifiers', () => {
  // MS-DTYP 2.4.2.4: S-1-5-32-544 is BUILTIN\Administrators; octets by the layout of 2.4.2.2.
  const administrators = hex('01 02 000000000005 20000000 20020000')

  it('reads BUILTIN\\Administrators', () => {
    assert.equal(decodeSid(administrators), 'S-1-5-32-544')
  })

  it('writes an authority of more than 32 bits as hexadecimal', () => {
    assert.equal(decodeSid(hex('01 01 010000000000 07000000')), 'S-1-0x010000000000-7')
    assert.deepEqual(
      Buffer.from(encodeSid('S-1-0x010000000000-7')),
      hex('01 01 010000000000 07000000'),
    )
  })

  it('reads back what it writes', () => {
    const number = fc.integer({ min: 0, max: 0xffffffff })
    const sid = fc
      .tuple(number, fc.array(number, { minLength: 1, maxLength: 15 }))
      .map(([authority, subs]) => `S-1-${authority}-${subs.join('-')}`)
    fc.assert(fc.property(sid, (text) => decodeSid(encodeSid(text)) === text))
  })

  it('refuses every prefix, a tail and another revision', () => {
    for (let end = 0; end < administrators.length; end += 1) {
      assert.throws(() => decodeSid(administrators.subarray(0, end)), {
        code: 'ERR_DIRECTORY_REPLY',
      })
    }
    assert.throws(() => decodeSid(Buffer.concat([administrators, Buffer.alloc(4)])))
    assert.throws(() => decodeSid(hex('02 02 000000000005 20000000 20020000')))
  })

  it('refuses texts that are no SID', () => {
    for (const text of [
      '',
      'S-1-5',
      'S-2-5-32',
      'S-1-5-4294967296',
      'S-1-5-1)(objectSid=*',
      'S-1-9999999999-1',
    ]) {
      assert.throws(() => encodeSid(text), { code: 'ERR_DIRECTORY_REPLY' }, text)
    }
  })

  it('replaces the relative identifier', () => {
    assert.equal(siblingSid('S-1-5-21-1-2-3-1104', 525), 'S-1-5-21-1-2-3-525')
  })
})
