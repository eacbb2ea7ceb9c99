import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { padToBlocks } from '../../../../src/kerberos/crypto/ciphertext-stealing.ts'
import {
  cipherOverheadOctets,
  decrypt,
  encrypt,
  generateKey,
  SUPPORTED_ETYPES,
} from '../../../../src/kerberos/crypto/index.ts'
import { Sealer } from '../../../../src/kerberos/crypto/sealer.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'

const USAGE = 11
const CONFOUNDER_OCTETS = 16

interface Message {
  readonly confounder: Uint8Array
  readonly plaintext: Uint8Array
}

function octets(minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength })
}

// Longer ones than the memory that all keys share are among them.
const messages = fc.array(
  fc.record({
    confounder: octets(CONFOUNDER_OCTETS),
    plaintext: fc.oneof(octets(1, 400), octets(4000, 5000)),
  }),
  { minLength: 1, maxLength: 6 },
)

for (const etype of SUPPORTED_ETYPES) {
  describe(`Sealer, etype ${etype}`, () => {
    const key = generateKey(etype, systemRandom)

    /** At a place of a larger array, as a token's. */
    function seal(sealer: Sealer, { confounder, plaintext }: Message): Buffer {
      const length = confounder.length + plaintext.length
      const end = 7 + cipherOverheadOctets(etype) + plaintext.length
      const target = Buffer.alloc(end + 5, 0xee)
      const padded = padToBlocks([confounder, plaintext])
      sealer.seal({ padded, length }, { octets: target, at: 7 })
      assert.deepEqual(target.subarray(0, 7), Buffer.alloc(7, 0xee))
      assert.deepEqual(target.subarray(end), Buffer.alloc(5, 0xee))
      return target.subarray(7, end)
    }

    for (const fips of [false, true]) {
      it(`gives, message after message, what encrypt gives with that confounder${fips ? ', by OpenSSL’s HMAC' : ''}`, () => {
        const sealer = new Sealer(key, USAGE, fips)
        fc.assert(
          fc.property(messages, (all) => {
            for (const message of all) {
              const random = { bytes: () => message.confounder.slice() }
              const sealed = seal(sealer, message)
              assert.deepEqual(sealed, Buffer.from(encrypt(key, USAGE, message.plaintext, random)))
              assert.deepEqual(
                Buffer.from(decrypt(key, USAGE, sealed)),
                Buffer.from(message.plaintext),
              )
            }
          }),
          { numRuns: 50, endOnFailure: true },
        )
      })
    }

    it('keeps messages of two sealers in turns apart', () => {
      const sealers = [new Sealer(key, USAGE), new Sealer(key, USAGE + 1)]
      for (let turn = 0; turn < 6; turn += 1) {
        const plaintext = Buffer.from(`message ${turn}`)
        const sealer = sealers[turn % 2]
        assert.ok(sealer)
        const sealed = seal(sealer, { confounder: systemRandom.bytes(16), plaintext })
        assert.deepEqual(Buffer.from(decrypt(key, USAGE + (turn % 2), sealed)), plaintext)
      }
    })
  })
}

describe('Sealer', () => {
  it('refuses a key of a type that we do not speak', () => {
    assert.throws(() => new Sealer({ etype: 23, value: new Uint8Array(16) }, USAGE), {
      code: 'ERR_KRB_ETYPE',
    })
  })
})
