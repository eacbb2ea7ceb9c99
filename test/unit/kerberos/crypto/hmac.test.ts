import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createMacKey, hmac } from '../../../../src/kerberos/crypto/hmac.ts'

const octets = (maxLength: number) => fc.uint8Array({ maxLength })
const parts = fc.array(fc.oneof(octets(200), octets(6000)), { maxLength: 4 })
const keys = fc.uint8Array({ minLength: 16, maxLength: 64 })

for (const name of ['sha1', 'sha256', 'sha384'] as const) {
  for (const fips of [false, true]) {
    describe(`hmac, ${name}${fips ? ', by OpenSSL' : ''}`, () => {
      it('is what node:crypto gives, of parts of any length', () => {
        fc.assert(
          fc.property(keys, parts, (key, all) => {
            const given = all.map((part) => Uint8Array.from(part))
            const mac = hmac(name, createMacKey(name, key, fips), ...given)
            assert.deepEqual(mac, createHmac(name, key).update(Buffer.concat(all)).digest())
            assert.deepEqual(given, all)
          }),
        )
      })

      it('gives octets that later calls leave alone', () => {
        const key = createMacKey(name, Buffer.alloc(32, 1), fips)
        const first = hmac(name, key, Buffer.from('first'))
        const copy = Buffer.from(first)
        hmac(name, key, Buffer.from('second'))
        assert.deepEqual(first, copy)
      })
    })
  }
}
