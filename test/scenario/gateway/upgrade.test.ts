import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { after, before, beforeEach, describe, it } from 'node:test'
import { CAPABILITY, HTTP_CAPABILITIES } from '../../../src/tunnel/index.ts'
import { browserCa, testConfig, World, type Ask } from '../../support/gateway/world.ts'
import { TestConnector, type ArrivedRequest } from '../../support/gateway/test-connector.ts'

const UPGRADE = { Connection: 'Upgrade', Upgrade: 'websocket', Origin: 'https://app.example' }
const SWITCH = [
  ...['Upgrade', 'websocket', 'Sec-WebSocket-Accept', 'abc'],
  ...['Set-Cookie', 'a=1; Domain=app.corp.example', 'WWW-Authenticate', 'Negotiate YII='],
]

/** Switches and sends back what it gets. */
function echo(request: ArrivedRequest): void {
  request.stream.sendHead({ status: 101, headers: SWITCH })
  request.onData = (chunk) => {
    request.chunks.push(Buffer.from(chunk))
    if (request.body.endsWith('ours')) return
    request.stream.write(Buffer.from(chunk))
    request.stream.consumed(chunk.length)
  }
}

describe('a connection that switches protocols', { timeout: 60_000 }, () => {
  const world = new World()
  let cookie = ''
  before(async () => {
    await world.start()
    await world.connect()
    cookie = await world.signIn()
  })
  beforeEach(() => {
    world.connector.arrived = echo
    world.connector.answer = (request) => {
      request.stream.end()
    }
  })
  after(() => world.stop())

  interface Switched {
    readonly socket: Duplex
    readonly head: Buffer
    readonly response: IncomingMessage
  }

  function open(ask: Ask = {}): Promise<Switched> {
    const headers = { ...UPGRADE, ...ask.headers }
    return new Promise((resolve, reject) => {
      const request = httpsRequest(world.options({ cookie, ...ask, headers }))
      request.on('upgrade', (response, socket, head) => {
        socket.on('error', () => undefined)
        resolve({ response, socket, head })
      })
      request.on('response', (response) => {
        reject(new Error(`refused with ${response.statusCode}`))
      })
      request.on('error', reject)
      request.end()
    })
  }

  const refused = (ask: Ask = {}) =>
    world.ask({ cookie, ...ask, headers: { ...UPGRADE, ...ask.headers } })

  it('asks the connector with what belongs to the handshake, its origin translated', async () => {
    const { socket, response } = await open({
      path: '/chat?a=b',
      headers: { 'Sec-WebSocket-Key': 'k', 'Sec-WebSocket-Version': '13', 'X-Remote-User': 'x' },
    })
    const { last } = world.connector
    assert.equal(last.head.target, '/chat?a=b')
    assert.equal(last.ended, false)
    assert.deepEqual(
      ['upgrade', 'origin', 'sec-websocket-key', 'sec-websocket-version', 'host'].map((name) =>
        last.field(name),
      ),
      ['websocket', 'http://app.corp.example', 'k', '13', 'app.corp.example'],
    )
    assert.equal(last.field('connection'), undefined)
    assert.equal(last.field('x-remote-user'), undefined)
    assert.equal(response.statusCode, 101)
    assert.equal(response.headers.upgrade, 'websocket')
    assert.equal(response.headers['sec-websocket-accept'], 'abc')
    assert.deepEqual(response.headers['set-cookie'], ['a=1; Secure'])
    assert.equal(response.headers['www-authenticate'], undefined)
    assert.equal(response.headers['transfer-encoding'], undefined)
    socket.destroy()
    await last.until((request) => request.ended)
  })

  it('carries octets both ways, and each direction ends by itself', async () => {
    const { socket } = await open()
    socket.allowHalfOpen = true
    socket.write('one')
    const [first] = (await once(socket, 'data')) as [Buffer]
    assert.equal(first.toString(), 'one')
    const { last } = world.connector
    last.stream.end(Buffer.from('the last word'))
    const [word] = (await once(socket, 'data')) as [Buffer]
    assert.equal(word.toString(), 'the last word')
    await once(socket, 'end')
    socket.end('ours')
    await last.until((request) => request.ended)
    assert.match(last.body, /ours$/)
    assert.equal(last.resetBy, undefined)
  })

  it('holds what the browser says too early until the backend has switched', async () => {
    const arrived = Promise.withResolvers<ArrivedRequest>()
    world.connector.arrived = arrived.resolve
    const options = {
      host: '127.0.0.1',
      port: world.port,
      ca: browserCa,
      servername: 'app.example',
    }
    const socket = connect(options)
    const fields = `Host: app.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${cookie}`
    socket.write(`GET / HTTP/1.1\r\n${fields}\r\n\r\nearly`)
    const request = await arrived.promise
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(request.body, '')
    request.stream.sendHead({ status: 101, headers: SWITCH })
    await request.until(() => request.body === 'early')
    socket.destroy()
  })

  it('is held up by a browser that does not read, and by a backend that does not', async () => {
    const { socket } = await open()
    const { last } = world.connector
    let taken = 0
    last.onData = (chunk) => {
      taken += chunk.length
    }
    socket.pause()
    const chunk = Buffer.alloc(65_536)
    let roomThere = 0
    while (last.stream.write(chunk)) roomThere += chunk.length
    let roomHere = 0
    while (socket.write(chunk) && roomHere < 64 * 1_048_576) roomHere += chunk.length
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok(taken <= 524_288, `${taken} octets arrived without credit`)
    assert.ok(roomThere < 8 * 1_048_576)
    socket.destroy()
    await last.until((request) => request.resetBy !== undefined)
  })

  it('is an ordinary response when the backend refuses', async () => {
    for (const status of [200, 401, 403, 404, 426]) {
      world.connector.arrived = (request) => {
        request.stream.sendHead({ status, headers: ['Content-Length', '2', 'X-Why', 'no'] })
        request.stream.end(Buffer.from('no'))
      }
      const answer = await refused()
      assert.deepEqual([answer.status, answer.body, answer.headers['x-why']], [status, 'no', 'no'])
      assert.equal(answer.headers.connection, 'close')
      await world.connector.last.until((request) => request.ended || request.resetBy !== undefined)
    }
  })

  it('is refused when the backend switches to what nobody asked for', async () => {
    world.connector.arrived = (request) => {
      request.stream.sendHead({ status: 101, headers: ['Upgrade', 'h2c'] })
    }
    assert.equal((await refused()).status, 502)
  })

  it('never happens to who did not ask', async () => {
    world.connector.answer = (request) => {
      request.stream.sendHead({ status: 101, headers: SWITCH })
    }
    world.connector.arrived = () => undefined
    assert.equal((await world.ask({ cookie })).status, 502)
  })

  it('needs a session: 401 and no redirect, even where a page is wanted', async () => {
    const before = world.connector.requests.length
    const answer = await world.ask({ headers: { ...UPGRADE, Accept: 'text/html' } })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.location, undefined)
    assert.equal(world.connector.requests.length, before)
  })

  it('is refused to pages of other sites, since the cookie comes along', async () => {
    const before = world.connector.requests.length
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: 'http://app.example' },
      { Origin: 'https://app.example.evil' },
    ]) {
      assert.equal((await refused({ headers })).status, 403, headers.Origin)
    }
    const { Connection, Upgrade } = UPGRADE
    const silent = { Connection, Upgrade, 'Sec-Fetch-Site': 'cross-site' }
    assert.equal((await world.ask({ cookie, headers: silent })).status, 403)
    assert.equal(world.connector.requests.length, before)
  })

  it('is refused by name where no connector can switch', async () => {
    const old = new World()
    await old.start()
    await old.connect(new TestConnector(), 'c1', [CAPABILITY.TRAILERS])
    const answer = await old.ask({
      cookie: await old.signIn(),
      headers: { ...UPGRADE, Accept: 'application/json' },
    })
    assert.equal(answer.status, 503)
    assert.match(answer.body, /ERR_GATEWAY_UPGRADE/)
    await old.stop()
  })

  it('takes the connector that can', async () => {
    const mixed = new World()
    await mixed.start()
    await mixed.connect(new TestConnector(), 'old', [])
    const able = new TestConnector()
    able.arrived = echo
    await mixed.connect(able, 'new', HTTP_CAPABILITIES)
    const session = await mixed.signIn()
    for (let n = 0; n < 3; n += 1) {
      const request = httpsRequest(mixed.options({ cookie: session, headers: UPGRADE }))
      request.end()
      const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex]
      assert.equal(response.statusCode, 101)
      socket.destroy()
    }
    await mixed.stop()
  })

  it('ends with the session', async () => {
    const { socket } = await open()
    socket.resume()
    const closed = once(socket, 'close')
    await world.gateway.revokeUser('alice@corp.example')
    await closed
    const { last } = world.connector
    await last.until((request) => request.resetBy !== undefined)
    assert.equal(last.resetBy?.code, 'ERR_GATEWAY_SESSION_ENDED')
    cookie = await world.signIn()
  })

  it('ends when the connector resets it or goes away', async () => {
    const { socket } = await open()
    socket.resume()
    const closed = once(socket, 'close')
    world.connector.last.stream.reset({ code: 'ERR_SSO_PROOF_EXPIRED', message: 'expired' })
    await closed
  })

  it('is not waited for when the gateway stops', async () => {
    const stopping = new World(
      testConfig({ browser: { ...testConfig().browser, limits: { drainMs: 86_400_000 } } }),
    )
    await stopping.start()
    await stopping.connect()
    stopping.connector.arrived = echo
    const request = httpsRequest(
      stopping.options({ host: 'open.example', headers: { ...UPGRADE, Origin: 'https://x' } }),
    )
    request.end()
    const [, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex]
    socket.on('error', () => undefined).resume()
    const closed = once(socket, 'close')
    await stopping.stop()
    await closed
  })

  it('nor is an event stream', async () => {
    const limits = { drainMs: 86_400_000 }
    const stopping = new World(testConfig({ browser: { ...testConfig().browser, limits } }))
    await stopping.start()
    await stopping.connect()
    stopping.connector.answer = (request) => {
      request.stream.sendHead({ status: 200, headers: ['Content-Type', 'text/event-stream'] })
      request.stream.write(Buffer.from('data: 1\n\n'))
    }
    const request = httpsRequest(stopping.options({ host: 'open.example' }))
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const broken = once(response, 'error')
    await once(response, 'data')
    await stopping.stop()
    await broken
  })
})
