import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProofCache } from '../../../src/connector/proofs.ts'

describe('ProofCache', () => {
  const limits = { proofs: 2, proofOctets: 1000 }

  it('keeps as many as it may, and the used ones longest', () => {
    const cache = new ProofCache(limits)
    cache.add({ id: 'a', idToken: '1' })
    cache.add({ id: 'b', idToken: '2' })
    cache.get('a')
    cache.add({ id: 'c', idToken: '3' })
    assert.equal(cache.get('b'), undefined)
    assert.equal(cache.get('a')?.idToken, '1')
    assert.equal(cache.size, 2)
  })

  it('keeps no more octets than it may', () => {
    const cache = new ProofCache(limits)
    cache.add({ id: 'a', idToken: 'x'.repeat(600) })
    cache.add({ id: 'b', idToken: 'x'.repeat(600) })
    assert.equal(cache.get('a'), undefined)
    cache.add({ id: 'c', idToken: 'x'.repeat(2000) })
    assert.equal(cache.get('c'), undefined)
  })

  it('drops an id that comes with another token, and the same object stays for the same token', () => {
    const cache = new ProofCache(limits)
    const proof = { id: 'a', idToken: '1' }
    assert.ok(cache.add(proof))
    assert.ok(cache.add({ ...proof }))
    assert.equal(cache.get('a'), proof)
    assert.equal(cache.add({ id: 'a', idToken: '2' }), false)
    assert.equal(cache.get('a'), undefined)
  })

  it('forgets', () => {
    const cache = new ProofCache(limits)
    cache.add({ id: 'a', idToken: '1' })
    cache.forget(['a', 'unknown'])
    assert.equal(cache.size, 0)
  })
})
