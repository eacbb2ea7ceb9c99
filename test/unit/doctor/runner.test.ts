import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DEFAULT_RUN_LIMITS,
  found,
  planChecks,
  runChecks,
  selectChecks,
  type Check,
  type CheckResult,
  type Finding,
} from '../../../src/doctor/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'

const WELL = found('DOCTOR_NOT_APPLICABLE', 'well')
const BROKEN = found('DOCTOR_FAULT', 'broken')

interface Journal {
  readonly made: string[]
}

function check(
  id: string,
  needs: readonly string[] = [],
  run: Check<Journal>['run'] = () => Promise.resolve([WELL]),
): Check<Journal> {
  return {
    id,
    title: `title of ${id}`,
    needs,
    run: (world, signal) => {
      world.made.push(id)
      return run(world, signal)
    },
  }
}

const failing = (id: string, needs: readonly string[] = []) =>
  check(id, needs, () => Promise.resolve([BROKEN]))

const codesOf = (results: readonly CheckResult[]) =>
  results.map(({ id, findings }) => [id, findings[0]?.code])

async function run(checks: readonly Check<Journal>[], limits = DEFAULT_RUN_LIMITS) {
  const journal: Journal = { made: [] }
  const plan = planChecks(checks, journal)
  return { results: await runChecks(plan, limits, { clock: new ManualClock() }), journal }
}

describe('runChecks', () => {
  it('gives the results in the order of the plan, and tells of them in that order', async () => {
    const gate = Promise.withResolvers<readonly Finding[]>()
    const checks = [check('a.slow', [], () => gate.promise), check('a.quick')]
    const told: string[] = []
    const done = runChecks(planChecks(checks, { made: [] }), DEFAULT_RUN_LIMITS, {
      clock: new ManualClock(),
      onResult: ({ id }) => told.push(id),
    })
    await settled()
    assert.deepEqual(told, [])
    gate.resolve([WELL])
    await done
    assert.deepEqual(told, ['a.slow', 'a.quick'])
  })

  it('makes none that builds on a failed one, and says which that was', async () => {
    const { results, journal } = await run([
      failing('a.one'),
      check('a.two', ['a.one']),
      check('a.three', ['a.two']),
      check('b.four'),
    ])
    assert.deepEqual(journal.made, ['a.one', 'b.four'])
    assert.deepEqual(codesOf(results), [
      ['a.one', 'DOCTOR_FAULT'],
      ['a.two', 'DOCTOR_SKIPPED'],
      ['a.three', 'DOCTOR_SKIPPED'],
      ['b.four', 'DOCTOR_NOT_APPLICABLE'],
    ])
    assert.match(results[1]?.findings[0]?.message ?? '', /needs a\.one .*DOCTOR_FAULT/)
  })

  it('takes an area as a need, and one that is nowhere as met', async () => {
    const { journal } = await run([
      failing('a.one'),
      check('b.two', ['a']),
      check('b.three', ['c']),
    ])
    assert.deepEqual(journal.made, ['a.one', 'b.three'])
  })

  it('turns what is thrown into a failed finding with its code and mend', async () => {
    const { results } = await run([
      check('a.one', [], () => Promise.reject(new SallyportError('ERR_X_Y', 'no', { mend: 'do' }))),
      check('a.two', [], () => {
        throw new TypeError('odd')
      }),
    ])
    const [first, second] = results.map(({ findings }) => findings[0])
    assert.deepEqual(first, found('DOCTOR_FAULT', 'ERR_X_Y: no', { mends: [{ text: 'do' }] }))
    assert.equal(second?.message, 'ERR_UNEXPECTED: odd')
  })

  it('ends a check that takes too long, and fires its signal', async () => {
    const clock = new ManualClock()
    let seen: AbortSignal | undefined
    const hanging = check('a.one', [], (_world, signal) => {
      seen = signal
      return new Promise(() => undefined)
    })
    const plan = planChecks([hanging, check('b.two')], { made: [] })
    const done = runChecks(plan, { checkMs: 50, concurrent: 1 }, { clock })
    await settled()
    await clock.advance(49)
    assert.equal(seen?.aborted, false)
    await clock.advance(1)
    assert.deepEqual(codesOf(await done), [
      ['a.one', 'DOCTOR_TIMEOUT'],
      ['b.two', 'DOCTOR_NOT_APPLICABLE'],
    ])
    assert.equal(seen.aborted, true)
    assert.equal(clock.pending, 0)
  })

  it('makes no more at once than it may', async () => {
    let now = 0
    let most = 0
    const busy = (id: string) =>
      check(id, [], async () => {
        most = Math.max(most, ++now)
        await settled()
        now -= 1
        return [WELL]
      })
    await run(
      ['a', 'b', 'c', 'd', 'e'].map((name) => busy(`x.${name}`)),
      {
        checkMs: 1000,
        concurrent: 2,
      },
    )
    assert.equal(most, 2)
  })

  it('skips what is left when it is stopped', async () => {
    const plan = planChecks([check('a.one')], { made: [] })
    const signal = AbortSignal.abort()
    const results = await runChecks(plan, DEFAULT_RUN_LIMITS, { clock: new ManualClock(), signal })
    assert.deepEqual(codesOf(results), [['a.one', 'DOCTOR_SKIPPED']])
  })

  it('keeps the apps apart: a fault of one stops nothing of another', async () => {
    const journal: Journal = { made: [] }
    const plan = [
      ...planChecks([check('host.one')], journal),
      ...planChecks([failing('app.dns'), check('app.tcp', ['app.dns', 'host.one'])], journal, 'a'),
      ...planChecks([check('app.dns'), check('app.tcp', ['app.dns', 'host.one'])], journal, 'b'),
    ]
    const results = await runChecks(plan, DEFAULT_RUN_LIMITS, { clock: new ManualClock() })
    assert.deepEqual(
      results.map(({ id, subject, findings }) => [id, subject, findings[0]?.outcome]),
      [
        ['host.one', undefined, 'skip'],
        ['app.dns', 'a', 'fail'],
        ['app.tcp', 'a', 'skip'],
        ['app.dns', 'b', 'skip'],
        ['app.tcp', 'b', 'skip'],
      ],
    )
    assert.equal(results[2]?.findings[0]?.code, 'DOCTOR_SKIPPED')
    assert.equal(results[4]?.findings[0]?.code, 'DOCTOR_NOT_APPLICABLE')
    assert.equal(results[4].findings[0].subject, 'b')
  })
})

describe('selectChecks', () => {
  const plan = planChecks(
    [check('a.one'), check('a.two'), check('b.three', ['a.one']), check('c.four', ['b'])],
    { made: [] },
  )
  const chosen = (...only: string[]) => selectChecks(plan, only).map(({ id }) => id)

  it('takes an area or a check, with all that it builds on', () => {
    assert.deepEqual(chosen(), ['a.one', 'a.two', 'b.three', 'c.four'])
    assert.deepEqual(chosen('c.four'), ['a.one', 'b.three', 'c.four'])
    assert.deepEqual(chosen('a'), ['a.one', 'a.two'])
  })

  it('names the checks there are when it does not know one', () => {
    const code = 'ERR_DOCTOR_ONLY'
    const ofArea = {
      code,
      message: /'a\.on'/,
      mend: /area \(a, b, c\) .* check \(a\.one, a\.two\)/,
    }
    assert.throws(() => chosen('a.on'), ofArea)
    assert.throws(() => chosen('x'), { code, mend: /check \(a\.one, .*c\.four\)/ })
    assert.throws(() => chosen('user.tokens'), { code, mend: /^Say which user: --user / })
  })
})
