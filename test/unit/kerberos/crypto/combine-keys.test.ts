import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { combineKeys, stringToKey } from '../../../../src/kerberos/crypto/index.ts'

/**
 * RFC 6113 appendix A for types 17 and 18; MIT krb5, src/lib/crypto/crypto_tests/t_cf2.in and t_cf2.expected, for all. The
 * keys are made from "key1" and "key2" with the salts "key1" and "key2", the peppers are "a" and "b".
 */
const VECTORS = [
  [17, '97df97e4b798b29eb31ed7280287a92a'],
  [18, '4d6ca4e629785c1f01baf55e2e548566b9617ae3a96868c337cb93b5e72b1c7b'],
  [19, 'edd02a39d2dbde31611c16e610be062c'],
  [20, '67f6ea530aea85a37dcbb23349ea52dcc61ca8493ff557252327fd8304341584'],
] as const

const keyOf = (etype: number, text: string) => stringToKey(etype, text, text)

describe('combineKeys (KRB-FX-CF2)', () => {
  for (const [etype, expected] of VECTORS) {
    it(`gives the published key of etype ${etype}`, () => {
      const first = { key: keyOf(etype, 'key1'), pepper: 'a' }
      const made = combineKeys(first, { key: keyOf(etype, 'key2'), pepper: 'b' })
      assert.equal(made.etype, etype)
      assert.equal(Buffer.from(made.value).toString('hex'), expected)
    })
  }

  it('makes a key of the first one’s type', () => {
    for (const [one, two, octets] of [
      [18, 17, 32],
      [17, 20, 16],
    ] as const) {
      const first = { key: keyOf(one, 'key1'), pepper: 'a' }
      const made = combineKeys(first, { key: keyOf(two, 'key2'), pepper: 'b' })
      assert.deepEqual([made.etype, made.value.length], [one, octets])
    }
  })

  it('refuses a key it cannot use', () => {
    const rc4 = { key: { etype: 23, value: new Uint8Array(16) }, pepper: 'a' }
    const aes = { key: keyOf(17, 'key1'), pepper: 'b' }
    assert.throws(() => combineKeys(rc4, aes), { code: 'ERR_KRB_ETYPE' })
    assert.throws(() => combineKeys(aes, rc4), { code: 'ERR_KRB_ETYPE' })
  })
})
