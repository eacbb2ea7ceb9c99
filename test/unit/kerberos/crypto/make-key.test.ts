import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKey, MAX_ITERATIONS, stringToKey } from '../../../../src/kerberos/crypto/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'

interface Vector {
  readonly iterations: number
  readonly password: string
  readonly salt: string
  readonly aes128: string
  readonly aes256: string
}

/** RFC 3962 appendix B, all of it. */
const VECTORS: readonly Vector[] = [
  {
    iterations: 1,
    password: 'password',
    salt: 'ATHENA.MIT.EDUraeburn',
    aes128: '42263c6e89f4fc28b8df68ee09799f15',
    aes256: 'fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161',
  },
  {
    iterations: 2,
    password: 'password',
    salt: 'ATHENA.MIT.EDUraeburn',
    aes128: 'c651bf29e2300ac27fa469d693bdda13',
    aes256: 'a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff',
  },
  {
    iterations: 1200,
    password: 'password',
    salt: 'ATHENA.MIT.EDUraeburn',
    aes128: '4c01cd46d632d01e6dbe230a01ed642a',
    aes256: '55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a',
  },
  {
    iterations: 5,
    password: 'password',
    // 0x1234567878563412, all below 0x80 and therefore themselves in UTF-8.
    salt: '\x12\x34\x56\x78\x78\x56\x34\x12',
    aes128: 'e9b23d52273747dd5c35cb55be619d8e',
    aes256: '97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31',
  },
  {
    iterations: 1200,
    password: 'X'.repeat(64),
    salt: 'pass phrase equals block size',
    aes128: '59d1bb789a828b1aa54ef9c2883f69ed',
    aes256: '89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34',
  },
  {
    iterations: 1200,
    password: 'X'.repeat(65),
    salt: 'pass phrase exceeds block size',
    aes128: 'cb8005dc5f90179a7f02104c0018751d',
    aes256: 'd78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b',
  },
  {
    iterations: 50,
    password: '\u{1d11e}',
    salt: 'EXAMPLE.COMpianist',
    aes128: 'f149c1f2e154a73452d43e7fe62a56e5',
    aes256: '4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e',
  },
]

describe('stringToKey', () => {
  for (const [at, { iterations, password, salt, aes128, aes256 }] of VECTORS.entries()) {
    it(`makes the keys of sample ${at + 1} of RFC 3962`, () => {
      const short = stringToKey(17, password, salt, iterations)
      assert.equal(Buffer.from(short.value).toString('hex'), aes128)
      const long = stringToKey(18, password, salt, iterations)
      assert.equal(Buffer.from(long.value).toString('hex'), aes256)
    })
  }

  it('takes as many iterations as the type wants where none are named', () => {
    assert.deepEqual(stringToKey(17, 'a', 'b'), stringToKey(17, 'a', 'b', 4096))
    assert.deepEqual(stringToKey(19, 'a', 'b'), stringToKey(19, 'a', 'b', 32_768))
    assert.deepEqual(stringToKey(20, 'a', 'b'), stringToKey(20, 'a', 'b', 32_768))
  })

  it('refuses a count that would hold up the process', () => {
    const refused = { code: 'ERR_KRB_ETYPE' }
    assert.throws(() => stringToKey(17, 'a', 'b', MAX_ITERATIONS + 1), refused)
    assert.throws(() => stringToKey(17, 'a', 'b', 0), refused)
  })
})

describe('generateKey', () => {
  it('draws as many octets as the type wants', () => {
    assert.equal(generateKey(18, systemRandom).value.length, 32)
    assert.equal(generateKey(17, systemRandom).value.length, 16)
    assert.equal(generateKey(20, systemRandom).value.length, 32)
    assert.equal(generateKey(19, systemRandom).value.length, 16)
  })
})
