import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { GatewayError } from '../../../src/gateway/index.ts'
import { unsignedToken } from '../../support/gateway/fake-provider.ts'
import type { ArrivedRequest } from '../../support/gateway/test-connector.ts'
import { World } from '../../support/gateway/world.ts'
import { settled } from '../../support/manual-clock.ts'

const PATH = '/.sallyport/backchannel-logout'
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

describe('back-channel logout', () => {
  const world = new World()
  let serial = 0
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  const logoutToken = (change: Record<string, unknown> = {}) =>
    unsignedToken({
      ...{ iss: 'https://idp.example', sub: 'user-1', jti: `j${++serial}`, events: EVENTS },
      ...{ iat: Math.floor(Date.now() / 1000), ...change },
    })
  const post = (token: string, more: Record<string, string> = {}) =>
    world.ask({
      ...{ path: PATH, method: 'POST' },
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...more },
      body: `logout_token=${encodeURIComponent(token)}`,
    })
  const signInAs = async (sid?: string, host?: string) => {
    world.provider.claims = {
      ...{ sub: 'user-1', upn: 'alice@corp.example', groups: ['staff'] },
      ...(sid !== undefined && { sid }),
    }
    return world.signIn(host)
  }

  it("ends the provider's session on every host, at the connectors, with what is under way", async () => {
    const cookie = await signInAs('s1')
    const wiki = await signInAs('s1', 'wiki.example')
    await world.ask({ cookie: wiki, host: 'wiki.example' })
    const other = await signInAs('s2')
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    const { answer: usual } = world.connector
    world.connector.answer = resolve
    const running = world.ask({ cookie })
    const request = await promise
    const answer = await post(logoutToken({ sid: 's1' }))
    assert.deepEqual([answer.status, answer.headers['cache-control']], [200, 'no-store'])
    assert.equal((await running).status, 401)
    await request.until((each) => each.resetBy !== undefined)
    assert.equal(request.resetBy?.code, 'ERR_GATEWAY_SESSION_ENDED')
    world.connector.answer = usual
    assert.equal((await world.ask({ cookie })).status, 401)
    assert.equal((await world.ask({ cookie: wiki, host: 'wiki.example' })).status, 401)
    assert.equal((await world.ask({ cookie: other })).status, 200)
    await settled()
    assert.equal(world.connector.forgotten.length, 2)
    await post(logoutToken())
    assert.equal((await world.ask({ cookie: other })).status, 401)
  })

  it('ends a session whose tokens name no sid with that of its user', async () => {
    const cookie = await signInAs()
    assert.equal((await post(logoutToken({ sid: 'any' }))).status, 200)
    assert.equal((await world.ask({ cookie })).status, 401)
  })

  it('spares other users and other issuers', async () => {
    const cookie = await signInAs('s1')
    await post(logoutToken({ sub: 'user-2', sid: 's1' }))
    await post(logoutToken({ iss: 'https://other.example' }))
    await post(logoutToken({ sub: undefined, sid: 's2' }))
    assert.equal((await world.ask({ cookie })).status, 200)
  })

  it('takes a token once', async () => {
    const token = logoutToken()
    assert.equal((await post(token)).status, 200)
    const cookie = await signInAs('s1')
    const again = await post(token)
    assert.equal(again.status, 400)
    assert.match(again.body, /used before/)
    assert.equal((await world.ask({ cookie })).status, 200)
  })

  it('refuses what is no such form, and is no page for browsers', async () => {
    assert.equal((await world.ask({ path: PATH })).status, 405)
    const typed = await post(logoutToken(), { 'Content-Type': 'application/json' })
    assert.equal(typed.status, 400)
    const long = await post(`${logoutToken()}${'x'.repeat(40_000)}`)
    assert.equal(long.status, 400)
    assert.match(long.body, /too long/)
  })

  it('says so when it cannot tell, and counts that against nobody', async () => {
    world.provider.fault = new GatewayError('ERR_GATEWAY_PROVIDER_UNREACHABLE', 'down')
    for (let count = 0; count < 30; count++) assert.equal((await post(logoutToken())).status, 503)
    world.provider.fault = undefined
    assert.equal((await post(logoutToken())).status, 200)
  })

  it('takes a token again whose sessions could not be ended', async () => {
    const cookie = await signInAs('s1')
    const token = logoutToken({ sid: 's1' })
    world.sessions.fault = new Error('the database is locked')
    assert.equal((await post(token)).status, 503)
    world.sessions.fault = undefined
    assert.equal((await post(token)).status, 200)
    assert.equal((await world.ask({ cookie })).status, 401)
    assert.equal((await post(token)).status, 400)
  })

  it('looks at no more tokens of an address that sends garbage, and writes down some', async () => {
    const statuses = []
    for (let count = 0; count < 30; count++) statuses.push((await post('garbage')).status)
    assert.deepEqual(new Set(statuses), new Set([400, 429]))
    const events = world.logger.lines.filter(
      (line) => line.fields['what'] === 'logout-token-invalid',
    )
    assert.ok(events.length > 0 && events.length <= 20)
    assert.equal((await post(logoutToken())).status, 429)
  })
})
