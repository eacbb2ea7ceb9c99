import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { allowOwnMd5, hasMd5, md5 } from '../../../../src/kerberos/crypto/index.ts'
import { ownHmacMd5, ownMd5 } from '../../../../src/kerberos/crypto/md5.ts'

/** RFC 1321 appendix A.5, all of it. */
const VECTORS = [
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['a', '0cc175b9c0f1b6a831c399e269772661'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
  [
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
    'd174ab98d277d9f5a5611c2c9f419d9f',
  ],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    '57edf4a22be3c955ac49da2e2107b67a',
  ],
] as const

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

describe('our own MD5', () => {
  for (const [text, digest] of VECTORS) {
    it(`digests "${text}" as the RFC does`, () => {
      assert.equal(hex(ownMd5(Buffer.from(text))), digest)
    })
  }

  it('agrees with OpenSSL’s on anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        assert.equal(hex(ownMd5(data)), createHash('md5').update(data).digest('hex'))
      }),
    )
  })

  it('stands back where OpenSSL has it', () => {
    allowOwnMd5(true)
    try {
      assert.equal(hasMd5(), true)
      const [one, two] = [Buffer.from('one'), Buffer.from('two')]
      assert.equal(hex(md5(one, two)), createHash('md5').update('onetwo').digest('hex'))
    } finally {
      allowOwnMd5(false)
    }
  })

  it('makes the HMAC of RFC 2104 for keys of any length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 130 }),
        fc.uint8Array({ maxLength: 80 }),
        (key, data) => {
          assert.equal(
            hex(ownHmacMd5(key, data)),
            createHmac('md5', key).update(data).digest('hex'),
          )
        },
      ),
    )
  })
})
