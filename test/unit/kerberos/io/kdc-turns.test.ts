import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KdcTurns } from '../../../../src/kerberos/io/kdc-turns.ts'
import { settled } from '../../../support/manual-clock.ts'

const never = new AbortController().signal

/** Work that ends when it is told to. */
function work(turns: KdcTurns, { realm = 'A', signal = never } = {}) {
  const { promise, resolve } = Promise.withResolvers<string>()
  const state = { started: false }
  const result = turns.take(
    realm,
    () => {
      state.started = true
      return promise
    },
    signal,
  )
  return {
    state,
    result,
    end: () => {
      resolve('done')
    },
  }
}

describe('KdcTurns', () => {
  it('runs so many of a realm at once, and the next in the order in which they came', async () => {
    const turns = new KdcTurns({ maxExchanges: 2, maxWaiting: 10 })
    const [a, b, c, d] = [work(turns), work(turns), work(turns), work(turns)]
    const other = work(turns, { realm: 'B' })
    await settled()
    const started = () => [a, b, c, d, other].map(({ state }) => state.started)
    assert.deepEqual(started(), [true, true, false, false, true])
    assert.equal(turns.waiting, 2)
    b.end()
    assert.equal(await b.result, 'done')
    await settled()
    assert.deepEqual(started(), [true, true, true, false, true])
    c.end()
    a.end()
    await settled()
    assert.deepEqual(started(), [true, true, true, true, true])
    assert.equal(turns.waiting, 0)
  })

  it('refuses at once when too many wait', async () => {
    const turns = new KdcTurns({ maxExchanges: 1, maxWaiting: 1 })
    const [a, b, c] = [work(turns), work(turns), work(turns)]
    assert.equal(await c.result, undefined)
    a.end()
    b.end()
    assert.deepEqual([await a.result, await b.result], ['done', 'done'])
  })

  it('hands the turn on when work fails', async () => {
    const turns = new KdcTurns({ maxExchanges: 1, maxWaiting: 1 })
    const failing = turns.take('A', () => Promise.reject(new Error('no')), never)
    const next = work(turns)
    await assert.rejects(failing, /no/)
    next.end()
    assert.equal(await next.result, 'done')
  })

  it('gives every turn back, whoever gives up when', async () => {
    const step = fc.record({ index: fc.nat(11), what: fc.constantFrom('end', 'abort', 'both') })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const turns = new KdcTurns({ maxExchanges: 3, maxWaiting: 100 })
        const all = Array.from({ length: 12 }, () => {
          const controller = new AbortController()
          const one = work(turns, { signal: controller.signal })
          one.result.catch(() => undefined)
          return { ...one, controller }
        })
        for (const { index, what } of steps) {
          if (what !== 'abort') all[index]?.end()
          if (what !== 'end') all[index]?.controller.abort()
          await settled()
          assert.ok(all.filter(({ state }) => state.started).length <= 12)
        }
        for (const { end } of all) end()
        await Promise.allSettled(all.map(({ result }) => result))
        assert.equal(turns.waiting, 0)
        const fresh = Array.from({ length: 4 }, () => work(turns))
        await settled()
        assert.deepEqual(
          fresh.map(({ state }) => state.started),
          [true, true, true, false],
        )
      }),
    )
  })
})
