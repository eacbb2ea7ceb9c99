import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { GatewayError } from '../../../src/gateway/index.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'
import { cookiesOf, testConfig, World, type Answer } from '../../support/gateway/world.ts'
import type { ArrivedRequest } from '../../support/gateway/test-connector.ts'

const HTML = { Accept: 'text/html,*/*;q=0.8' }
const MINUTE = 60_000

describe('sign-in', () => {
  const world = new World()
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  it('sends a browser to the provider with PKCE, state and nonce, and back to where it was', async () => {
    const begun = await world.ask({ path: '/deep/page?x=1&y=2', headers: HTML })
    assert.equal(begun.status, 303)
    const asked = world.provider.asked.at(-1)
    assert.equal(asked?.redirectUri, 'https://app.example/.sallyport/callback')
    assert.ok(asked.codeVerifier.length >= 43 && asked.nonce.length >= 32)
    const path = `/.sallyport/callback?code=x&state=${asked.state}`
    const done = await world.ask({ path, cookie: cookiesOf(begun), headers: HTML })
    assert.equal(done.headers.location, 'https://app.example/deep/page?x=1&y=2')
    const [set = ''] = (done.headers['set-cookie'] ?? []).filter((line) => /sallyport=/.test(line))
    assert.match(set, /^__Host-sallyport=[\w-]{64}; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
    const cleared = (done.headers['set-cookie'] ?? []).some((line) => /-tx-.*Max-Age=0/.test(line))
    assert.ok(cleared)
  })

  it('works in several tabs at once', async () => {
    const one = await world.ask({ path: '/one', headers: HTML })
    const two = await world.ask({ path: '/two', headers: HTML, cookie: cookiesOf(one) })
    const jar = `${cookiesOf(one)}; ${cookiesOf(two)}`
    for (const [tab, path] of [
      [two, '/two'],
      [one, '/one'],
    ] as const) {
      const state = new URL(tab.headers.location ?? '').searchParams.get('state') ?? ''
      const callback = `/.sallyport/callback?code=x&state=${state}`
      const done = await world.ask({ path: callback, cookie: jar, headers: HTML })
      assert.equal(done.headers.location, `https://app.example${path}`)
    }
  })

  it('keeps no more than five sign-ins in a browser', async () => {
    const names = new Set<string>()
    for (let tab = 0; tab < 12; tab++) {
      const cookie = [...names].map((name) => `${name}=x`).join('; ')
      const begun = await world.ask({ headers: HTML, ...(cookie !== '' && { cookie }) })
      for (const line of begun.headers['set-cookie'] ?? []) {
        const name = line.slice(0, line.indexOf('='))
        if (line.includes('Max-Age=0')) names.delete(name)
        else names.add(name)
      }
    }
    assert.equal(names.size, 5)
  })

  it('refuses a callback that this browser did not ask for', async () => {
    const begun = await world.ask({ headers: HTML })
    const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? ''
    const path = `/.sallyport/callback?code=x&state=${state}`
    const stranger = await world.ask({ path, headers: HTML })
    assert.equal(stranger.status, 400)
    assert.match(stranger.body, /ERR_GATEWAY_SIGN_IN_STATE/)
    const elsewhere = await world.ask({ host: 'wiki.example', path, cookie: cookiesOf(begun) })
    assert.equal(elsewhere.status, 400)
  })

  it('leads nowhere but to the same host', async () => {
    for (const to of [
      '//evil.example/',
      '/\\evil.example',
      'https://evil.example/',
      '/.sallyport/sign-out',
    ]) {
      const path = `/.sallyport/sign-in?to=${encodeURIComponent(to)}`
      const begun = await world.ask({ path, headers: HTML })
      const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? ''
      const callback = `/.sallyport/callback?code=x&state=${state}`
      const done = await world.ask({ path: callback, cookie: cookiesOf(begun), headers: HTML })
      assert.ok(done.headers.location?.startsWith('https://app.example/'), done.headers.location)
    }
  })

  it('gives scripts and preflights 401 in JSON, never a redirect', async () => {
    for (const ask of [
      { headers: { 'Sec-Fetch-Mode': 'cors', Accept: 'text/html' } },
      { headers: { 'X-Requested-With': 'XMLHttpRequest', Accept: 'text/html' } },
      { headers: { Accept: 'application/json' } },
      { headers: {} },
      { method: 'OPTIONS', headers: HTML },
      { method: 'POST', headers: { Accept: '*/*' } },
    ]) {
      const answer = await world.ask({ path: '/api', ...ask })
      assert.equal(answer.status, 401)
      assert.equal(answer.headers.location, undefined)
    }
    const answer = await world.ask({ path: '/api', headers: { 'Sec-Fetch-Mode': 'cors' } })
    const body = JSON.parse(answer.body) as { code: string; signIn: string }
    assert.equal(body.code, 'ERR_GATEWAY_NOT_SIGNED_IN')
    assert.equal(body.signIn, '/.sallyport/sign-in?to=%2Fapi')
  })

  it('denies who is not on the list, everyone where there is no list', async () => {
    world.provider.claims = { ...world.provider.claims, groups: ['guests'] }
    const guest = await world.signIn()
    world.provider.claims = { ...world.provider.claims, groups: ['staff'] }
    const answer = await world.ask({ cookie: guest, headers: HTML })
    assert.equal(answer.status, 403)
    assert.match(answer.body, /ERR_GATEWAY_NOT_ALLOWED/)
    const staff = await world.signIn('shut.example')
    assert.equal((await world.ask({ host: 'shut.example', cookie: staff })).status, 403)
  })

  it('ties a session to its host', async () => {
    const cookie = await world.signIn('app.example')
    assert.equal((await world.ask({ host: 'wiki.example', cookie })).status, 401)
    assert.equal((await world.ask({ cookie })).status, 200)
  })

  it('refuses a login without the claim, and says so when the provider refuses or is down', async () => {
    const attempt = async (): Promise<Answer> => {
      const begun = await world.ask({ headers: HTML })
      if (begun.status !== 303) return begun
      const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? ''
      const path = `/.sallyport/callback?code=x&state=${state}`
      return world.ask({ path, cookie: cookiesOf(begun), headers: HTML })
    }
    const { claims } = world.provider
    world.provider.claims = { sub: 'x' }
    assert.match((await attempt()).body, /ERR_GATEWAY_LOGIN_CLAIM/)
    world.provider.claims = claims
    world.provider.fault = new GatewayError('ERR_GATEWAY_PROVIDER_UNREACHABLE', 'down')
    assert.equal((await attempt()).status, 503)
    world.provider.fault = undefined
  })

  it('sends no unsealed token or claim to the store', async () => {
    await world.signIn()
    const [row] = [...world.sessions.rows.values()].slice(-1)
    assert.equal(row?.user, 'alice@corp.example')
    const text = Buffer.from(row.sealed).toString('latin1')
    assert.doesNotMatch(text, /refresh-|eyJ|staff/)
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
