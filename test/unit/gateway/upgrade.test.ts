import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Apps, gatewayConfigSchema } from '../../../src/gateway/index.ts'
import { hopFieldsFor, inwardTrailers, takesTrailers } from '../../../src/gateway/hop-fields.ts'
import { mayOriginSwitch, protocolToSwitchTo, switchFields } from '../../../src/gateway/upgrade.ts'
import { HTTP_CAPABILITIES } from '../../../src/tunnel/index.ts'
import { testConfig } from '../../support/gateway/world.ts'

function appWith(change: object) {
  const config = testConfig()
  const [app] = config.apps
  return gatewayConfigSchema.safeParse({ ...config, apps: [{ ...app, ...change }] })
}

function routeWith(change: object) {
  const parsed = appWith(change)
  assert.ok(parsed.success)
  const route = new Apps(parsed.data.apps).find('app.example')
  assert.ok(route)
  return route
}

const route = routeWith({})
const switching = (fields: readonly string[], method = 'GET', over = route) =>
  protocolToSwitchTo({ method, rawHeaders: fields }, over)

describe('protocolToSwitchTo', () => {
  it('takes the listed protocols, on a GET without a body', () => {
    assert.equal(switching(['Connection', 'upgrade', 'UPGRADE', 'WebSocket']), 'websocket')
    assert.equal(switching(['Upgrade', 'websocket', 'Content-Length', '0']), 'websocket')
    const other = routeWith({ upgrades: ['WebSocket', 'SPDY/3.1'] })
    assert.equal(switching(['Upgrade', 'spdy/3.1'], 'GET', other), 'spdy/3.1')
  })

  it('takes everything else for an ordinary request', () => {
    assert.equal(switching([]), undefined)
    assert.equal(switching(['Upgrade', 'h2c']), undefined)
    assert.equal(switching(['Upgrade', 'websocket, h2c']), undefined)
    assert.equal(switching(['Upgrade', 'websocket'], 'POST'), undefined)
    assert.equal(switching(['Upgrade', 'websocket', 'Content-Length', '5']), undefined)
    assert.equal(switching(['Upgrade', 'websocket', 'Transfer-Encoding', 'chunked']), undefined)
    assert.equal(switching(['Upgrade', 'websocket'], 'GET', routeWith({ upgrades: [] })), undefined)
  })
})

describe('mayOriginSwitch', () => {
  it('lets the app itself and listed origins', () => {
    const listing = routeWith({
      upgradeOrigins: ['https://Portal.example/', 'http://localhost:3000'],
    })
    for (const origin of ['https://app.example', 'https://portal.example', 'http://localhost:3000'])
      assert.equal(mayOriginSwitch(['Origin', origin], listing), true, origin)
    assert.equal(mayOriginSwitch(['origin', 'https://APP.example'], route), true)
  })

  it('lets nobody else, and no browser without an origin', () => {
    for (const origin of [
      'https://portal.example',
      'null',
      '',
      'http://app.example',
      'https://app.example:444',
    ])
      assert.equal(mayOriginSwitch(['Origin', origin], route), false, origin)
    assert.equal(mayOriginSwitch([], route), true)
    assert.equal(mayOriginSwitch(['Sec-Fetch-Site', 'same-origin'], route), true)
    assert.equal(mayOriginSwitch(['Sec-Fetch-Site', 'none'], route), false)
  })
})

describe('switchFields', () => {
  it('says what was switched to, without framing', () => {
    const headers = ['upgrade', 'WebSocket', 'Content-Length', '5', 'Sec-WebSocket-Accept', 'x']
    assert.deepEqual(switchFields({ status: 101, headers }, route, 'websocket'), [
      ...['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Accept', 'x'],
    ])
  })

  it('refuses another protocol', () => {
    for (const headers of [['upgrade', 'h2c'], []])
      assert.throws(() => switchFields({ status: 101, headers }, route, 'websocket'), {
        code: 'ERR_GATEWAY_BAD_RESPONSE',
      })
  })
})

describe('the settings', () => {
  it('refuse other versions of HTTP, TLS, and origins with a path', () => {
    for (const name of ['h2c', 'H2', 'HTTP/2.0', 'tls/1.2', 'a b', ''])
      assert.equal(appWith({ upgrades: [name] }).success, false, name)
    for (const origin of ['https://x.example/path', 'x.example', 'wss://x.example'])
      assert.equal(appWith({ upgradeOrigins: [origin] }).success, false, origin)
  })
})

describe('what is said to the connector alone', () => {
  const hop = { takesTrailers: true, trailer: 'X-Sum, Cookie', expectsContinue: true }

  it('is what it has announced to understand', () => {
    assert.deepEqual(hopFieldsFor(hop, 'websocket', HTTP_CAPABILITIES), [
      ...['Upgrade', 'websocket', 'TE', 'trailers', 'Trailer', 'X-Sum', 'Expect', '100-continue'],
    ])
    assert.deepEqual(hopFieldsFor(hop, undefined, []), [])
    assert.deepEqual(hopFieldsFor(undefined, undefined, HTTP_CAPABILITIES), [])
  })

  it('names trailers, alone or in a list', () => {
    for (const value of ['trailers', 'gzip;q=0.5, Trailers'])
      assert.equal(takesTrailers(value), true)
    for (const value of ['', 'gzip', 'trailers;q=0']) assert.equal(takesTrailers(value), false)
  })

  it('leaves out of trailers who the user is', () => {
    const raw = ['X-Sum', '1', 'X-Remote-User', 'a', 'Remote_User', 'b', 'TE', 'x', 'Origin', 'y']
    assert.deepEqual(inwardTrailers(raw), ['X-Sum', '1'])
  })
})
