import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UserIndex } from '../../../src/sso/user-index.ts'

describe('UserIndex', () => {
  it('keeps things by user, and nothing of a user whose last thing has gone', () => {
    const index = new UserIndex<string>()
    index.add('alice', 'a')
    index.add('alice', 'b')
    index.add('alice', 'a')
    index.add('bob', 'c')
    assert.deepEqual(
      [index.of('alice'), index.all()],
      [
        ['a', 'b'],
        ['a', 'b', 'c'],
      ],
    )
    index.delete('alice', 'a')
    index.delete('alice', 'b')
    index.delete('alice', 'b')
    assert.deepEqual([index.has('alice'), index.of('alice'), index.has('bob')], [false, [], true])
  })
})
