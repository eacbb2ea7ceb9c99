import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createStage, type Stage } from '../../support/sso/stage.ts'
import { appOf } from '../../support/sso/world.ts'

describe('security events', () => {
  const events = (stage: Stage) =>
    stage.logger.lines
      .filter((line) => line.fields['event'] === 'security')
      .map(({ fields: { what, code, app } }) => ({ what, code, app }))

  it('are written for refusals that an honest gateway does not bring about, and for no others', async () => {
    const stage = await createStage()
    try {
      const proof = await stage.proof('alice')
      assert.equal((await stage.ask({ proof })).status, 200)
      const unknown = await stage.proof('nobody')
      assert.equal((await stage.ask({ proof: unknown })).code, 'ERR_SSO_ACCOUNT_UNKNOWN')
      assert.deepEqual(events(stage), [])
      await stage.ask({})
      await stage.ask({ proof: { ...proof, id: 'other', idToken: `${proof.idToken}x` } })
      const elsewhere = appOf('http://elsewhere.corp.example/', { id: 'elsewhere' })
      await stage.ask({ proof, app: elsewhere })
      assert.deepEqual(events(stage), [
        { what: 'proof-missing', code: 'ERR_SSO_PROOF_MISSING', app: stage.app.id },
        { what: 'proof-invalid', code: 'ERR_SSO_PROOF_INVALID', app: stage.app.id },
        { what: 'policy-denied', code: 'ERR_SSO_POLICY_DENIED', app: 'elsewhere' },
      ])
      assert.equal(stage.pipeline.counters.securityEvents, 3)
    } finally {
      await stage.close()
    }
  })
})
