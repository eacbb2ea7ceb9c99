import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KdcHealth, type KdcHealthSettings } from '../../../../src/kerberos/io/kdc-health.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

const SETTINGS: KdcHealthSettings = {
  probeAfterMs: 5000,
  probeMaxMs: 300_000,
  slowFactor: 4,
  slowMarginMs: 100,
  maxKdcs: 256,
}
const KDCS = ['a', 'b', 'c', 'd']

/** Things that can happen. */
type Event =
  | { readonly kind: 'answered' | 'overtaken'; readonly key: string; readonly ms: number }
  | { readonly kind: 'failed' | 'released'; readonly key: string }
  | { readonly kind: 'plan' }
  | { readonly kind: 'wait'; readonly ms: number }

const key = fc.constantFrom(...KDCS)
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('answered' as const, 'overtaken' as const),
    key,
    ms: fc.nat(5000),
  }),
  fc.record({ kind: fc.constantFrom('failed' as const, 'released' as const), key }),
  fc.constant({ kind: 'plan' as const }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(400_000) }),
)
const history = fc.array(event, { maxLength: 60 })

const WELL = { state: 'well', probeInMs: 0 }

function fresh(settings: Partial<KdcHealthSettings> = {}) {
  const clock = new ManualClock()
  return { clock, health: new KdcHealth({ ...SETTINGS, ...settings }, clock) }
}

async function live(
  { clock, health }: ReturnType<typeof fresh>,
  events: readonly Event[],
): Promise<void> {
  for (const happened of events) {
    switch (happened.kind) {
      case 'answered':
        health.answered(happened.key, happened.ms, KDCS)
        break
      case 'overtaken':
        health.overtaken(happened.key, happened.ms, KDCS)
        break
      case 'failed':
        health.failed(happened.key)
        break
      case 'released':
        health.released(happened.key)
        break
      case 'plan':
        health.plan(KDCS)
        break
      case 'wait':
        await clock.advance(happened.ms)
    }
  }
}

const statesOf = (health: KdcHealth) =>
  new Map(health.snapshot().map((known) => [known.key, known.state]))

describe('KdcHealth, whatever has happened', () => {
  it('orders all KDCs: well ones first and as they were given, failing ones last', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (events) => {
        const world = fresh()
        await live(world, events)
        const states = statesOf(world.health)
        const { order, probe } = world.health.plan(KDCS)
        assert.deepEqual(order.toSorted(), KDCS)
        const rank = (name: string) =>
          ['well', 'slow', 'failing'].indexOf(states.get(name) ?? 'well')
        const ranks = order.map(rank)
        assert.deepEqual(
          ranks,
          ranks.toSorted((a, b) => a - b),
        )
        const well = order.filter((name) => rank(name) === 0)
        assert.deepEqual(well, well.toSorted())
        if (probe !== undefined) assert.ok(well.length > 0 && rank(probe) > 0)
      }),
    )
  })

  it('lets every KDC return to its place that answers in good time again', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (events) => {
        const { clock, health } = fresh()
        await live({ clock, health }, events)
        // Probes that are under way end somehow.
        for (const name of KDCS) health.released(name)
        await clock.advance(SETTINGS.probeMaxMs)
        for (let round = 0; round < KDCS.length; round++) {
          const { order, probe } = health.plan(KDCS)
          health.answered(probe ?? order[0] ?? '', 1, KDCS)
        }
        assert.deepEqual(health.plan(KDCS), { order: KDCS, probe: undefined })
      }),
    )
  })

  it('forgets the KDCs that were asked for longest ago', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (asked) => {
        const { health } = fresh({ maxKdcs: 8 })
        for (const number of asked) health.failed(`kdc${number}`)
        const left = health.snapshot().map((known) => known.key)
        const latest = [...new Set(asked.toReversed())].slice(0, 8).reverse()
        assert.deepEqual(
          left,
          latest.map((number) => `kdc${number}`),
        )
      }),
    )
  })
})

describe('KdcHealth', () => {
  it('asks a KDC that failed last, and probes it after a while, once', async () => {
    const { clock, health } = fresh()
    assert.deepEqual(health.failed('a'), { state: 'failing', probeInMs: 5000 })
    assert.deepEqual(health.plan(['a', 'b']), { order: ['b', 'a'], probe: undefined })
    await clock.advance(5000)
    assert.deepEqual(health.plan(['a', 'b']), { order: ['b', 'a'], probe: 'a' })
    assert.equal(health.plan(['a', 'b']).probe, undefined)
    assert.deepEqual(health.answered('a', 3, ['a', 'b']), WELL)
    assert.deepEqual(health.plan(['a', 'b']), { order: ['a', 'b'], probe: undefined })
  })

  it('doubles the while each time up to a limit, and counts what fails together once', async () => {
    const { clock, health } = fresh()
    health.answered('b', 3, ['a', 'b'])
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      for (let together = 0; together < 5; together++) health.failed('a')
      const { probeInMs } = health.failed('a')
      waits.push(probeInMs)
      await clock.advance(probeInMs)
      assert.equal(health.plan(['a', 'b']).probe, 'a')
    }
    assert.deepEqual(
      waits.map((ms) => ms / 1000),
      [5, 10, 20, 40, 80, 160, 300, 300, 300],
    )
  })

  it('forgives one setback for each minute of being well', async () => {
    const { clock, health } = fresh()
    const waitAfter = async (wellMs: number) => {
      health.answered('a', 1, ['a'])
      await clock.advance(wellMs)
      return health.failed('a').probeInMs
    }
    assert.equal(await waitAfter(0), 5000)
    assert.equal(await waitAfter(59_999), 10_000)
    assert.equal(await waitAfter(1000), 20_000)
    assert.equal(await waitAfter(120_000), 10_000)
    assert.equal(await waitAfter(3_600_000), 5000)
  })

  it('asks of KDCs that all failed the one with the fewest setbacks first, and probes none', async () => {
    const { clock, health } = fresh()
    health.failed('a')
    await clock.advance(60_000)
    health.failed('a')
    health.failed('b')
    await clock.advance(60_000)
    assert.deepEqual(health.plan(['a', 'b']), { order: ['b', 'a'], probe: undefined })
  })

  it('moves a KDC back that is much slower than another, by its answers', () => {
    const { health } = fresh()
    const both = ['a', 'b']
    for (let i = 0; i < 3; i++) health.answered('b', 10, both)
    assert.deepEqual(health.answered('a', 400, both), WELL)
    assert.deepEqual(health.answered('a', 400, both), WELL)
    assert.equal(health.answered('a', 400, both).state, 'slow')
    assert.deepEqual(health.plan(both).order, ['b', 'a'])
  })

  it('moves a KDC back that others overtake, and believes its first good answer', async () => {
    const { clock, health } = fresh()
    const both = ['a', 'b']
    for (let i = 0; i < 2; i++) health.overtaken('a', 500, both)
    for (let i = 0; i < 3; i++) health.answered('b', 10, both)
    assert.equal(health.overtaken('a', 500, both).state, 'slow')
    assert.deepEqual(health.plan(both), { order: ['b', 'a'], probe: undefined })
    await clock.advance(5000)
    assert.equal(health.plan(both).probe, 'a')
    assert.equal(health.answered('a', 600, both).state, 'slow')
    await clock.advance(10_000)
    assert.equal(health.plan(both).probe, 'a')
    assert.deepEqual(health.answered('a', 139, both), WELL)
    assert.deepEqual(health.plan(both).order, both)
  })

  it('moves a KDC back that no longer answers, however short others take', () => {
    const { health } = fresh()
    const both = ['a', 'b']
    for (let i = 0; i < 50; i++) health.answered('a', 10, both)
    for (let i = 0; i < 4; i++) assert.deepEqual(health.overtaken('a', 100, both), WELL)
    health.answered('a', 10, both)
    for (let i = 0; i < 4; i++) assert.deepEqual(health.overtaken('a', 100, both), WELL)
    assert.equal(health.overtaken('a', 100, both).state, 'slow')
  })

  it('calls nobody slow for one late answer, a small difference, or for want of others', () => {
    const { health } = fresh()
    const both = ['a', 'b']
    for (let i = 0; i < 9; i++) health.answered('b', 10, both)
    for (let i = 0; i < 9; i++) assert.deepEqual(health.answered('a', 130, both), WELL)
    assert.deepEqual(health.answered('a', 200, both), WELL)
    for (let i = 0; i < 9; i++) assert.deepEqual(health.answered('c', 9000, ['c']), WELL)
    // Nor against one that is not well itself.
    health.failed('b')
    for (let i = 0; i < 9; i++) assert.deepEqual(health.answered('a', 9000, both), WELL)
  })

  it('calls nobody slow because of an answer in good time', () => {
    const { health } = fresh()
    const both = ['a', 'b']
    for (let i = 0; i < 3; i++) health.answered('b', 1, both)
    // The first one held the look-up of a name.
    for (const ms of [900, 1, 1, 1, 1]) assert.deepEqual(health.answered('a', ms, both), WELL)
    assert.equal(health.answered('a', 300, both).state, 'slow')
  })

  it('gives percentiles once there are enough answers', () => {
    const { health } = fresh()
    for (let i = 0; i < 19; i++) health.answered('a', 3, ['a'])
    assert.equal(health.latencyMs('a', 0.95), undefined)
    health.answered('a', 3, ['a'])
    const percentile = health.latencyMs('a', 0.95)
    assert.ok(percentile !== undefined && percentile > 2 && percentile <= 4)
    assert.equal(health.latencyMs('unknown', 0.95), undefined)
  })

  it('tells what it knows', async () => {
    const { clock, health } = fresh()
    health.answered('a', 3, ['a'])
    await clock.advance(1000)
    health.failed('a')
    health.overtaken('a', 50, ['a'])
    const [known] = health.snapshot()
    assert.ok(known)
    const { latency, ...rest } = known
    assert.equal(latency.count, 1)
    assert.deepEqual(rest, {
      key: 'a',
      state: 'failing',
      sinceMs: clock.nowMs(),
      answered: 1,
      failed: 1,
      overtaken: 1,
      smoothedLatencyMs: 3 + (50 - 3) / 8,
    })
    health.plan(['b'])
    assert.equal(health.snapshot()[1]?.smoothedLatencyMs, undefined)
  })
})
