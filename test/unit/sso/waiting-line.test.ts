import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { WaitingLine, type Place } from '../../../src/sso/waiting-line.ts'

describe('WaitingLine', () => {
  it('serves in order whoever has not left', () => {
    // Even: somebody joins. Odd: the one at that place leaves.
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (steps) => {
        const line = new WaitingLine<number>()
        const places: Place<number>[] = []
        for (const [at, step] of steps.entries()) {
          if (step % 2 === 0) places.push(line.join(at))
          else for (const place of places.splice(step % (places.length + 1), 1)) line.leave(place)
          assert.equal(line.size, places.length)
          assert.equal(line.first, places[0]?.who)
        }
        for (const place of places) {
          assert.equal(line.first, place.who)
          line.leave(place)
        }
        assert.deepEqual([line.size, line.first], [0, undefined])
      }),
    )
  })
})
