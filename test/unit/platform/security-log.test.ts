import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SecurityLog } from '../../../src/platform/index.ts'
import { ManualClock, MemoryLogger } from '../../support/manual-clock.ts'

function world() {
  const logger = new MemoryLogger()
  const clock = new ManualClock()
  const log = new SecurityLog({ logger, clock }, { lines: 3, windowMs: 1000 })
  return { logger, clock, log, fields: () => logger.lines.map((line) => line.fields) }
}

const LIE = { code: 'ERR_SSO_PROOF_INVALID', what: 'proof-invalid' }

describe('SecurityLog', () => {
  it('writes one shape, whatever the fields say', () => {
    const { log, logger } = world()
    log.report({ ...LIE, fields: { app: 'intranet', event: 'harmless', code: 'OK', what: 'x' } })
    assert.deepEqual(logger.lines, [
      {
        level: 'warn',
        message: 'security event',
        fields: { app: 'intranet', event: 'security', ...LIE },
      },
    ])
  })

  it('writes a flood down as a few lines and a number', async () => {
    const { log, clock, fields } = world()
    for (let lie = 0; lie < 10_000; lie++) log.report(LIE)
    assert.equal(fields().length, 3)
    await clock.advance(1000)
    assert.deepEqual(fields().at(-1), {
      ...{ event: 'security', code: LIE.code, what: 'suppressed' },
      ...{ suppressed: 9997, windowMs: 1000 },
    })
    assert.equal(log.count, 10_000)
    log.report(LIE)
    assert.equal(fields().length, 5)
  })

  it('lets a flood of one kind not hide another', () => {
    const { log, fields } = world()
    for (let lie = 0; lie < 100; lie++) log.report(LIE)
    log.report({ code: 'ERR_SSO_POLICY_DENIED', what: 'policy-denied' })
    assert.equal(fields().at(-1)?.['what'], 'policy-denied')
  })

  it('says nothing of suppression where there was none, and sets no timer after the end', async () => {
    const { log, clock, fields } = world()
    log.report(LIE)
    log.close()
    assert.deepEqual([fields().length, clock.pending], [1, 0])
    for (let lie = 0; lie < 5; lie++) log.report(LIE)
    log.close()
    await clock.advance(5000)
    assert.deepEqual(fields().at(-1)?.['suppressed'], 2)
  })

  it('cuts what an attacker may have chosen', () => {
    const { log, fields } = world()
    log.report({ ...LIE, fields: { reason: 'x'.repeat(100_000) } })
    assert.equal(String(fields()[0]?.['reason']).length, 300)
  })
})
