import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nFold } from '../../../../src/kerberos/crypto/n-fold.ts'

/** RFC 3961 appendix A.1, all of it: bits, input, result. */
const VECTORS: readonly (readonly [number, string, string])[] = [
  [64, '012345', 'be072631276b1955'],
  [56, 'password', '78a07b6caf85fa'],
  [64, 'Rough Consensus, and Running Code', 'bb6ed30870b7f0e0'],
  [168, 'password', '59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e'],
  [
    192,
    'MASSACHVSETTS INSTITVTE OF TECHNOLOGY',
    'db3b0d8f0b061e603282b308a50841229ad798fab9540c1b',
  ],
  [168, 'Q', '518a54a215a8452a518a54a215a8452a518a54a215'],
  [168, 'ba', 'fb25d531ae8974499f52fd92ea9857c4ba24cf297e'],
  [64, 'kerberos', '6b65726265726f73'],
  [128, 'kerberos', '6b65726265726f737b9b5b2b93132b93'],
  [168, 'kerberos', '8372c236344e5f1550cd0747e15d62ca7a5a3bcea4'],
  [256, 'kerberos', '6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4'],
]

describe('nFold', () => {
  for (const [bits, input, folded] of VECTORS) {
    it(`computes ${bits}-fold("${input}") of the RFC`, () => {
      assert.equal(Buffer.from(nFold(Buffer.from(input), bits / 8)).toString('hex'), folded)
    })
  }

  it('leaves octets of the wanted length as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (octets) => {
        assert.deepEqual(nFold(octets, octets.length), octets)
      }),
    )
  })

  it('refuses empty input and an empty result', () => {
    assert.throws(() => nFold(new Uint8Array(0), 8), RangeError)
    assert.throws(() => nFold(new Uint8Array(1), 0), RangeError)
    assert.throws(() => nFold(new Uint8Array(1), 1.5), RangeError)
  })
})
