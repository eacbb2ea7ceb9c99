import assert from 'node:assert/strict'
import { Agent } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { World } from '../../support/gateway/world.ts'
import { TestConnector, type ArrivedRequest } from '../../support/gateway/test-connector.ts'

describe('connectors of a group', () => {
  const world = new World()
  const other = new TestConnector()
  let cookie = ''
  before(async () => {
    await world.start()
    cookie = await world.signIn('open.example').catch(() => '')
    cookie = await world.signIn()
  })
  after(() => world.stop())

  it('are missed by a 503', async () => {
    const answer = await world.ask({ cookie, headers: { Accept: 'text/html' } })
    assert.equal(answer.status, 503)
    assert.match(answer.body, /ERR_GATEWAY_NO_CONNECTOR/)
    assert.equal(answer.headers['retry-after'], '10')
  })

  it('share the requests, and take over safe ones from a lost tunnel', async () => {
    const first = await world.connect()
    await world.connect(other, 'c2')
    await Promise.all(Array.from({ length: 8 }, () => world.ask({ cookie })))
    assert.ok(world.connector.requests.length > 0 && other.requests.length > 0)
    const waiting: ArrivedRequest[] = []
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const hold = (request: ArrivedRequest) => {
      waiting.push(request)
      if (waiting.length === 1) resolve(undefined)
    }
    world.connector.answer = hold
    other.answer = (request) => {
      request.reply(200, [], 'other')
    }
    // Fill until one is held by the first connector.
    const answers: Promise<{ status: number; body: string }>[] = []
    while (waiting.length === 0) {
      answers.push(world.ask({ cookie, agent: new Agent() }))
      await Promise.race([promise, answers.at(-1)])
    }
    first.lose()
    for (const answer of await Promise.all(answers)) assert.equal(answer.body, 'other')
  })

  it('lose a POST with their tunnel, with a clear answer', async () => {
    const lonely = new World()
    await lonely.start()
    const pair = await lonely.connect()
    await lonely.connect(other, 'c2')
    const session = await lonely.signIn()
    other.answer = (request) => {
      request.reply(200, [], 'other')
    }
    lonely.connector.answer = () => {
      pair.lose()
    }
    const statuses = new Set<number>()
    for (let at = 0; at < 3; at++) {
      statuses.add((await lonely.ask({ cookie: session, method: 'POST', body: 'x' })).status)
    }
    assert.deepEqual([...statuses].sort(), [200, 502])
    await lonely.stop()
  })

  it('are cut by id', () => {
    assert.equal(world.gateway.connectors.cut('c2'), 1)
    assert.deepEqual(world.gateway.connectors.list(), [])
  })
})

describe('a passthrough app', () => {
  const world = new World()
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  it('needs no session, sends no proof, and strips identity all the same', async () => {
    const headers = { Remote_User: 'admin', Authorization: 'Basic eDp5' }
    const answer = await world.ask({ host: 'open.example', headers })
    assert.equal(answer.status, 200)
    assert.equal(world.connector.last.head.proof, '')
    assert.equal(world.connector.last.field('remote_user'), undefined)
    assert.equal(world.connector.last.field('authorization'), 'Basic eDp5')
  })

  it('never lets NTLM or Negotiate onto shared connections', async () => {
    world.connector.answer = (request) => {
      request.reply(401, [
        'WWW-Authenticate',
        'Negotiate, NTLM',
        'WWW-Authenticate',
        'Basic realm="x"',
      ])
    }
    const headers = { Authorization: 'NTLM TlRMTVNTUAAB' }
    const answer = await world.ask({ host: 'open.example', headers })
    assert.equal(world.connector.last.field('authorization'), undefined)
    assert.equal(answer.headers['www-authenticate'], 'Basic realm="x"')
  })

  it('has no sign-in pages', async () => {
    const path = '/.sallyport/sign-out'
    assert.equal((await world.ask({ host: 'open.example', path })).status, 404)
  })
})

describe('stopping', () => {
  it('lets a request in flight end, and then closes', async () => {
    const world = await new World().start()
    await world.connect()
    const cookie = await world.signIn()
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    world.connector.answer = resolve
    const answer = world.ask({ cookie })
    const request = await promise
    const stopped = world.gateway.stop()
    request.reply(200, [], 'hello')
    assert.equal((await answer).body, 'hello')
    await stopped
    await assert.rejects(world.ask({ cookie }))
  })

  it('ends a request that does not', async () => {
    const world = await new World().start()
    await world.connect()
    const cookie = await world.signIn()
    const { promise, resolve } = Promise.withResolvers<ArrivedRequest>()
    world.connector.answer = resolve
    const answer = world.ask({ cookie })
    await promise
    await world.gateway.stop()
    assert.equal((await answer).status, 503)
  })
})
