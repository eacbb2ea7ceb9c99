import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkSearchAnswer } from '../../../src/directory/ldap-answer.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

// Written by hand after RFC 4511 section 4.5.2.
const MESSAGES = {
  'an entry': hex('30 1b 020102 6416 0404 646e3d78 300e 300c 0402 636e 3106 0401 61 0401 62'),
  'an entry without attributes': hex('30 0b 020102 6406 0402 646e 3000'),
  'an entry in Active Directory’s spelling': hex(
    '30 84 00000013 020102 64 84 0000000a 0402 646e 30 84 00000000',
  ),
  'a result': hex('30 0c 020102 6507 0a0100 0400 0400'),
  'a result with a referral and controls': hex(
    '30 17 020102 650e 0a010a 0400 0400 a305 0403 6c643a a002 3000',
  ),
  'a reference': hex('30 0a 020102 7305 0403 6c643a'),
}

describe('answers to a search', () => {
  for (const [what, message] of Object.entries(MESSAGES)) {
    it(`may be ${what}, but no part of it`, () => {
      assert.ok(checkSearchAnswer(message))
      for (let end = 0; end < message.length; end += 1) {
        assert.throws(() => checkSearchAnswer(message.subarray(0, end)), {
          code: 'ERR_DIRECTORY_REPLY',
        })
      }
    })
  }

  const wrong = {
    'an entry whose attributes are missing': '30 0c 020102 6407 0405 6162636465',
    'an attribute without values': '30 0f 020102 640a 0402 646e 3004 3002 0400',
    'a value that is no string': '30 14 020102 640f 0402 646e 3009 3007 0400 3103 020100',
    'something after an entry': '30 0d 020102 6408 0402 646e 3000 0400',
    'something after a result': '30 0e 020102 6509 0a0100 0400 0400 0400',
    'a bind response': '30 0c 020102 6107 0a0100 0400 0400',
    'no operation': '30 03 020102',
    'two messages at once': '30 05 020102 7300 30 05 020102 7300',
    'an endless id': '30 0e 02050000000002 6507 0a0100 0400 0400',
  }
  for (const [what, message] of Object.entries(wrong)) {
    it(`may not be ${what}`, () => {
      assert.throws(() => checkSearchAnswer(hex(message)), { code: 'ERR_DIRECTORY_REPLY' })
    })
  }

  it('may be a goodbye', () => {
    assert.equal(checkSearchAnswer(hex('30 0c 020100 7807 0a0134 0400 0400')), false)
  })

  it('crash nothing, whichever octet is flipped', () => {
    const message = fc.constantFrom(...Object.values(MESSAGES))
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), (whole, index, octet) => {
        const flipped = Buffer.from(whole)
        flipped[index % whole.length] = octet
        try {
          checkSearchAnswer(flipped)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_DIRECTORY_REPLY')
        }
      }),
    )
  })
})
