import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  OVERTAKEN,
  raceKdcs,
  TimedOut,
  type Racer,
  type RacerCause,
} from '../../../../src/kerberos/io/kdc-race.ts'
import { ManualClock, settled } from '../../../support/manual-clock.ts'

/** A racer that answers or fails when it is told to, and notes what happens to it. */
class Fake implements Racer {
  readonly hedgeAfterMs: number
  readonly probe: boolean
  cause: RacerCause | undefined
  /** Why it was called off. */
  calledOff: unknown
  readonly #answer = Promise.withResolvers<Uint8Array | undefined>()

  constructor({ hedgeAfterMs = 100, probe = false } = {}) {
    this.hedgeAfterMs = hedgeAfterMs
    this.probe = probe
  }

  ask(signal: AbortSignal, cause: RacerCause): Promise<Uint8Array | undefined> {
    this.cause = cause
    signal.addEventListener('abort', () => {
      this.calledOff = signal.reason
      this.#answer.resolve(undefined)
    })
    return this.#answer.promise
  }

  async answer(octet: number): Promise<void> {
    this.#answer.resolve(Uint8Array.of(octet))
    await settled()
  }
  async fail(): Promise<void> {
    this.#answer.resolve(undefined)
    await settled()
  }
}

function start(racers: readonly Racer[], { maxInFlight = 2 } = {}) {
  const clock = new ManualClock()
  const caller = new AbortController()
  const result = raceKdcs(racers, { clock, maxInFlight, timeoutMs: 1000 }, caller.signal)
  return { clock, caller, result }
}

const isTimedOut = ({ calledOff }: Fake): boolean => calledOff instanceof TimedOut
const octet = async (result: Promise<Uint8Array | undefined>) => (await result)?.[0]

describe('raceKdcs', () => {
  it('asks the first alone while it may yet answer in time', async () => {
    const [a, b] = [new Fake(), new Fake()]
    const { clock, result } = start([a, b])
    await clock.advance(99)
    assert.deepEqual([a.cause, b.cause], ['turn', undefined])
    await a.answer(1)
    assert.equal(await octet(result), 1)
    await clock.advance(10_000)
    assert.equal(b.cause, undefined)
    assert.equal(clock.pending, 0)
  })

  it('asks the next as well when the first takes long, and calls off whoever loses', async () => {
    for (const winner of [0, 1]) {
      const racers = [new Fake(), new Fake()]
      const { clock, result } = start(racers)
      await clock.advance(100)
      assert.equal(racers[1]?.cause, 'hedge')
      await racers[winner]?.answer(winner)
      assert.equal(await octet(result), winner)
      assert.equal(racers[1 - winner]?.calledOff, OVERTAKEN)
      assert.equal(racers[winner]?.calledOff, undefined)
      assert.equal(clock.pending, 0)
    }
  })

  it('asks the next at once when one fails', async () => {
    const [a, b, c] = [new Fake(), new Fake(), new Fake()]
    const { result } = start([a, b, c])
    await a.fail()
    assert.equal(b.cause, 'turn')
    await b.fail()
    await c.answer(3)
    assert.equal(await octet(result), 3)
  })

  it('asks no more at once than it may, and the next when one of them is out of time', async () => {
    const [a, b, c] = [new Fake(), new Fake(), new Fake()]
    const { clock, result } = start([a, b, c])
    await clock.advance(999)
    assert.deepEqual([b.cause, c.cause], ['hedge', undefined])
    await clock.advance(1)
    assert.ok(isTimedOut(a))
    assert.equal(c.cause, 'turn')
    await c.answer(3)
    assert.equal(await octet(result), 3)
  })

  it('hedges never where one may be asked at once', async () => {
    const [a, b] = [new Fake(), new Fake()]
    const { clock, result } = start([a, b], { maxInFlight: 1 })
    await clock.advance(999)
    assert.equal(b.cause, undefined)
    await clock.advance(1)
    await b.answer(2)
    assert.equal(await octet(result), 2)
  })

  it('gives nothing when all fail, or nobody is there', async () => {
    const [a, b] = [new Fake(), new Fake()]
    const { result } = start([a, b])
    await a.fail()
    await b.fail()
    assert.equal(await result, undefined)
    assert.equal(await start([]).result, undefined)
  })

  it('asks a probe beside the first, and lets it run on', async () => {
    const [a, probe, c] = [new Fake(), new Fake({ probe: true }), new Fake()]
    const { clock, result } = start([a, probe, c])
    assert.equal(probe.cause, 'turn')
    await a.answer(1)
    assert.equal(await octet(result), 1)
    assert.equal(probe.calledOff, undefined)
    await clock.advance(1000)
    assert.ok(isTimedOut(probe))
    assert.equal(c.cause, undefined)
  })

  it('takes the answer of a probe that is first, and needs no other when it fails', async () => {
    const [a, probe] = [new Fake(), new Fake({ probe: true })]
    const { result } = start([a, probe])
    await probe.answer(2)
    assert.equal(await octet(result), 2)
    assert.equal(a.calledOff, OVERTAKEN)

    const [b, failing, d] = [new Fake(), new Fake({ probe: true }), new Fake()]
    const second = start([b, failing, d])
    await failing.fail()
    assert.equal(d.cause, undefined)
    await second.clock.advance(100)
    assert.equal(d.cause, 'hedge')
    await b.answer(1)
    assert.equal(await octet(second.result), 1)
  })

  it('hedges as soon as a probe makes room', async () => {
    const [a, probe, c] = [new Fake(), new Fake({ probe: true }), new Fake()]
    const { clock, result } = start([a, probe, c])
    await clock.advance(100)
    assert.equal(c.cause, undefined)
    await probe.fail()
    assert.equal(c.cause, 'turn')
    await c.answer(3)
    assert.equal(await octet(result), 3)
  })

  it('ends with its caller', async () => {
    const a = new Fake()
    const { clock, caller, result } = start([a, new Fake()])
    caller.abort('enough')
    assert.equal(await result, undefined)
    assert.equal(a.calledOff, 'enough')
    await settled()
    assert.equal(clock.pending, 0)
    const b = new Fake()
    const options = { clock, maxInFlight: 2, timeoutMs: 1000 }
    assert.equal(await raceKdcs([b], options, AbortSignal.abort()), undefined)
    assert.equal(b.cause, undefined)
  })

  it('rejects with what a racer must not throw', async () => {
    const wrong: Racer = {
      hedgeAfterMs: 1,
      probe: false,
      ask: () => Promise.reject(new TypeError('a fault of ours')),
    }
    await assert.rejects(start([wrong]).result, TypeError)
  })

  it('always ends in time, with the answer of somebody who gave one, and never asks too many', async () => {
    const plan = fc.record({
      afterMs: fc.nat(1500),
      answers: fc.boolean(),
      hedgeAfterMs: fc.integer({ min: 1, max: 1200 }),
    })
    const race = fc.record({
      plans: fc.array(plan, { maxLength: 6 }),
      maxInFlight: fc.integer({ min: 1, max: 4 }),
      probeAt: fc.option(fc.constant(1), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(race, async ({ plans, maxInFlight, probeAt }) => {
        const clock = new ManualClock()
        const state = { inFlight: 0, most: 0, answered: new Set<number>() }
        const racers = plans.map(({ afterMs, answers, hedgeAfterMs }, index): Racer => ({
          hedgeAfterMs,
          probe: index === probeAt && maxInFlight > 1,
          ask: (signal) => {
            state.inFlight += 1
            state.most = Math.max(state.most, state.inFlight)
            return new Promise((resolve) => {
              const end = (reply: Uint8Array | undefined) => {
                if (reply !== undefined) state.answered.add(index)
                state.inFlight -= 1
                timer.cancel()
                signal.removeEventListener('abort', off)
                resolve(reply)
              }
              const off = () => {
                end(undefined)
              }
              const timer = clock.setTimer(afterMs, () => {
                end(answers ? Uint8Array.of(index) : undefined)
              })
              signal.addEventListener('abort', off)
            })
          },
        }))
        const options = { clock, maxInFlight, timeoutMs: 1000 }
        const result = raceKdcs(racers, options, new AbortController().signal)
        await clock.advance(1000 * (plans.length + 1))
        const reply = await result
        const anyGood = plans.some(({ afterMs, answers }) => answers && afterMs < 1000)
        assert.equal(reply !== undefined, anyGood)
        if (reply !== undefined) assert.ok(state.answered.has(reply[0] ?? -1))
        assert.ok(state.most <= maxInFlight)
        assert.equal(clock.pending, 0)
        assert.equal(state.inFlight, 0)
      }),
      { numRuns: 200 },
    )
  })
})
