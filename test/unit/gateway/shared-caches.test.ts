import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { forSharedCaches } from '../../../src/gateway/shared-caches.ts'

describe('forSharedCaches', () => {
  // RFC 9111 section 3.5: what lets a shared cache keep the answer to a request with Authorization.
  for (const value of [
    ...['public, max-age=60', 's-maxage=60', 'max-age=0, must-revalidate', 'private', 'no-store'],
    ...['PUBLIC', 'private="set-cookie", public', 'max-age=5,\tPublic'],
  ]) {
    it(`leaves '${value}' to the backend`, () => {
      assert.deepEqual(forSharedCaches(['X-A', '1', 'cache-control', value]), [])
    })
  }

  for (const value of [
    'max-age=60',
    'no-cache',
    'x-public',
    'private="set-cookie"',
    'a="public"',
  ]) {
    it(`adds private to '${value}'`, () => {
      assert.deepEqual(forSharedCaches(['Cache-Control', value]), ['Cache-Control', 'private'])
    })
  }

  it('adds private where nothing is said, and looks at every field', () => {
    assert.deepEqual(forSharedCaches(['X-A', 'public']), ['Cache-Control', 'private'])
    const two = ['Cache-Control', 'max-age=60', 'Cache-Control', 'public']
    assert.deepEqual(forSharedCaches(two), [])
  })
})
