import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pseudoRandom } from '../../../../src/kerberos/crypto/index.ts'

/** MIT krb5, src/lib/crypto/crypto_tests/t_prf.c: etype, key, input, result. Types 19 and 20: rfc8009.test.ts. */
const VECTORS = [
  [17, 'ae272e7cdec86ac5138cdb196d8e297d', '0161', '77b39a37a868920f2a51f9dd150c5717'],
  [17, '67ab1cfef35e4c27ffdeac60385a3e9c', '0162', 'e06c0dd31ff02091994f2ef5178bfe3d'],
  [
    18,
    'c01f157211f7b77eaaf457c3e156690127ee127d810ba6392e97baa243eb0616',
    '0161',
    'b2628c788e2e9c4a9bb4644678c29f2f',
  ],
  [
    18,
    'c01f157211f7b77eaaf457c3e156690127ee127d810ba6392e97baa243eb0616',
    '0261',
    'b406373350cee8a6126f4a9b65a0cd21',
  ],
  [
    18,
    '9d520d2d980aa7cb6b693682b62da258b333867951642ce647ae62b1e5e0b5e9',
    '0162',
    'ff0e289ea756c0559a0e911856961a49',
  ],
  [
    18,
    '9d520d2d980aa7cb6b693682b62da258b333867951642ce647ae62b1e5e0b5e9',
    '0262',
    '0d674dd0f9a6806525a4d92e828bd15a',
  ],
] as const

describe('pseudoRandom', () => {
  for (const [etype, key, input, expected] of VECTORS) {
    it(`gives MIT's octets for ${input} under ${key.slice(0, 8)}`, () => {
      const made = pseudoRandom(
        { etype, value: Buffer.from(key, 'hex') },
        Buffer.from(input, 'hex'),
      )
      assert.equal(Buffer.from(made).toString('hex'), expected)
    })
  }

  it('refuses a key it cannot use', () => {
    const rc4 = { etype: 23, value: new Uint8Array(16) }
    assert.throws(() => pseudoRandom(rc4, new Uint8Array(1)), { code: 'ERR_KRB_ETYPE' })
  })
})
