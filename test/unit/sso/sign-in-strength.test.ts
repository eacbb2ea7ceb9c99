import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { policySchema } from '../../../src/sso/index.ts'
import { settled } from '../../support/manual-clock.ts'
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

  it('cuts what runs when the sign-in has become too old, and nothing of who has signed in afresh', async () => {
    const limits = { expirySweepMs: 1000, clockToleranceSeconds: 30 }
    const stage = await createStage({ row: { maxAgeMinutes: 5 }, limits })
    try {
      stage.backend.mood = (_arrival, _request, response) => {
        response.writeHead(200).write('never ends')
        return true
      }
      const start = async (user: string, claims: Record<string, unknown> = {}) => {
        const proof = await stage.proof(user, { exp: 4_000_000_000, ...claims })
        const { sink } = stage.start({ proof })
        while (sink.status === 0 && sink.ends === 0) await settled()
        return sink
      }
      const signedIn = Math.floor(stage.clock.nowMs() / 1000)
      const [alice, bob, carol] = [await start('alice'), await start('bob'), await start('carol')]
      await stage.clock.advance(5 * 60_000)
      // A refresh of alice's token is no sign-in; bob typed his password again.
      await start('alice', { auth_time: signedIn })
      await start('bob', { auth_time: signedIn + 300 })
      await stage.clock.advance(30_000)
      assert.deepEqual([alice.ends, bob.ends, carol.ends], [0, 0, 0])
      await stage.clock.advance(1000)
      for (const sink of [alice, carol]) assert.equal((await sink.outcome).code, needed)
      assert.equal(bob.ends, 0)
      await stage.clock.advance(5 * 60_000)
      assert.equal((await bob.outcome).code, needed)
    } finally {
      await stage.close()
    }
  })

  it('does not let a weaker sign-in carry on what a stronger one began', async () => {
    const limits = { expirySweepMs: 1000, clockToleranceSeconds: 0 }
    const stage = await createStage({ row: { acr: ['urn:a'] }, limits })
    try {
      stage.backend.mood = (_arrival, _request, response) => {
        response.writeHead(200).write('never ends')
        return true
      }
      const exp = Math.floor(stage.clock.nowMs() / 1000) + 60
      const strong = await stage.proof('alice', { exp, acr: 'urn:a' })
      const { sink } = stage.start({ proof: strong })
      while (sink.status === 0) await settled()
      stage.pipeline.offer(await stage.proof('alice', { exp: exp + 3600 }))
      while (stage.pipeline.counters.proofsVerified < 2) await settled()
      await stage.clock.advance(61_000)
      assert.equal((await sink.outcome).code, needed)
    } finally {
      await stage.close()
    }
  })

  it('cannot be one that anybody may reach', () => {
    const row = { origin: 'http://a.example', preAuthentication: 'passthrough', acr: ['urn:a'] }
    assert.equal(policySchema.safeParse({ issuers: [], backends: [row] }).success, false)
  })
})
