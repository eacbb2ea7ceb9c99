import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'

describe('systemRandom', () => {
  it('gives as many octets as asked, across the edge of its pool', () => {
    for (const octets of [0, 1, 16, 2047, 2048, 2049, 5000]) {
      assert.equal(systemRandom.bytes(octets).length, octets)
    }
  })

  it('never gives the same octets twice', () => {
    const drawn = new Set<string>()
    for (let i = 0; i < 5000; i++) drawn.add(Buffer.from(systemRandom.bytes(16)).toString('hex'))
    assert.equal(drawn.size, 5000)
  })

  it('gives octets of their own, not views of a pool', () => {
    const first = systemRandom.bytes(16)
    const copy = Uint8Array.from(first)
    systemRandom.bytes(16).fill(0)
    assert.deepEqual(first, copy)
    assert.equal(first.buffer.byteLength, 16)
  })
})

describe('systemClock', () => {
  it('fires a timer once, and not when cancelled', async () => {
    let fired = 0
    systemClock.setTimer(1, () => fired++)
    systemClock.setTimer(1, () => (fired += 100)).cancel()
    while (fired === 0) await sleep(5)
    await sleep(20)
    assert.equal(fired, 1)
  })

  it('reads wall time and monotonic time', () => {
    assert.ok(Math.abs(systemClock.nowMs() - Date.now()) < 1000)
    assert.ok(systemClock.monotonicMs() <= systemClock.monotonicMs())
  })
})
