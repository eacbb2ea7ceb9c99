import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  deriveKey,
  derivedCipherKey,
  derivedMacKey,
  deriveUsageKey,
  usageConstant,
} from '../../../../src/kerberos/crypto/derived-keys.ts'

const AES128 = { etype: 17, value: Buffer.from('42263c6e89f4fc28b8df68ee09799f15', 'hex') }
const AES256 = {
  etype: 18,
  value: Buffer.from('fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161', 'hex'),
}

/** MIT krb5, src/lib/crypto/crypto_tests/t_derive.c: Kc, Ke, Ki of usage 2 (RFC 3961's own DR and DK samples are DES). */
const DERIVED = [
  [AES128, 'checksum', '34280a382bc92769b2da2f9ef066854b'],
  [AES128, 'encryption', '5b14fc4e250e14ddf9dccf1af6674f53'],
  [AES128, 'integrity', '4ed31063621684f09ae8d89991af3e8f'],
  [AES256, 'checksum', 'bfab388bdcb238e9f9c98d6a878304f04d30c82556375ac507a7a852790f4674'],
  [AES256, 'encryption', 'c7cfd9cd75fe793a586a542d87e0d1396f1134a104bb1a9190b8c90ada3ddf37'],
  [AES256, 'integrity', '97151b4c76945063e2eb0529dc067d97d7bba90776d8126d91f34f3101aea8ba'],
] as const

describe('usageConstant', () => {
  // RFC 8009 appendix A, "Sample results for key derivation": key usage 2.
  const vectors = { checksum: '0000000299', encryption: '00000002aa', integrity: '0000000255' }

  for (const kind of ['checksum', 'encryption', 'integrity'] as const) {
    it(`builds the ${kind} constant of the RFC`, () => {
      assert.equal(Buffer.from(usageConstant(2, kind)).toString('hex'), vectors[kind])
    })
  }

  it('refuses a usage that does not fit 32 bits', () => {
    assert.throws(() => usageConstant(2 ** 32, 'checksum'), RangeError)
    assert.throws(() => usageConstant(-1, 'checksum'), RangeError)
    assert.throws(() => usageConstant(1.5, 'checksum'), RangeError)
  })
})

describe('key derivation', () => {
  for (const [key, kind, expected] of DERIVED) {
    it(`derives the ${kind} key of etype ${key.etype}`, () => {
      const derived = deriveKey(key, usageConstant(2, kind))
      assert.equal(Buffer.from(derived).toString('hex'), expected)
      assert.equal(Buffer.from(deriveUsageKey(key, 2, kind)).toString('hex'), expected)
    })
  }

  it('remembers per key object, kind and usage', () => {
    const key = { ...AES128 }
    const cipherKey = derivedCipherKey(key, 7)
    assert.equal(derivedCipherKey(key, 7), cipherKey)
    assert.notEqual(derivedCipherKey(key, 8), cipherKey)
    assert.notEqual(derivedCipherKey({ ...AES128 }, 7), cipherKey)
    const macKey = derivedMacKey(key, 7, 'integrity')
    assert.equal(derivedMacKey(key, 7, 'integrity'), macKey)
    assert.notEqual(derivedMacKey(key, 7, 'checksum'), macKey)
    assert.notEqual(derivedMacKey(key, 8, 'integrity'), macKey)
  })

  it('stays right when more usages are asked for than are remembered', () => {
    const key = { ...AES256 }
    for (let usage = 0; usage < 200; usage++) derivedMacKey(key, usage, 'checksum')
    const again = derivedCipherKey(key, 2)
    assert.equal(
      again.export().toString('hex'),
      'c7cfd9cd75fe793a586a542d87e0d1396f1134a104bb1a9190b8c90ada3ddf37',
    )
  })

  it('refuses a key whose length does not fit its type', () => {
    assert.throws(() => deriveKey({ etype: 18, value: AES128.value }, new Uint8Array(5)), {
      code: 'ERR_KRB_ETYPE',
      message: /32 octets, this one has 16/,
    })
  })
})
