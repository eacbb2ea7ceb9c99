import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { GatewayError } from '../../../src/gateway/index.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'
import { testConfig, World } from '../../support/gateway/world.ts'
import type { ArrivedRequest } from '../../support/gateway/test-connector.ts'

const HTML = { Accept: 'text/html,*/*;q=0.8' }
const MINUTE = 60_000

describe('a session in which something runs', () => {
  it('stays open in memory, though many others begin', async () => {
    const clock = new ManualClock(Date.now())
    const world = new World(testConfig({ session: { cachedSessions: 16 } }), { clock })
    await world.start()
    await world.connect()
    const cookie = await world.signIn()
    const usual = world.connector.answer
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    world.connector.answer = resolve
    const answer = world.ask({ cookie })
    const request = await promise
    world.connector.answer = usual
    // Under way for a second, it moves; for longer, it waits.
    for (let second = 0; second < 5; second += 1) {
      for (let other = 0; other < 10; other += 1) await world.signIn()
      await clock.advance(1000)
    }
    const { finds } = world.sessions
    assert.equal((await world.ask({ cookie })).status, 200)
    assert.equal(world.sessions.finds, finds)
    request.reply(200, ['Content-Length', '0'])
    assert.equal((await answer).status, 200)
    await world.stop()
  })
})

describe('the end of a session', () => {
  const world = new World()
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  it('by sign-out: confirmed, from the same origin only, told to the connector and the provider', async () => {
    const cookie = await world.signIn()
    await world.ask({ cookie })
    const path = '/.sallyport/sign-out'
    const confirm = await world.ask({ path, cookie, headers: HTML })
    assert.equal(confirm.status, 200)
    assert.match(confirm.body, /<form method="post" action="\/.sallyport\/sign-out">/)
    const foreign = { Origin: 'https://evil.example' }
    assert.equal((await world.ask({ path, cookie, method: 'POST', headers: foreign })).status, 403)
    assert.equal((await world.ask({ path, cookie, method: 'POST' })).status, 403)
    assert.equal((await world.ask({ cookie })).status, 200)
    const own = { Origin: 'https://app.example' }
    const out = await world.ask({ path, cookie, method: 'POST', headers: own })
    assert.equal(out.headers.location, 'https://idp.example/logout')
    assert.match(String(out.headers['set-cookie']), /__Host-sallyport=; .*Max-Age=0/)
    assert.equal((await world.ask({ cookie })).status, 401)
    await settled()
    assert.deepEqual(world.connector.forgotten, world.connector.proofs)
  })

  it('by revocation: at once, with the requests in flight, on every host', async () => {
    const cookie = await world.signIn()
    const other = await world.signIn('wiki.example')
    await world.ask({ cookie: other, host: 'wiki.example' })
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    world.connector.answer = resolve
    const answer = world.ask({ cookie })
    const request = await promise
    assert.equal(await world.gateway.revokeUser('ALICE@corp.example'), 2)
    assert.equal((await answer).status, 401)
    await request.until((each) => each.resetBy !== undefined)
    assert.equal(request.resetBy?.code, 'ERR_GATEWAY_SESSION_ENDED')
    assert.equal((await world.ask({ cookie: other, host: 'wiki.example' })).status, 401)
    await settled()
    const flushed = world.connector.controls.some((each) => each.type === 'flush')
    assert.ok(flushed)
    assert.deepEqual(await world.gateway.listSessions(), [])
  })

  it('by revocation while its row is being read', async () => {
    const cookie = await world.signIn()
    const second = new World(world.config, { sessions: world.sessions })
    await second.start()
    const gate = Promise.withResolvers<undefined>()
    world.sessions.held = gate.promise
    const { finds } = world.sessions
    const answer = second.ask({ cookie })
    while (world.sessions.finds === finds) await settled()
    const revoked = second.gateway.revokeUser('alice@corp.example')
    await settled()
    world.sessions.held = undefined
    gate.resolve(undefined)
    await revoked
    assert.equal((await answer).status, 401)
    assert.equal((await second.ask({ cookie })).status, 401)
    await second.stop()
  })
})

describe('sessions and time', () => {
  const clock = new ManualClock(Date.now())
  const session = { idleMinutes: 30, absoluteHours: 10 }
  const world = new World(testConfig({ session }), { clock })
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  it('end when idle', async () => {
    const cookie = await world.signIn()
    await clock.advance(29 * MINUTE)
    assert.equal((await world.ask({ cookie })).status, 200)
    await clock.advance(29 * MINUTE)
    assert.equal((await world.ask({ cookie })).status, 200)
    await clock.advance(31 * MINUTE)
    assert.equal((await world.ask({ cookie })).status, 401)
  })

  it('end at their absolute limit, and are swept', async () => {
    const cookie = await world.signIn()
    for (let at = 0; at < 29; at++) {
      await clock.advance(20 * MINUTE)
      assert.equal((await world.ask({ cookie })).status, 200)
    }
    await clock.advance(21 * MINUTE)
    assert.equal((await world.ask({ cookie })).status, 401)
    await world.signIn()
    await clock.advance(40 * MINUTE)
    assert.equal(world.sessions.rows.size, 0)
  })

  it('write their use seldom, and are read once', async () => {
    const cookie = await world.signIn()
    const { finds, touches } = world.sessions
    for (let at = 0; at < 10; at++) await world.ask({ cookie })
    assert.equal(world.sessions.finds, finds)
    assert.equal(world.sessions.touches, touches)
    await clock.advance(2 * MINUTE)
    await world.ask({ cookie })
    assert.equal(world.sessions.touches, touches + 1)
  })

  it('refresh the token ahead of its end, once for many requests, under a new proof id', async () => {
    const cookie = await world.signIn()
    await world.ask({ cookie })
    const [before] = world.connector.proofs.slice(-1)
    const { refreshes } = world.provider
    await clock.advance(20 * MINUTE)
    await world.ask({ cookie })
    assert.equal(world.provider.refreshes, refreshes)
    await clock.advance(29 * MINUTE)
    await world.ask({ cookie })
    await clock.advance(10 * MINUTE + 30_000)
    const gate = Promise.withResolvers<undefined>()
    world.provider.held = gate.promise
    // The old token is still good: nobody waits for the new one.
    await Promise.all([world.ask({ cookie }), world.ask({ cookie }), world.ask({ cookie })])
    gate.resolve(undefined)
    world.provider.held = undefined
    await settled()
    assert.equal(world.provider.refreshes, refreshes + 1)
    await world.ask({ cookie })
    const [after] = world.connector.proofs.slice(-1)
    assert.notEqual(after, before)
  })

  it('wait for the refresh when the token has ended, and survive a restart of the gateway', async () => {
    const short = world.provider
    short.lifeSeconds = 600
    const cookie = await world.signIn()
    await clock.advance(11 * MINUTE)
    const { refreshes } = short
    const gate = Promise.withResolvers<undefined>()
    short.held = gate.promise
    const asked = Promise.all([world.ask({ cookie }), world.ask({ cookie })])
    while (short.refreshes === refreshes) await settled()
    await settled()
    gate.resolve(undefined)
    short.held = undefined
    const answers = await asked
    assert.deepEqual(
      answers.map((each) => each.status),
      [200, 200],
    )
    assert.equal(short.refreshes, refreshes + 1)
    const restarted = new World(world.config, { clock, sessions: world.sessions })
    await restarted.start()
    await restarted.connect()
    assert.equal((await restarted.ask({ cookie })).status, 200)
    assert.equal(restarted.provider.refreshes, 0)
    await restarted.stop()
    short.lifeSeconds = 3600
  })

  it('end when the provider refuses the refresh, or another user comes back', async () => {
    const faults = [
      () => {
        world.provider.fault = new GatewayError('ERR_GATEWAY_PROVIDER_REFUSED', 'invalid_grant')
      },
      () => {
        world.provider.claims = { ...world.provider.claims, upn: 'mallory@corp.example' }
      },
      () => {
        world.provider.claims = { ...world.provider.claims, sub: 'another' }
      },
    ]
    const { claims } = world.provider
    for (const spoil of faults) {
      world.provider.lifeSeconds = 600
      const cookie = await world.signIn()
      await clock.advance(11 * MINUTE)
      spoil()
      assert.equal((await world.ask({ cookie })).status, 401)
      world.provider.fault = undefined
      world.provider.claims = claims
      assert.equal((await world.ask({ cookie })).status, 401)
    }
  })

  it('are judged anew by the claims of a fresh token', async () => {
    world.provider.lifeSeconds = 600
    const cookie = await world.signIn()
    assert.equal((await world.ask({ cookie })).status, 200)
    const { claims } = world.provider
    world.provider.claims = { ...claims, groups: [] }
    await clock.advance(11 * MINUTE)
    assert.equal((await world.ask({ cookie })).status, 403)
    world.provider.claims = claims
  })

  it('last while the provider is down: to the end of the token, then 503, then on', async () => {
    world.provider.lifeSeconds = 600
    const cookie = await world.signIn()
    world.provider.fault = new GatewayError('ERR_GATEWAY_PROVIDER_UNREACHABLE', 'down')
    await clock.advance(9 * MINUTE + 30_000)
    assert.equal((await world.ask({ cookie })).status, 200)
    await clock.advance(MINUTE)
    assert.equal((await world.ask({ cookie })).status, 503)
    world.provider.fault = undefined
    await clock.advance(6000)
    assert.equal((await world.ask({ cookie })).status, 200)
  })

  it('end with the token when there is no refresh token', async () => {
    world.provider.refreshTokens = false
    world.provider.lifeSeconds = 600
    const cookie = await world.signIn()
    await clock.advance(9 * MINUTE)
    assert.equal((await world.ask({ cookie })).status, 200)
    await clock.advance(2 * MINUTE)
    assert.equal((await world.ask({ cookie })).status, 401)
    world.provider.refreshTokens = true
  })

  it('are kept alive, and their proof fresh, by a long download', async () => {
    world.provider.lifeSeconds = 3600
    const cookie = await world.signIn()
    await world.ask({ cookie })
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    world.connector.answer = resolve
    const answer = world.ask({ cookie })
    const request = await promise
    request.stream.sendHead({ status: 200, headers: [] })
    const before = world.connector.proofs.length
    for (let minute = 0; minute < 70; minute++) {
      request.stream.write(Buffer.from('.'))
      for (let turn = 0; turn < 5; turn++) await settled()
      await clock.advance(MINUTE)
    }
    request.stream.end()
    assert.equal((await answer).body.length, 70)
    assert.equal(world.connector.proofs.length, before + 1)
    world.connector.answer = (each) => {
      each.reply(200, [])
    }
    assert.equal((await world.ask({ cookie })).status, 200)
  })

  it('have their proof fresh while a long poll waits for its answer', async () => {
    world.provider.lifeSeconds = 80
    const cookie = await world.signIn()
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    world.connector.answer = resolve
    const answer = world.ask({ cookie })
    const request = await promise
    const before = world.connector.proofs.length
    for (let second = 0; second < 75; second++) await clock.advance(1000)
    assert.equal(world.connector.proofs.length, before + 1)
    request.reply(200, [], 'news')
    assert.equal((await answer).body, 'news')
  })

  it('cut a request that gets no answer, by a 504', async () => {
    world.provider.lifeSeconds = 3600
    const cookie = await world.signIn()
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    world.connector.answer = resolve
    const answer = world.ask({ cookie })
    const request = await promise
    await clock.advance(101_000)
    assert.equal((await answer).status, 504)
    await request.until((each) => each.resetBy !== undefined)
    assert.equal(request.resetBy?.code, 'ERR_GATEWAY_TIMEOUT')
  })
})
