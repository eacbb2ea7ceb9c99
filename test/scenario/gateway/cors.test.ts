/** Calls of one app's page to another app: who may, and that nothing unauthenticated goes inside. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { testConfig, World, type Answer, type Ask } from '../../support/gateway/world.ts'

const CALLER = 'https://portal.example'
const PREFLIGHT = {
  Origin: CALLER,
  'Access-Control-Request-Method': 'PUT',
  'Access-Control-Request-Headers': 'content-type,x-version',
}

const OPEN_PART = { path: '/open/', preAuthentication: 'passthrough' }

function crossOriginOf({ headers }: Answer): Record<string, unknown> {
  const named = Object.entries(headers).filter(([name]) => name.startsWith('access-control-'))
  return Object.fromEntries(named.map(([name, value]) => [name.slice(15), value]))
}

describe('calls from pages of other origins', { timeout: 60_000 }, () => {
  const apps = testConfig().apps.map(({ id, ...app }) => {
    const cors = {
      allowedOrigins: [CALLER, 'https://wiki.example/'],
      allowedMethods: ['GET', 'PUT'],
      allowedHeaders: ['Content-Type', 'X-Version'],
      maxAgeInSeconds: 60,
    }
    return { ...app, id, ...(id === 'app' && { cors, paths: [OPEN_PART] }) }
  })
  const world = new World(testConfig({ apps }))
  let cookie = ''
  before(async () => {
    await world.start()
    await world.connect()
    cookie = await world.signIn()
  })
  after(() => world.stop())

  const preflight = (ask: Ask = {}): Promise<Answer> =>
    world.ask({ method: 'OPTIONS', ...ask, headers: { ...PREFLIGHT, ...ask.headers } })

  const inside = (): number => world.connector.requests.length

  it('a preflight is answered by the gateway alone', async () => {
    const before = inside()
    for (const path of ['/', '/deep/er?x=1']) {
      const answer = await preflight({ path })
      assert.deepEqual([answer.status, answer.body], [204, ''])
      assert.deepEqual(crossOriginOf(answer), {
        'allow-origin': CALLER,
        'allow-credentials': 'true',
        'allow-methods': 'GET, PUT',
        'allow-headers': 'Content-Type, X-Version',
        'max-age': '60',
      })
      assert.equal(answer.headers.vary, 'Origin')
    }
    assert.equal(inside(), before)
  })

  it('the same with a session: what asks is the browser, not the page', async () => {
    const before = inside()
    assert.equal((await preflight({ cookie })).status, 204)
    assert.equal(inside(), before)
  })

  for (const origin of [
    'https://evil.example',
    'null',
    'http://portal.example',
    `${CALLER}:8443`,
  ]) {
    it(`a preflight of ${origin} is refused by its code`, async () => {
      const before = inside()
      const answer = await preflight({ headers: { Origin: origin } })
      assert.equal(answer.status, 403)
      assert.match(answer.body, /ERR_GATEWAY_CROSS_SITE/)
      assert.deepEqual(crossOriginOf(answer), {})
      assert.equal(inside(), before)
      const line = world.logger.lines.find(({ fields }) => fields['origin'] === origin)
      assert.match(String(line?.fields['mend']), /cors\.allowedOrigins/)
    })
  }

  it('no other OPTIONS gets past the sign-in, nor a preflight of an app without cors', async () => {
    const before = inside()
    const { Origin, ...rest } = PREFLIGHT
    for (const ask of [{ headers: rest }, { headers: { Origin } }, {}]) {
      assert.equal((await world.ask({ method: 'OPTIONS', ...ask })).status, 401)
    }
    const elsewhere = await preflight({ host: 'wiki.example' })
    assert.equal(elsewhere.status, 401)
    assert.deepEqual(crossOriginOf(elsewhere), {})
    assert.equal(inside(), before)
  })

  it('the answer to the call itself can be read by the listed page, whatever the backend says', async () => {
    world.connector.answer = (request) => {
      const own = ['Access-Control-Allow-Origin', '*', 'Access-Control-Allow-Credentials', 'no']
      const exposed = ['Access-Control-Expose-Headers', 'X-Total', 'Vary', 'Accept']
      request.reply(200, [...own, ...exposed])
    }
    const put = { method: 'PUT', cookie, headers: { Origin: CALLER } }
    const answer = await world.ask(put)
    assert.equal(answer.status, 200)
    assert.deepEqual(crossOriginOf(answer), {
      'allow-origin': CALLER,
      'allow-credentials': 'true',
      'expose-headers': 'X-Total',
    })
    assert.equal(answer.headers.vary, 'Accept, Origin')
    assert.equal(world.connector.last.field('origin'), CALLER)
    const other = await world.ask({ cookie, headers: { Origin: 'https://evil.example' } })
    assert.deepEqual(crossOriginOf(other), { 'expose-headers': 'X-Total' })
    assert.equal((await world.ask({ cookie })).headers.vary, 'Accept, Origin')
  })

  it('so can a refusal, with the way to the sign-in', async () => {
    const answer = await world.ask({ headers: { Origin: CALLER, Accept: 'application/json' } })
    assert.equal(answer.status, 401)
    assert.equal(crossOriginOf(answer)['allow-origin'], CALLER)
    assert.match(answer.body, /signIn/)
    world.connector.answer = (request) => {
      request.stream.reset({ code: 'ERR_SSO_POLICY_DENIED', message: 'no' })
    }
    const failed = await world.ask({ cookie, headers: { Origin: CALLER } })
    assert.match(failed.body, /ERR_SSO_POLICY_DENIED/)
    assert.equal(crossOriginOf(failed)['allow-origin'], CALLER)
  })

  it('the gateway’s own pages are nobody else’s', async () => {
    const answer = await preflight({ path: '/.sallyport/sign-out' })
    assert.notEqual(answer.status, 204)
    assert.deepEqual(crossOriginOf(answer), {})
  })

  it('in an open part of the app the backend has its say', async () => {
    world.connector.answer = (request) => {
      request.reply(204, ['Access-Control-Allow-Origin', '*'])
    }
    const answer = await preflight({ path: '/open/x' })
    assert.deepEqual(crossOriginOf(answer), { 'allow-origin': '*' })
    assert.equal(world.connector.last.head.proof, '')
  })
})
