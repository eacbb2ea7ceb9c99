import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withDefaults } from '../../../src/platform/index.ts'

describe('withDefaults', () => {
  const defaults = { limit: 8, waitMs: 100 }

  it('takes an explicit undefined for left out', () => {
    assert.deepEqual(withDefaults(defaults, { limit: undefined, waitMs: 0 }), {
      limit: 8,
      waitMs: 0,
    })
  })

  it('passes on what has no default', () => {
    const options = withDefaults(defaults, { limit: 9, name: 'x' })
    assert.deepEqual(options, { limit: 9, waitMs: 100, name: 'x' })
  })

  it('leaves the defaults as they are', () => {
    withDefaults(defaults, { limit: 9 })
    assert.equal(defaults.limit, 8)
  })
})
