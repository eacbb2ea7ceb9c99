import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decryptCts, encryptCts } from '../../../../src/kerberos/crypto/ciphertext-stealing.ts'

/** RFC 3962 appendix B, "test vectors for CBC with ciphertext stealing": key "chicken teriyaki", zero vector. */
const KEY = createSecretKey(Buffer.from('chicken teriyaki'))
const INPUT =
  '4920776f756c64206c696b65207468652047656e6572616c20476175277320436869636b656e2c20706c656173652c20616e6420776f6e746f6e20736f75702e'
/** Octets of the input, and the output. */
const VECTORS: readonly (readonly [number, string])[] = [
  [17, 'c6353568f2bf8cb4d8a580362da7ff7f97'],
  [31, 'fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5'],
  [32, '39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584'],
  [
    47,
    '97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5',
  ],
  [
    48,
    '97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8',
  ],
  [
    64,
    '97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8',
  ],
]

describe('ciphertext stealing', () => {
  for (const [octets, output] of VECTORS) {
    const plaintext = Buffer.from(INPUT, 'hex').subarray(0, octets)

    it(`encrypts ${octets} octets as in RFC 3962`, () => {
      assert.equal(encryptCts('aes-128-cbc', KEY, plaintext).toString('hex'), output)
    })

    it(`decrypts ${octets} octets as in RFC 3962`, () => {
      const decrypted = decryptCts('aes-128-cbc', KEY, Buffer.from(output, 'hex'))
      assert.deepEqual(Buffer.from(decrypted), plaintext)
    })
  }

  it('decrypts what it encrypted, at every length', () => {
    const key = createSecretKey(Buffer.alloc(32, 7))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 100 }), (plaintext) => {
        const cipher = encryptCts('aes-256-cbc', key, plaintext)
        assert.equal(cipher.length, plaintext.length)
        assert.deepEqual(Uint8Array.from(decryptCts('aes-256-cbc', key, cipher)), plaintext)
      }),
    )
  })

  it('refuses less than a block', () => {
    assert.throws(() => encryptCts('aes-128-cbc', KEY, new Uint8Array(15)), RangeError)
    assert.throws(() => decryptCts('aes-128-cbc', KEY, new Uint8Array(15)), RangeError)
  })
})
