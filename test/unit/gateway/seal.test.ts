import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createSessionCookie, parseSessionCookie } from '../../../src/gateway/session-cookie.ts'
import { seal, unseal } from '../../../src/gateway/seal.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'

const by = { key: systemRandom.bytes(32), label: 'a box' }

describe('seal', () => {
  it('is undone by unseal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (plaintext) => {
        assert.deepEqual(unseal(seal(plaintext, by, systemRandom), by), Buffer.from(plaintext))
      }),
    )
  })

  it('opens under no other key or label', () => {
    const box = seal(Buffer.from('secret'), by, systemRandom)
    assert.equal(unseal(box, { ...by, key: systemRandom.bytes(32) }), undefined)
    assert.equal(unseal(box, { ...by, label: 'another box' }), undefined)
  })

  it('opens neither a prefix nor a box with a flipped bit', () => {
    const box = seal(Buffer.from('secret'), by, systemRandom)
    for (let at = 0; at < box.length; at++) {
      assert.equal(unseal(box.subarray(0, at), by), undefined)
      const flipped = Buffer.from(box)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      assert.equal(unseal(flipped, by), undefined)
    }
  })

  it('never uses a nonce twice', () => {
    const nonces = new Set<string>()
    for (let at = 0; at < 200; at++) {
      nonces.add(Buffer.from(seal(Buffer.of(), by, systemRandom).subarray(0, 12)).toString('hex'))
    }
    assert.equal(nonces.size, 200)
  })
})

describe('parseSessionCookie', () => {
  it('gives back id hash and key of a cookie that was made', () => {
    const made = createSessionCookie(systemRandom)
    assert.match(made.idHash, /^[0-9a-f]{64}$/)
    assert.deepEqual(parseSessionCookie(made.value), { idHash: made.idHash, key: made.key })
    assert.doesNotMatch(made.value, new RegExp(made.idHash.slice(0, 8)))
  })

  it('refuses every prefix and anything that is not base64url', () => {
    const { value } = createSessionCookie(systemRandom)
    for (let at = 0; at < value.length; at++) {
      assert.equal(parseSessionCookie(value.slice(0, at)), undefined)
    }
    assert.equal(parseSessionCookie(`${value}A`), undefined)
    assert.equal(parseSessionCookie(`${value.slice(1)}=`), undefined)
    assert.equal(parseSessionCookie(`${value.slice(1)}+`), undefined)
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseSessionCookie(text)
      }),
    )
  })
})
