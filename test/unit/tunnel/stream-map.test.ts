import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { StreamMap } from '../../../src/tunnel/stream-map.ts'

describe('StreamMap', () => {
  it('holds what a Map would hold, after any sequence of adding and deleting', () => {
    // Ids that meet in few slots, at both ends of the range.
    const id = fc
      .oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 65, 128, 129, 192))
      .chain((low) => fc.constantFrom(low, 0xffffffff - low))
    const steps = fc.array(fc.tuple(fc.boolean(), id), { maxLength: 300 })
    fc.assert(
      fc.property(steps, (sequence) => {
        const map = new Map<number, { id: number }>()
        const streams = new StreamMap<{ id: number }>()
        for (const [adds, key] of sequence) {
          if (!adds) {
            map.delete(key)
            streams.delete(key)
          } else if (!map.has(key)) {
            map.set(key, { id: key })
            streams.add({ id: key })
          }
          assert.equal(streams.size, map.size)
          assert.equal(streams.get(key)?.id, map.get(key)?.id)
        }
        assert.deepEqual(new Set(streams.list().map((one) => one.id)), new Set(map.keys()))
        for (const key of map.keys()) assert.equal(streams.get(key)?.id, key)
      }),
    )
  })

  it('grows, and finds all', () => {
    const streams = new StreamMap<{ id: number }>()
    for (let key = 1; key <= 5000; key++) streams.add({ id: key })
    for (let key = 1; key <= 5000; key += 2) streams.delete(key)
    assert.equal(streams.size, 2500)
    for (let key = 1; key <= 5000; key++)
      assert.equal(streams.get(key)?.id, key % 2 === 0 ? key : undefined)
  })
})
