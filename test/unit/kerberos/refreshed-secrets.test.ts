import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RefreshedSecrets, type SecretsLook } from '../../../src/kerberos/refreshed-secrets.ts'
import { ManualClock, MemoryLogger, settled } from '../../support/manual-clock.ts'

const FIRST = { password: 'first' }
const SECOND = { password: 'second' }
const TIMING = { retryAfterMs: 50, refusedAfterMs: 10 }

/** Looks are answered in order; the last answer is repeated. */
async function open(answers: (SecretsLook | Error)[], options: { inBackground?: boolean } = {}) {
  const clock = new ManualClock()
  const logger = new MemoryLogger()
  let looks = 0
  const look = (): Promise<SecretsLook> => {
    const answer = answers[Math.min(looks, answers.length - 1)]
    looks += 1
    return answer instanceof Error || answer === undefined
      ? Promise.reject(answer ?? new Error('no answer'))
      : Promise.resolve(answer)
  }
  const ports = { clock, logger, what: 'conn1.keytab', look }
  const source = await RefreshedSecrets.open(ports, { ...TIMING, ...options })
  return { clock, logger, source, looks: () => looks }
}

describe('RefreshedSecrets', () => {
  it('looks when it is time, and only then', async () => {
    const { clock, source, looks, logger } = await open([
      { secrets: FIRST, againAfterMs: 100 },
      { againAfterMs: 200 },
      { secrets: SECOND, againAfterMs: 100 },
    ])
    assert.equal(source.refresh('due'), undefined)
    await clock.advance(100)
    await source.refresh('due')
    assert.deepEqual([source.secrets, looks()], [FIRST, 2])
    await clock.advance(199)
    assert.equal(source.refresh('due'), undefined)
    await clock.advance(1)
    await source.refresh('due')
    assert.deepEqual([source.secrets, looks()], [SECOND, 3])
    assert.deepEqual(
      logger.lines.map(({ level, fields }) => [level, fields]),
      [['info', { from: 'conn1.keytab' }]],
    )
  })

  it('looks at once when keys were refused, but not again and again', async () => {
    const { clock, source, looks } = await open([
      { secrets: FIRST, againAfterMs: 1000 },
      { againAfterMs: 1000 },
    ])
    assert.equal(source.refresh('refused'), undefined)
    await clock.advance(10)
    const first = source.refresh('refused')
    assert.equal(source.refresh('refused'), first)
    await first
    assert.equal(looks(), 2)
    assert.equal(source.refresh('refused'), undefined)
  })

  it('keeps what it has when a look fails, says so once and tries again', async () => {
    const fault = new Error('half a keytab')
    const { clock, source, looks, logger } = await open([
      { secrets: FIRST, againAfterMs: 100 },
      fault,
      fault,
      { secrets: SECOND, againAfterMs: 100 },
      fault,
    ])
    for (const waitMs of [100, 50, 50, 100]) {
      await clock.advance(waitMs)
      await source.refresh('due')
    }
    assert.deepEqual([source.secrets, looks()], [SECOND, 5])
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['warn', 'info', 'warn'],
    )
    assert.deepEqual(logger.lines[0]?.fields, {
      from: 'conn1.keytab',
      code: 'ERR_UNEXPECTED',
      reason: 'half a keytab',
    })
  })

  it('lets nobody wait for a look in the background, but for one that is needed', async () => {
    const { clock, source } = await open(
      [
        { secrets: FIRST, againAfterMs: 100 },
        { secrets: SECOND, againAfterMs: 100 },
      ],
      { inBackground: true },
    )
    await clock.advance(100)
    assert.equal(source.refresh('due'), undefined)
    assert.ok(source.refresh('refused'))
    await settled()
    assert.deepEqual(source.secrets, SECOND)
  })

  it('opens with secrets or not at all', async () => {
    await assert.rejects(open([new Error('no such file')]), /no such file/)
    await assert.rejects(open([{ againAfterMs: 1 }]), TypeError)
  })
})
