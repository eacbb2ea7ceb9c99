import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LatencyHistogram } from '../../../../src/kerberos/io/latency-histogram.ts'

const time = fc.double({ min: 0, max: 100_000, noNaN: true })

describe('LatencyHistogram', () => {
  it('counts every time once, in the bucket that it belongs to', () => {
    fc.assert(
      fc.property(fc.array(time, { maxLength: 600 }), (times) => {
        const histogram = new LatencyHistogram()
        for (const ms of times) histogram.add(ms)
        const { boundsMs, counts, count, sumMs } = histogram.snapshot()
        assert.equal(counts.length, boundsMs.length + 1)
        assert.equal(count, times.length)
        assert.ok(Math.abs(sumMs - times.reduce((sum, ms) => sum + ms, 0)) < 1e-3)
        for (const [i, upper] of [...boundsMs, Infinity].entries()) {
          const lower = boundsMs[i - 1] ?? -1
          assert.equal(counts[i], times.filter((ms) => ms > lower && ms <= upper).length)
        }
      }),
    )
  })

  it('has bounds that double', () => {
    const { boundsMs } = new LatencyHistogram().snapshot()
    assert.deepEqual(boundsMs.slice(0, 4), [0.5, 1, 2, 4])
    assert.equal(boundsMs.at(-1), 16_384)
  })

  it('gives a percentile that is off by a bucket at most, and grows with the share', () => {
    const some = fc.array(fc.double({ min: 0.6, max: 16_000, noNaN: true }), {
      minLength: 1,
      maxLength: 250,
    })
    fc.assert(
      fc.property(some, fc.double({ min: 0.01, max: 1, noNaN: true }), (times, share) => {
        const histogram = new LatencyHistogram()
        for (const ms of times) histogram.add(ms)
        const sorted = times.toSorted((a, b) => a - b)
        const exact = sorted[Math.ceil(share * sorted.length - 1e-9) - 1]
        const given = histogram.quantileMs(share)
        assert.ok(exact !== undefined && given !== undefined)
        assert.ok(given <= exact * 2 && given >= exact / 2, `${given} for ${exact}`)
        assert.ok((histogram.quantileMs(1) ?? 0) >= given)
      }),
    )
  })

  it('knows no percentile of nothing, and none above its highest bound', () => {
    const histogram = new LatencyHistogram()
    assert.equal(histogram.quantileMs(0.95), undefined)
    histogram.add(1e9)
    histogram.add(-5)
    assert.equal(histogram.quantileMs(1), 16_384)
    assert.equal(histogram.snapshot().sumMs, 1e9)
  })

  it('lets old times count less and less in percentiles, and fully in the counts', () => {
    const histogram = new LatencyHistogram()
    for (let i = 0; i < 1000; i++) histogram.add(1000)
    for (let i = 0; i < 1500; i++) histogram.add(3)
    assert.ok((histogram.quantileMs(0.95) ?? Infinity) <= 4)
    assert.equal(histogram.snapshot().count, 2500)
  })
})
