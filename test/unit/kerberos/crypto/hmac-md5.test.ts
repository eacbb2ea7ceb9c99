import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKey, hmacMd5, verifyChecksum } from '../../../../src/kerberos/crypto/index.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'

describe('hmacMd5', () => {
  // MIT krb5, src/lib/crypto/crypto_tests/t_cksums.c, CKSUMTYPE_HMAC_MD5_ARCFOUR.
  const key = { etype: 23, value: Buffer.from('f7d3a155af5e238a0b7a871a96ba2ab2', 'hex') }
  const data = Buffer.from('seventeen eighteen nineteen twenty')
  const mac = Buffer.from('eb38cc97e2230f59da4117dc5859d7ec', 'hex')

  it("computes MIT's checksum", () => {
    assert.deepEqual(Buffer.from(hmacMd5(key, 6, data)), mac)
  })

  it('verifies as type -138 with an RC4 key alone: an AES key has a checksum of its own', () => {
    assert.equal(verifyChecksum(key, 6, -138, data, mac), true)
    assert.equal(verifyChecksum(key, 7, -138, data, mac), false)
    const aes = generateKey(18, systemRandom)
    assert.equal(verifyChecksum(aes, 17, -138, data, hmacMd5(aes, 17, data)), false)
    assert.equal(verifyChecksum(key, 6, 16, data, mac), false)
    assert.equal(verifyChecksum(aes, 17, 16, data, hmacMd5(aes, 17, data)), false)
  })
})
