import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { policySchema } from '../../../src/sso/index.ts'
import { createStage } from '../../support/sso/stage.ts'

const needed = 'ERR_SSO_STEP_UP_NEEDED'

describe('a row that wants a strong sign-in', () => {
  it('takes one of its acr values and nothing else, and asks no KDC otherwise', async () => {
    const stage = await createStage({ row: { acr: ['urn:a', 'urn:b'] } })
    try {
      for (const acr of [undefined, 'urn:c', ['urn:a'], 'urn:a urn:b', '']) {
        const outcome = await stage.ask({ proof: await stage.proof('alice', { acr }) })
        assert.equal(outcome.code, needed, String(acr))
      }
      assert.equal(stage.kerberos.impersonations, 0)
      const proof = await stage.proof('alice', { acr: 'urn:b' })
      assert.equal((await stage.ask({ proof })).status, 200)
    } finally {
      await stage.close()
    }
  })

  it('takes one that is fresh by auth_time, also when the ticket is cached', async () => {
    const stage = await createStage({ row: { maxAgeMinutes: 5 } })
    try {
      const now = stage.clock.nowMs() / 1000
      const unsaid = await stage.ask({
        proof: await stage.proof('alice', { auth_time: undefined }),
      })
      assert.equal(unsaid.code, needed)
      const proof = await stage.proof('alice', { auth_time: now })
      assert.equal((await stage.ask({ proof })).status, 200)
      await stage.clock.advance(5 * 60_000 + 30_000)
      assert.equal((await stage.ask({ proof })).status, 200)
      await stage.clock.advance(1)
      assert.equal((await stage.ask({ proof })).code, needed)
    } finally {
      await stage.close()
    }
  })

  it('cannot be one that anybody may reach', () => {
    const row = { origin: 'http://a.example', preAuthentication: 'passthrough', acr: ['urn:a'] }
    assert.equal(policySchema.safeParse({ issuers: [], backends: [row] }).success, false)
  })
})
