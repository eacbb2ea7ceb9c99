import assert from 'node:assert/strict'
import { Agent, request as httpsRequest } from 'node:https'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:tls'
import { after, before, beforeEach, describe, it } from 'node:test'
import { browserCa, World } from '../../support/gateway/world.ts'
import type { ArrivedRequest } from '../../support/gateway/test-connector.ts'

const LOOPBACK = { host: '127.0.0.1', ca: browserCa, servername: 'app.example' }

const hello = (request: ArrivedRequest) => {
  request.reply(200, ['Content-Type', 'text/plain', 'Content-Length', '5'], 'hello')
}

describe('a request through the gateway', () => {
  const world = new World()
  let cookie = ''
  before(async () => {
    await world.start()
    await world.connect()
    cookie = await world.signIn()
  })
  beforeEach(() => {
    world.connector.answer = hello
    world.connector.arrived = () => undefined
  })
  after(() => world.stop())

  it('reaches the connector with app, target and proof, and comes back', async () => {
    const answer = await world.ask({ cookie, path: '/a?b=c' })
    assert.equal(answer.status, 200)
    assert.equal(answer.body, 'hello')
    assert.equal(answer.headers['content-length'], '5')
    const { head } = world.connector.last
    assert.equal(head.app, 'app')
    assert.equal(head.target, '/a?b=c')
    assert.deepEqual(world.connector.proofs, [head.proof])
  })

  it('sends the proof once per session and tunnel', async () => {
    await world.ask({ cookie })
    await world.ask({ cookie })
    assert.equal(world.connector.proofs.length, 1)
  })

  it('tells the connector its apps at once, without who may use them', () => {
    const [first] = world.connector.controls
    assert.equal(first?.type, 'apps')
    assert.deepEqual(
      first.apps.map((app) => app.id),
      ['app', 'wiki', 'open', 'shut'],
    )
    assert.equal('allow' in (first.apps[0] ?? {}), false)
  })

  it('strips identity headers, our cookies and Authorization, and says who asks', async () => {
    await world.ask({
      cookie: `a=1; ${cookie}; b=2`,
      headers: {
        Authorization: 'Basic eDp5',
        'X-Remote-User': 'admin',
        x_forwarded_user: 'admin',
        'X-MS-Client-Principal-Name': 'admin',
        'X-Forwarded-For': '1.2.3.4',
        Connection: 'keep-alive, X-Hop',
        'X-Hop': '1',
        'X-Kept': 'yes',
      },
    })
    const arrived = world.connector.last
    for (const name of [
      'authorization',
      'x-remote-user',
      'x_forwarded_user',
      'x-hop',
      'connection',
    ]) {
      assert.equal(arrived.field(name), undefined, name)
    }
    assert.equal(arrived.field('x-ms-client-principal-name'), undefined)
    assert.equal(arrived.field('cookie'), 'a=1; b=2')
    assert.equal(arrived.field('x-kept'), 'yes')
    assert.equal(arrived.field('x-forwarded-for'), '127.0.0.1')
    assert.equal(arrived.field('x-forwarded-host'), 'app.example')
    assert.equal(arrived.field('x-forwarded-proto'), 'https')
    assert.equal(arrived.field('host'), 'app.corp.example')
    assert.equal(arrived.field('x-request-id'), arrived.head.requestId)
  })

  it("keeps a signed-in user's answers out of shared caches, unless the backend lets them in", async () => {
    const said = async (fields: readonly string[], host = 'app.example') => {
      world.connector.answer = (request) => {
        request.reply(200, ['Content-Length', '0', ...fields])
      }
      const answer = await world.ask({ host, ...(host === 'app.example' && { cookie }) })
      return answer.headers['cache-control']
    }
    assert.equal(await said([]), 'private')
    assert.equal(await said(['Cache-Control', 'max-age=60']), 'max-age=60, private')
    assert.equal(await said(['Cache-Control', 'public, max-age=60']), 'public, max-age=60')
    assert.equal(await said([], 'open.example'), undefined)
  })

  it('translates addresses and cookies outwards', async () => {
    world.connector.answer = (request) => {
      request.reply(302, [
        ...['Location', 'http://app.corp.example/next?x=1', 'Content-Length', '0'],
        ...[
          'Set-Cookie',
          'a=1; Path=/; Domain=app.corp.example',
          'Set-Cookie',
          '__Host-sallyport=x',
        ],
        ...['WWW-Authenticate', 'Negotiate YII=', 'Keep-Alive', 'timeout=99'],
      ])
    }
    const { headers } = await world.ask({ cookie })
    assert.equal(headers.location, 'https://app.example/next?x=1')
    assert.deepEqual(headers['set-cookie'], ['a=1; Path=/; Secure'])
    assert.equal(headers['www-authenticate'], undefined)
    assert.notEqual(headers['keep-alive'], 'timeout=99')
  })

  it('streams a body in, of known and of unknown length', async () => {
    world.connector.answer = (request) => {
      request.reply(200, [], `${request.head.bodyLength ?? 'chunked'}:${request.body}`)
    }
    const known = await world.ask({ cookie, method: 'POST', body: 'abc' })
    assert.equal(known.body, '3:abc')
    const headers = { 'Transfer-Encoding': 'chunked' }
    const unknown = await world.ask({ cookie, method: 'POST', body: 'abc', headers })
    assert.equal(unknown.body, 'chunked:abc')
    assert.equal(unknown.headers['transfer-encoding'], 'chunked')
    const empty = await world.ask({ cookie, method: 'POST', headers: { 'Content-Length': '0' } })
    assert.equal(empty.body, '0:')
  })

  it('writes head and small body at once', async () => {
    const socket = connect({ ...LOOPBACK, port: world.port })
    socket.write(`GET / HTTP/1.1\r\nHost: app.example\r\nCookie: ${cookie}\r\n\r\n`)
    // One TLS record is one event.
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    assert.match(chunk.toString('latin1'), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhello$/s)
    socket.destroy()
  })

  it('sends no body for HEAD, 204 and 304', async () => {
    const fields = ['Content-Length', '5']
    world.connector.answer = (request) => {
      request.stream.sendHead({ status: 200, headers: fields })
      request.stream.end()
    }
    const head = await world.ask({ cookie, method: 'HEAD' })
    assert.equal(head.headers['content-length'], '5')
    for (const status of [204, 304]) {
      world.connector.answer = (request) => {
        request.reply(status, ['ETag', '"x"'], 'stray')
      }
      const answer = await world.ask({ cookie })
      assert.equal(answer.status, status)
      assert.equal(answer.body, '')
    }
  })

  it('sends a response head before its body comes', async () => {
    world.connector.answer = (request) => {
      request.stream.sendHead({ status: 200, headers: ['Content-Type', 'text/event-stream'] })
    }
    const request = httpsRequest(world.options({ cookie }))
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 200)
    world.connector.last.stream.write(Buffer.from('data: 1\n\n'))
    const [chunk] = (await once(response, 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'data: 1\n\n')
    request.destroy()
    await world.connector.last.until((each) => each.resetBy !== undefined)
    assert.equal(world.connector.last.resetBy?.code, 'ERR_GATEWAY_CLIENT_ABORTED')
  })

  it('turns a refusal of the connector into a page, or JSON for scripts', async () => {
    world.connector.answer = (request) => {
      const message = 'alice is sensitive: internal detail'
      request.stream.reset({ code: 'ERR_SSO_NOT_DELEGATABLE', message })
    }
    const page = await world.ask({ cookie, headers: { Accept: 'text/html' } })
    assert.equal(page.status, 403)
    assert.match(page.body, /may not be delegated/)
    assert.match(page.body, /ERR_SSO_NOT_DELEGATABLE/)
    assert.doesNotMatch(page.body, /internal detail/)
    const json = await world.ask({ cookie })
    assert.equal((JSON.parse(json.body) as { code: string }).code, 'ERR_SSO_NOT_DELEGATABLE')
  })

  it('cuts the connection when a response stops half-way', async () => {
    world.connector.answer = (request) => {
      request.stream.sendHead({ status: 200, headers: ['Content-Length', '10'] })
      request.stream.write(Buffer.from('half'))
      setImmediate(() => {
        request.stream.reset({ code: 'ERR_BACKEND_ABORTED', message: 'gone' })
      })
    }
    await assert.rejects(world.ask({ cookie }), { code: 'ECONNRESET' })
  })

  for (const [what, length] of [
    ['shorter', '10'],
    ['longer', '2'],
  ] as const) {
    it(`never passes on a response that is ${what} than announced`, async () => {
      world.connector.answer = (request) => {
        request.reply(200, ['Content-Length', length], 'four')
      }
      await assert.rejects(world.ask({ cookie, agent: new Agent() }))
    })
  }

  it('refuses a response head with contradicting lengths', async () => {
    world.connector.answer = (request) => {
      request.reply(200, ['Content-Length', '4', 'Content-Length', '5'], 'four')
    }
    const answer = await world.ask({ cookie })
    assert.equal(answer.status, 502)
    assert.match(answer.body, /ERR_GATEWAY_BAD_RESPONSE/)
  })

  it('sends the proof again when the connector has lost it, with the body', async () => {
    let refused = 0
    world.connector.answer = (request) => {
      if (refused++ === 0) {
        request.stream.reset({ code: 'ERR_SSO_PROOF_UNKNOWN', message: 'not known' })
      } else request.reply(200, [], request.body)
    }
    const sent = world.connector.proofs.length
    const answer = await world.ask({ cookie, method: 'POST', body: 'once' })
    assert.equal(answer.body, 'once')
    assert.equal(world.connector.proofs.length, sent + 1)
    assert.equal(new Set(world.connector.proofs).size, 1)
  })

  it('asks no third time', async () => {
    world.connector.answer = (request) => {
      request.stream.reset({ code: 'ERR_SSO_PROOF_UNKNOWN', message: 'not known' })
    }
    const before = world.connector.requests.length
    assert.equal((await world.ask({ cookie })).status, 503)
    assert.equal(world.connector.requests.length, before + 2)
  })

  it('holds the connector back while the browser does not read', async () => {
    world.connector.answer = (request) => {
      request.stream.sendHead({ status: 200, headers: [] })
      // More than the stream's window, the TLS socket's buffers and the client's own.
      const block = Buffer.alloc(65_536)
      let left = 200
      const pump = () => {
        while (left > 0) {
          left--
          if (!request.stream.write(block)) return
        }
        request.stream.end()
      }
      request.onDrain = pump
      pump()
    }
    const request = httpsRequest(world.options({ cookie, agent: new Agent() }))
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let octets = 0
    response.on('data', (chunk: Buffer) => (octets += chunk.length))
    await once(response, 'end')
    assert.equal(octets, 200 * 65_536)
  })

  it('holds the browser back while the connector does not read', async () => {
    // More than a tunnel stream would queue if the browser were not held back.
    const total = 20 * 1024 * 1024
    let arrived: ArrivedRequest | undefined
    world.connector.arrived = (request) => {
      arrived = request
      request.greedy = false
    }
    world.connector.answer = (request) => {
      const octets = request.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
      request.reply(200, [], String(octets))
    }
    const answer = world.ask({ cookie, method: 'POST', body: Buffer.alloc(total) })
    while (!arrived) await new Promise(setImmediate)
    const taken = () => (arrived?.chunks ?? []).reduce((sum, chunk) => sum + chunk.length, 0)
    await arrived.until(() => taken() >= 500_000)
    // One window and no more has come: nothing was given back.
    assert.ok(taken() <= 524_288)
    arrived.greedy = true
    arrived.stream.consumed(taken())
    assert.equal((await answer).body, String(total))
  })

  it('answers 100-continue only when the body is wanted', async () => {
    world.connector.answer = (request) => {
      request.reply(200, [], request.body)
    }
    world.connector.arrived = (request) => {
      if (request.field('expect') === '100-continue')
        request.stream.sendInterim({ status: 100, headers: [] })
    }
    const headers = { Expect: '100-continue', 'Content-Length': '3' }
    const wanted = httpsRequest(world.options({ cookie, method: 'PUT', headers }))
    wanted.flushHeaders()
    await once(wanted, 'continue')
    wanted.end('abc')
    const [response] = (await once(wanted, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 200)
    response.resume()
    const unwanted = httpsRequest(world.options({ method: 'PUT', headers }))
    let continued = false
    unwanted.on('continue', () => (continued = true))
    unwanted.flushHeaders()
    const [refusal] = (await once(unwanted, 'response')) as [IncomingMessage]
    assert.equal(refusal.statusCode, 401)
    assert.equal(continued, false)
    unwanted.destroy()
  })

  it('refuses unknown hosts, TRACE and targets that are no path', async () => {
    assert.equal((await world.ask({ host: 'wiki.example', headers: { Host: 'x' } })).status, 421)
    assert.equal((await world.ask({ cookie, method: 'TRACE' })).status, 405)
    assert.equal((await world.ask({ cookie, path: `/${'x'.repeat(17_000)}` })).status, 414)
    assert.equal((await world.ask({ cookie, path: 'https://app.example/' })).status, 400)
    const fields = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`X-${at}`, '1']))
    assert.equal((await world.ask({ cookie, headers: fields })).status, 431)
  })

  it('accepts the default port and any case in Host', async () => {
    assert.equal((await world.ask({ cookie, headers: { Host: 'APP.example:443' } })).status, 200)
  })

  for (const [what, fields] of [
    ['Content-Length beside chunked', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'],
    ['two Content-Length', 'Content-Length: 3\r\nContent-Length: 4\r\n'],
    ['two Host', 'Host: wiki.example\r\n'],
    ['a folded field', 'X-A: 1\r\n folded\r\n'],
    ['a space before the colon', 'X-A : 1\r\n'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const before = world.connector.requests.length
      const socket = connect({ ...LOOPBACK, port: world.port })
      socket.write(`POST / HTTP/1.1\r\nHost: app.example\r\nCookie: ${cookie}\r\n${fields}\r\n`)
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      assert.match(chunk.toString('latin1'), /^HTTP\/1\.1 400 /)
      socket.destroy()
      assert.equal(world.connector.requests.length, before)
    })
  }
})
