/** Step-up where no page can be sent to the provider: WebSocket upgrades, and what runs while a sign-in becomes too old. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { after, before, beforeEach, describe, it } from 'node:test'
import { ManualClock } from '../../support/manual-clock.ts'
import { cookiesOf, testConfig, World, type Answer, type Ask } from '../../support/gateway/world.ts'

const UPGRADE = { Connection: 'Upgrade', Upgrade: 'websocket' }
const HTML = { Accept: 'text/html' }
const JSON_ONLY = { Accept: 'application/json' }
const MINUTE_MS = 60_000

describe('step-up without a page', { timeout: 120_000 }, () => {
  const clock = new ManualClock(Date.now())
  const wishes = { acr: ['urn:strong'], maxAgeMinutes: 2 }
  const apps = testConfig().apps.map((app) => (app.id === 'app' ? { ...app, ...wishes } : app))
  const world = new World(testConfig({ apps }), { clock })
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())
  beforeEach(() => {
    world.connector.arrived = ({ stream, head }) => {
      if (head.headers.includes('websocket')) {
        stream.sendHead({ status: 101, headers: ['Upgrade', 'websocket'] })
      }
    }
    world.connector.answer = () => undefined
  })

  /** Signs in, as often as the gateway asks for. */
  const signIn = async (claims: Record<string, unknown> = {}, host = 'app.example') => {
    const base = { sub: 'user-1', upn: 'alice@corp.example', groups: ['staff'] }
    const auth_time = clock.nowMs() / 1000
    world.provider.claims = { ...base, acr: 'urn:strong', auth_time, ...claims }
    let answer = await world.ask({ host, headers: HTML })
    while (answer.headers.location?.startsWith('https://idp.example') === true) {
      const { searchParams } = new URL(answer.headers.location)
      const path = `/.sallyport/callback?code=x&state=${searchParams.get('state') ?? ''}`
      answer = await world.ask({ host, path, cookie: cookiesOf(answer), headers: HTML })
    }
    return cookiesOf(answer)
  }

  /** Asks for an upgrade: the socket, or the answer. */
  const upgrade = async (cookie: string, more: Ask = {}): Promise<Duplex | Answer> => {
    const origin = { Origin: `https://${more.host ?? 'app.example'}` }
    const headers = { ...UPGRADE, ...origin, ...more.headers }
    const request = httpsRequest(world.options({ cookie, ...more, headers }))
    request.end()
    const refused = once(request, 'response').then(async (said) => {
      const [response] = said as [IncomingMessage]
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      const { statusCode: status = 0, headers: fields, rawHeaders } = response
      return { status, headers: fields, rawHeaders, body: Buffer.concat(chunks).toString() }
    })
    const switched = once(request, 'upgrade').then((said) => {
      const [, socket] = said as [IncomingMessage, Duplex]
      return socket.on('error', () => undefined).resume()
    })
    return Promise.race([refused, switched])
  }
  const socketOf = (opened: Duplex | Answer): Duplex => {
    assert.ok('destroy' in opened, 'status' in opened ? opened.body : '')
    return opened
  }
  const refusalOf = (opened: Duplex | Answer) => {
    assert.ok('status' in opened, 'it has switched')
    const { status, headers, body } = opened
    const { code, signIn: where } = JSON.parse(body) as Record<string, string>
    return { status, location: headers.location, code, where }
  }

  describe('a WebSocket upgrade', () => {
    const where = '/.sallyport/sign-in?to=%2Fsocket&fresh=1'
    const needed = { status: 401, location: undefined, where }

    it('is answered 401 with code and way, and works after the page has stepped up', async () => {
      const cookie = await signIn()
      await clock.advance(2 * MINUTE_MS + 1)
      const tooOld = await upgrade(cookie, { path: '/socket', headers: JSON_ONLY })
      assert.deepEqual(refusalOf(tooOld), { ...needed, code: 'ERR_GATEWAY_STEP_UP_NEEDED' })
      socketOf(await upgrade(await signIn())).destroy()
    })

    it('is answered 403 where the provider has just been asked and gave less', async () => {
      const cookie = await signIn({ acr: 'urn:weak' })
      const weak = await upgrade(cookie, { headers: JSON_ONLY })
      const { status, code } = refusalOf(weak)
      assert.deepEqual([status, code], [403, 'ERR_GATEWAY_STEP_UP_REFUSED'])
    })

    for (const wish of [{}, { acr: ['urn:inside'] }]) {
      const said = 'acr' in wish ? 'and says what it wants' : 'and says no more'
      it(`is answered 401 where the policy inside refuses ${said}, never by a redirect`, async () => {
        const cookie = await signIn({}, 'wiki.example')
        await clock.advance(MINUTE_MS + 1)
        world.connector.arrived = ({ stream }) => {
          stream.reset({ code: 'ERR_SSO_STEP_UP_NEEDED', message: 'acr', ...wish })
        }
        const ask = { host: 'wiki.example', path: '/socket' }
        const answer = await upgrade(cookie, { ...ask, headers: JSON_ONLY })
        assert.deepEqual(refusalOf(answer), { ...needed, code: 'ERR_SSO_STEP_UP_NEEDED' })
        const asked = world.provider.asked.length
        const html = await upgrade(cookie, { ...ask, headers: HTML })
        assert.ok('status' in html)
        assert.deepEqual([html.status, html.headers.location], [401, undefined])
        assert.match(html.body, /ERR_SSO_STEP_UP_NEEDED/)
        assert.equal(world.provider.asked.length, asked)
      })
    }
  })

  describe('a sign-in that becomes too old by gateway.yaml alone', () => {
    it('ends a WebSocket, and nothing of an app that wants no more', async () => {
      const socket = socketOf(await upgrade(await signIn()))
      const request = world.connector.last
      const host = 'wiki.example'
      const other = socketOf(await upgrade(await signIn({}, host), { host }))
      const closed = once(socket, 'close')
      await clock.advance(2 * MINUTE_MS)
      assert.equal(socket.closed, false)
      await clock.advance(2000)
      await closed
      await request.until(({ resetBy }) => resetBy !== undefined)
      assert.equal(request.resetBy?.code, 'ERR_GATEWAY_STEP_UP_NEEDED')
      assert.equal(other.closed, false)
      other.destroy()
    })

    it('ends it although the token has been refreshed, since that is no sign-in', async () => {
      world.provider.lifeSeconds = 60
      const { refreshes } = world.provider
      const socket = socketOf(await upgrade(await signIn()))
      const closed = once(socket, 'close')
      await clock.advance(2 * MINUTE_MS + 2000)
      await closed
      assert.ok(world.provider.refreshes > refreshes)
      world.provider.lifeSeconds = 3600
    })

    it('ends what a refreshed token that says less would carry on', async () => {
      world.provider.lifeSeconds = 60
      const socket = socketOf(await upgrade(await signIn()))
      const closed = once(socket, 'close')
      world.provider.claims = { ...world.provider.claims, acr: 'urn:weak' }
      await clock.advance(MINUTE_MS)
      await closed
      world.provider.lifeSeconds = 3600
    })

    it('cuts an event stream and a download', async () => {
      for (const type of ['text/event-stream', 'application/octet-stream']) {
        const cookie = await signIn()
        world.connector.arrived = ({ stream }) => {
          stream.sendHead({ status: 200, headers: ['Content-Type', type] })
          stream.write(Buffer.from('data: 1\n\n'))
        }
        const request = httpsRequest(world.options({ cookie }))
        request.end()
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        const broken = once(response, 'error')
        await once(response, 'data')
        await clock.advance(2 * MINUTE_MS + 2000)
        await broken
        assert.equal(response.complete, false)
      }
    })

    it('sends a page that still waits to the sign-in, and tells a program', async () => {
      const cookie = await signIn()
      await clock.advance(MINUTE_MS)
      const { length } = world.connector.requests
      world.connector.arrived = () => undefined
      const page = world.ask({ cookie, path: '/slow', headers: HTML })
      const program = world.ask({ cookie, path: '/slow', headers: JSON_ONLY })
      while (world.connector.requests.length < length + 2) await new Promise(setImmediate)
      await clock.advance(MINUTE_MS + 2000)
      const to = 'https://app.example/.sallyport/sign-in?to=%2Fslow&fresh=1'
      assert.deepEqual([(await page).status, (await page).headers.location], [303, to])
      assert.equal((await program).status, 401)
      assert.match((await program).body, /ERR_GATEWAY_STEP_UP_NEEDED/)
    })
  })
})
