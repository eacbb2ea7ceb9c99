import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { backoffDelayMs, resolveBackoff, type Random } from '../../../src/platform/index.ts'

const always = (octet: number): Random => ({
  bytes: (octets) => new Uint8Array(octets).fill(octet),
})

describe('backoffDelayMs', () => {
  const options = resolveBackoff({ firstDelayMs: 100, maxDelayMs: 1000 })

  it('doubles up to the longest wait', () => {
    const waits = [1, 2, 3, 4, 5, 100].map((attempt) =>
      backoffDelayMs(attempt, options, always(255)),
    )
    assert.deepEqual(waits, [100, 200, 400, 800, 1000, 1000])
  })

  it('waits at least half of the ceiling', () => {
    assert.equal(backoffDelayMs(3, options, always(0)), 200)
  })

  it('stays between the two for every draw', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.nat({ max: 255 }), (attempt, octet) => {
        const wait = backoffDelayMs(attempt, options, always(octet))
        return wait >= 50 && wait <= 1000
      }),
    )
  })
})

describe('resolveBackoff', () => {
  it('fills in the defaults', () => {
    assert.deepEqual(resolveBackoff(), { firstDelayMs: 500, maxDelayMs: 30_000 })
  })

  for (const options of [
    { firstDelayMs: 0 },
    { firstDelayMs: 10, maxDelayMs: 5 },
    { firstDelayMs: NaN },
  ]) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => resolveBackoff(options), RangeError)
    })
  }
})
