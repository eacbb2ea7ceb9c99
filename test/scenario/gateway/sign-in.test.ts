import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { GatewayError } from '../../../src/gateway/index.ts'
import { cookiesOf, World, type Answer } from '../../support/gateway/world.ts'

const HTML = { Accept: 'text/html,*/*;q=0.8' }

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

  it('leaves the session that another tab has begun in the meantime to who it is of', async () => {
    const begin = async (path: string) => {
      const begun = await world.ask({ path, headers: HTML })
      const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? ''
      const callback = `/.sallyport/callback?code=x&state=${state}`
      return (cookie = '') =>
        world.ask({
          path: callback,
          cookie: `${cookiesOf(begun)}${cookie === '' ? '' : '; '}${cookie}`,
          headers: HTML,
        })
    }
    const [one, two, three] = [await begin('/one'), await begin('/two'), await begin('/three')]
    const session = cookiesOf(await two())
    const done = await one(session)
    assert.equal(done.headers.location, 'https://app.example/one')
    assert.equal(cookiesOf(done), '')
    assert.equal((await world.ask({ cookie: session })).status, 200)
    const { claims } = world.provider
    world.provider.claims = { ...claims, sub: 'user-2', upn: 'bob@corp.example' }
    const other = cookiesOf(await three(session))
    world.provider.claims = claims
    assert.equal((await world.ask({ cookie: session })).status, 401)
    assert.equal((await world.ask({ cookie: other })).status, 200)
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
