import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ManualClock } from '../../support/manual-clock.ts'
import { cookiesOf, testConfig, World } from '../../support/gateway/world.ts'

const HTML = { Accept: 'text/html' }
const JSON_ONLY = { Accept: 'application/json' }
const MINUTE = 60_000

describe('step-up', () => {
  const clock = new ManualClock(Date.now())
  const strong = { acr: ['urn:strong', 'urn:stronger'], maxAgeMinutes: 30 }
  const apps = testConfig().apps.map((app) => (app.id === 'app' ? { ...app, ...strong } : app))
  const session = { idleMinutes: 1440, absoluteHours: 24 }
  const world = new World(testConfig({ apps, session }), { clock })
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  /** Follows the redirects to the provider and back, as often as is expected. */
  const signInWith = async (claims: Record<string, unknown>, host = 'app.example', times = 1) => {
    const base = { sub: 'user-1', upn: 'alice@corp.example', groups: ['staff'] }
    world.provider.claims = { ...base, auth_time: clock.nowMs() / 1000, ...claims }
    let answer = await world.ask({ host, headers: HTML })
    for (let time = 0; time < times; time++) {
      const { searchParams } = new URL(answer.headers.location ?? '')
      const path = `/.sallyport/callback?code=x&state=${searchParams.get('state') ?? ''}`
      answer = await world.ask({ host, path, cookie: cookiesOf(answer), headers: HTML })
    }
    const cookie = cookiesOf(answer)
    assert.match(cookie, /^__Host-sallyport=/)
    return cookie
  }
  const code = (body: string) => /ERR_[A-Z_]+/.exec(body)?.[0]

  it('asks the provider for what the app wants, from the first sign-in on, and for nothing elsewhere', async () => {
    const cookie = await signInWith({ acr: 'urn:stronger' })
    assert.deepEqual(world.provider.asked.at(-1)?.stepUp, strong)
    assert.equal((await world.ask({ cookie, headers: HTML })).status, 200)
    await signInWith({}, 'wiki.example')
    assert.equal(world.provider.asked.at(-1)?.stepUp, undefined)
  })

  it('shows a page, not a circle, where the provider does not give it', async () => {
    const cookie = await signInWith({ acr: 'urn:weak' }, undefined, 2)
    assert.equal(world.provider.asked.at(-1)?.forced, true)
    const page = await world.ask({ cookie, headers: HTML })
    assert.deepEqual([page.status, code(page.body)], [403, 'ERR_GATEWAY_STEP_UP_REFUSED'])
    await clock.advance(2 * MINUTE)
    const asked = world.provider.asked.length
    const later = await world.ask({ cookie, headers: HTML })
    assert.equal(later.status, 303)
    assert.equal(world.provider.asked.length, asked + 1)
    assert.equal(world.provider.asked.at(-1)?.forced, true)
  })

  it('sends people to sign in again once it is too old, and tells programs where', async () => {
    const cookie = await signInWith({ acr: 'urn:strong' })
    await clock.advance(30 * MINUTE)
    assert.equal((await world.ask({ cookie, headers: HTML })).status, 200)
    await clock.advance(1)
    assert.equal((await world.ask({ cookie, headers: HTML })).status, 303)
    const refused = await world.ask({ cookie, path: '/list', headers: JSON_ONLY })
    const told = JSON.parse(refused.body) as Record<string, unknown>
    assert.deepEqual(
      [refused.status, told['code'], told['signIn']],
      [401, 'ERR_GATEWAY_STEP_UP_NEEDED', '/.sallyport/sign-in?to=%2Flist&fresh=1'],
    )
  })

  it('does the same when the policy inside wants more than gateway.yaml says', async () => {
    const host = 'wiki.example'
    const cookie = await signInWith({}, host)
    const { answer } = world.connector
    world.connector.answer = (request) => {
      request.stream.reset({ code: 'ERR_SSO_STEP_UP_NEEDED', message: 'acr' })
    }
    const fresh = await world.ask({ host, cookie, headers: HTML })
    assert.deepEqual([fresh.status, code(fresh.body)], [403, 'ERR_GATEWAY_STEP_UP_REFUSED'])
    await clock.advance(2 * MINUTE)
    const sent = await world.ask({ host, cookie, path: '/page', headers: HTML })
    assert.equal(sent.headers.location, `https://${host}/.sallyport/sign-in?to=%2Fpage&fresh=1`)
    const told = await world.ask({ host, cookie, headers: JSON_ONLY })
    assert.deepEqual([told.status, code(told.body)], [401, 'ERR_SSO_STEP_UP_NEEDED'])
    const posted = await world.ask({ host, cookie, method: 'POST', headers: HTML })
    assert.equal(posted.status, 401)
    world.connector.answer = answer
  })

  /** Follows a redirect to the provider and back. */
  const follow = async (
    from: { headers: { location?: string | undefined } },
    host: string,
    cookie: string,
  ) => {
    const { searchParams } = new URL(from.headers.location ?? '')
    const path = `/.sallyport/callback?code=x&state=${searchParams.get('state') ?? ''}`
    return cookiesOf(await world.ask({ host, path, cookie, headers: HTML }))
  }

  it('asks the provider at once for what the policy inside wants, and for each such thing once in a row', async () => {
    const host = 'wiki.example'
    let cookie = await signInWith({}, host)
    const { answer } = world.connector
    let wish: { acr?: readonly string[]; maxAgeMinutes?: number } = { acr: ['urn:inside'] }
    world.connector.answer = (request) => {
      request.stream.reset({ code: 'ERR_SSO_STEP_UP_NEEDED', message: 'acr', ...wish })
    }
    const navigate = async () => {
      const page = await world.ask({ host, cookie, path: '/page', headers: HTML })
      if (page.status === 303) cookie = await follow(page, host, `${cookie}; ${cookiesOf(page)}`)
      return [page.status, code(page.body)]
    }
    const refused = [403, 'ERR_GATEWAY_STEP_UP_REFUSED']
    const told = await world.ask({ host, cookie, headers: JSON_ONLY })
    assert.deepEqual([told.status, code(told.body)], [401, 'ERR_SSO_STEP_UP_NEEDED'])
    assert.deepEqual(await navigate(), [303, undefined])
    assert.deepEqual(world.provider.asked.at(-1)?.stepUp, {
      acr: ['urn:inside'],
      maxAgeMinutes: undefined,
    })
    assert.equal(world.provider.asked.at(-1)?.forced, true)
    assert.deepEqual(await navigate(), refused)
    // Two connectors of a group whose policies differ.
    const one = wish
    wish = { maxAgeMinutes: 5 }
    assert.deepEqual(await navigate(), [303, undefined])
    assert.deepEqual(await navigate(), refused)
    wish = one
    assert.deepEqual(await navigate(), refused)
    await clock.advance(2 * MINUTE)
    assert.deepEqual(await navigate(), [303, undefined])
    assert.deepEqual(await navigate(), refused)
    world.connector.answer = answer
  })

  it('joins it with what gateway.yaml says', async () => {
    const cookie = await signInWith({ acr: 'urn:strong' })
    const { answer } = world.connector
    world.connector.answer = (request) => {
      const wish = { acr: ['urn:other', 'urn:stronger'], maxAgeMinutes: 60 }
      request.stream.reset({ code: 'ERR_SSO_STEP_UP_NEEDED', message: 'acr', ...wish })
    }
    assert.equal((await world.ask({ cookie, headers: HTML })).status, 303)
    assert.deepEqual(world.provider.asked.at(-1)?.stepUp, {
      acr: ['urn:stronger'],
      maxAgeMinutes: 30,
    })
    world.connector.answer = answer
  })
})

describe('the shortest age that a sign-in may have', () => {
  const clock = new ManualClock(Date.now())
  const apps = testConfig().apps.map((app) =>
    app.id === 'app' ? { ...app, maxAgeMinutes: 1 } : app,
  )
  const world = new World(testConfig({ apps }), { clock })
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  it('counts from the password, and asks for another one although the session is younger', async () => {
    const passwordMs = clock.nowMs() - 2000
    const base = { sub: 'user-1', upn: 'alice@corp.example', groups: ['staff'] }
    world.provider.claims = { ...base, auth_time: passwordMs / 1000 }
    const begun = await world.ask({ headers: HTML })
    const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? ''
    const path = `/.sallyport/callback?code=x&state=${state}`
    const cookie = cookiesOf(await world.ask({ path, cookie: cookiesOf(begun), headers: HTML }))
    assert.equal((await world.ask({ cookie, headers: HTML })).status, 200)
    await clock.advance(58_500)
    assert.equal((await world.ask({ cookie, headers: HTML })).status, 303)
  })
})
