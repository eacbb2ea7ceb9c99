/** Rows that want a strong or a fresh sign-in, and users who come with a ticket. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { StepUpNeeded } from '../../../src/sso/sign-in-strength.ts'
import { settled } from '../../support/manual-clock.ts'
import { FrontEndWorld } from '../../support/sso/front-end-world.ts'

const MINUTE_MS = 60_000
const NEEDED = 'ERR_SSO_STEP_UP_NEEDED'

describe('step-up after a sign-in with Kerberos', () => {
  const world = new FrontEndWorld()
  before(() => world.start())
  after(() => world.stop())

  it('proves no authentication context: the row refuses it, asks no KDC, and says what would do', async () => {
    const acr = ['urn:strong', 'urn:sallyport:front-end-kerberos']
    const connector = world.connector({ row: { acr } })
    const { code, error } = await world.get(connector, await world.signIn(connector, 'alice'))
    assert.equal(code, NEEDED)
    assert.deepEqual((error as StepUpNeeded).acr, acr)
    assert.equal(connector.counters.delegations + connector.counters.impersonations, 0)
    assert.equal(world.arrivals.length, 0)
  })

  it('is as old as the password, however new the ticket for the app', async () => {
    const connector = world.connector({ row: { maxAgeMinutes: 60 } })
    const fresh = await world.signIn(connector, 'alice', { ageMs: 60 * MINUTE_MS })
    assert.equal((await world.get(connector, fresh)).status, 200)
    const old = await world.signIn(connector, 'alice', { ageMs: 62 * MINUTE_MS })
    const { code, error } = await world.get(connector, old)
    assert.deepEqual([code, (error as StepUpNeeded).maxAgeMinutes], [NEEDED, 60])
  })

  it('ends what runs when that has become too old', async () => {
    const limits = { expirySweepMs: 1000, clockToleranceSeconds: 0 }
    const connector = world.connector({ row: { maxAgeMinutes: 60 }, ports: { limits } })
    const proof = await world.signIn(connector, 'alice', { ageMs: 30 * MINUTE_MS })
    const { length } = world.arrivals
    const outcome = world.get(connector, proof, { target: '/endless' })
    while (world.arrivals.length === length) await settled()
    await world.clock.advance(29 * MINUTE_MS)
    assert.equal(await Promise.race([outcome, settled().then(() => 'runs')]), 'runs')
    await world.clock.advance(MINUTE_MS + 2000)
    assert.equal((await outcome).code, NEEDED)
  })
})
