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
import { createSealer, type NewSealer } from '../../../../src/kerberos/crypto/sealer.ts'
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
    function seal({ sealer, pads }: NewSealer, { confounder, plaintext }: Message): Buffer {
      const length = confounder.length + plaintext.length
      const end = 7 + cipherOverheadOctets(etype) + plaintext.length
      const octets = Buffer.alloc(end + 5, 0xee)
      const before = Buffer.alloc(3, 0xdd)
      const behind = Buffer.alloc(16, 0xcc)
      const memory = Buffer.concat([before, pads, padToBlocks([confounder, plaintext]), behind])
      sealer.seal({ memory, at: before.length + pads.length, length }, { octets, at: 7 })
      assert.deepEqual(memory.subarray(0, before.length), before)
      assert.deepEqual(octets.subarray(0, 7), Buffer.alloc(7, 0xee))
      assert.deepEqual(octets.subarray(end), Buffer.alloc(5, 0xee))
      return octets.subarray(7, end)
    }

    for (const fips of [false, true]) {
      it(`gives, message after message, what encrypt gives with that confounder${fips ? ', by OpenSSL’s HMAC' : ''}`, () => {
        const sealer = createSealer(key, USAGE, fips)
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
      const sealers = [createSealer(key, USAGE), createSealer(key, USAGE + 1)]
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
    assert.throws(() => createSealer({ etype: 23, value: new Uint8Array(16) }, USAGE), {
      code: 'ERR_KRB_ETYPE',
    })
  })
})
