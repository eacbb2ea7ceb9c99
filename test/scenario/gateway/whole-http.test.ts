import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { after, before, beforeEach, describe, it } from 'node:test'
import { browserCa, World } from '../../support/gateway/world.ts'
import { TestConnector, type ArrivedRequest } from '../../support/gateway/test-connector.ts'

const hello = (request: ArrivedRequest) => {
  request.reply(200, ['Content-Length', '5'], 'hello')
}

describe('all that HTTP/1.1 can do, through the gateway', { timeout: 60_000 }, () => {
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

  function raw(text: string): TLSSocket {
    const socket = connect({
      host: '127.0.0.1',
      port: world.port,
      ca: browserCa,
      servername: 'app.example',
    })
    socket.write(text.replaceAll('\n', '\r\n').replace('COOKIE', `Cookie: ${cookie}`))
    return socket
  }

  /** What a raw request is answered with, to the end of the connection. */
  async function answerTo(text: string): Promise<string> {
    const socket = raw(text)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('latin1').replaceAll('\r\n', '\n')
  }

  describe('trailers', () => {
    const withTrailers = (request: ArrivedRequest) => {
      request.stream.sendHead({ status: 200, headers: ['Trailer', 'X-Sum'] })
      request.stream.write(Buffer.from('body'))
      request.stream.endWithTrailers([
        'X-Sum',
        '4',
        'X-Two',
        'a',
        'X-Two',
        'b',
        'Set-Cookie',
        'x=y',
      ])
    }

    it('reach a browser that takes them', async () => {
      world.connector.answer = withTrailers
      const headers = { TE: 'trailers', Connection: 'TE, close' }
      const request = httpsRequest(world.options({ cookie, headers }))
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'end')
      assert.equal(response.headers.trailer, 'X-Sum')
      assert.deepEqual(response.rawTrailers, ['X-Sum', '4', 'X-Two', 'a', 'X-Two', 'b'])
      assert.equal(world.connector.last.field('te'), 'trailers')
    })

    it('do not reach one that has not said so, one of HTTP/1.0, nor follow a HEAD', async () => {
      world.connector.answer = withTrailers
      const plain = await world.ask({ cookie })
      assert.deepEqual([plain.body, plain.headers.trailer], ['body', undefined])
      assert.equal(world.connector.last.field('te'), undefined)
      const te = 'Host: app.example\nCOOKIE\nTE: trailers\nConnection: close, TE\n\n'
      const old = await answerTo(`GET / HTTP/1.0\n${te}`)
      assert.match(old, /\n\nbody$/)
      assert.doesNotMatch(old, /sum/i)
      assert.doesNotMatch(await answerTo(`HEAD / HTTP/1.1\n${te}`), /sum/i)
    })

    it('of a request reach the connector, without what a client may not say', async () => {
      const fields = [
        ...['X-Sum: 4', 'X-Remote-User: admin', 'Cookie: a=b', 'x.forwarded.for: 1.2.3.4'],
        ...['Authorization: Basic eDp5', 'Range: bytes=0-1', 'Digest: abc'],
      ].join('\n')
      await answerTo(
        'POST / HTTP/1.1\nHost: app.example\nCOOKIE\nConnection: close\nTransfer-Encoding: chunked\n' +
          `Trailer: X-Sum, Digest, Authorization\n\n4\nbody\n0\n${fields}\n\n`,
      )
      const { last } = world.connector
      assert.equal(last.body, 'body')
      assert.deepEqual(last.trailers, ['X-Sum', '4', 'Digest', 'abc'])
      assert.equal(last.field('trailer'), 'X-Sum, Digest')
    })
  })

  describe('interim responses', () => {
    it('103 reaches the browser before the response, its links translated', async () => {
      world.connector.answer = (request) => {
        const link = '<http://app.corp.example/a.css>; rel=preload, </b.js>; rel=preload'
        request.stream.sendInterim({ status: 103, headers: ['Link', link, 'Content-Length', '9'] })
        request.stream.sendInterim({ status: 103, headers: ['Link', '</c>', 'X-A', '1'] })
        hello(request)
      }
      const request = httpsRequest(world.options({ cookie }))
      const hints: string[][] = []
      request.on('information', (info: { statusCode: number; rawHeaders: string[] }) => {
        hints.push([String(info.statusCode), ...info.rawHeaders])
      })
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      const link = '<https://app.example/a.css>; rel=preload, </b.js>; rel=preload'
      assert.deepEqual(hints, [
        ['103', 'Link', link],
        ['103', 'Link', '</c>', 'X-A', '1'],
      ])
      assert.equal(response.statusCode, 200)
    })

    it('103 is kept from a browser of HTTP/1.0, and a bad one costs only its own request', async () => {
      world.connector.answer = (request) => {
        request.stream.sendInterim({ status: 103, headers: ['Link', '</c>'] })
        hello(request)
      }
      const old = await answerTo('GET / HTTP/1.0\nHost: app.example\nCOOKIE\n\n')
      assert.match(old, /^HTTP\/1\.1 200/)
      assert.equal((await world.ask({ cookie })).body, 'hello')
    })
  })

  describe('Expect: 100-continue', () => {
    const expecting = (fields = 'Content-Length: 4') =>
      `PUT / HTTP/1.1\nHost: app.example\nCOOKIE\nExpect: 100-continue\n${fields}\n\n`

    it('is answered by 100 when the inside wants the body, not before', async () => {
      const arrived = Promise.withResolvers<ArrivedRequest>()
      world.connector.arrived = arrived.resolve
      const socket = raw(expecting('Transfer-Encoding: chunked\nConnection: close'))
      const request = await arrived.promise
      assert.equal(request.field('expect'), '100-continue')
      const first = once(socket, 'data')
      request.stream.sendInterim({ status: 100, headers: [] })
      assert.match(String((await first)[0]), /^HTTP\/1\.1 100 Continue\r\n\r\n$/)
      socket.write('4\r\nbody\r\n0\r\n\r\n')
      await request.until(() => request.ended)
      assert.equal(request.body, 'body')
      await once(socket.resume(), 'close')
    })

    it('is answered by the final response alone when that comes first', async () => {
      world.connector.arrived = (request) => {
        request.reply(413, ['Content-Length', '4'], 'much')
      }
      const answer = await answerTo(expecting())
      assert.match(answer, /^HTTP\/1\.1 413/)
      assert.match(answer, /\nConnection: close\n/)
      assert.match(answer, /\n\nmuch$/)
    })

    it('is answered by a page alone when the connector refuses', async () => {
      world.connector.arrived = (request) => {
        request.stream.reset({ code: 'ERR_SSO_POLICY_DENIED', message: 'no' })
      }
      const answer = await answerTo(expecting())
      assert.match(answer, /^HTTP\/1\.1 403/)
      assert.match(answer, /\nConnection: close\n/i)
    })

    it('is answered at once where the connector knows nothing of it', async () => {
      const old = new World()
      await old.start()
      await old.connect(new TestConnector(), 'c1', [])
      const headers = { Expect: '100-continue', 'Content-Length': '4' }
      const session = await old.signIn()
      const request = httpsRequest(old.options({ cookie: session, method: 'PUT', headers }))
      request.flushHeaders()
      await once(request, 'continue')
      request.end('body')
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      assert.equal(response.statusCode, 200)
      response.resume()
      await old.stop()
    })
  })

  describe('heads and bodies', () => {
    const GET = 'GET / HTTP/1.1\nHost: app.example\nCOOKIE\nConnection: close\n\n'

    it('HEAD, 304 and 204 keep their fields and have no body', async () => {
      for (const [method, status] of [
        ['HEAD', 200],
        ['GET', 304],
        ['GET', 204],
      ] as const) {
        world.connector.answer = (request) => {
          request.stream.sendHead({ status, headers: ['ETag', '"a"', 'Content-Length', '1234'] })
          request.stream.end()
        }
        const answer = await answerTo(GET.replace('GET', method))
        assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status}`))
        assert.match(answer, /\nETag: "a"\n/)
        // RFC 9110 section 8.6: not in a 204.
        assert.equal(answer.includes('\nContent-Length: 1234\n'), status !== 204)
        assert.match(answer, /\n\n$/)
      }
    })

    it('205 and 206 pass with what describes them', async () => {
      const range = [
        'Content-Range',
        'bytes 0-4/9',
        'Content-Type',
        'multipart/byteranges; boundary=x',
      ]
      world.connector.answer = (request) => {
        request.reply(206, [...range, 'Content-Length', '5', 'Content-Encoding', 'br'], 'hello')
      }
      const headers = { Range: 'bytes=0-4', 'If-Range': '"a"' }
      const partial = await world.ask({ cookie, headers })
      assert.deepEqual([partial.status, partial.body], [206, 'hello'])
      assert.equal(partial.headers['content-range'], 'bytes 0-4/9')
      assert.equal(partial.headers['content-encoding'], 'br')
      assert.equal(world.connector.last.field('if-range'), '"a"')
      world.connector.answer = (request) => {
        request.reply(205, ['Content-Length', '0'])
      }
      const reset = await world.ask({ cookie, method: 'POST', body: 'x' })
      assert.deepEqual([reset.status, reset.headers['content-length']], [205, '0'])
    })

    it('fields that repeat keep their order, and long ones their length', async () => {
      const long = 'v'.repeat(20_000)
      const fields = ['X-A', '1', 'X-B', '2', 'x-a', '3', 'Vary', 'x', 'Vary', 'y', 'X-Long', long]
      world.connector.answer = (request) => {
        request.reply(200, [...fields, 'Content-Length', '0'])
      }
      const many = `X-Many: 1\nX-Many: 2\nX-Long: ${long}\nConnection: close`
      const answer = await answerTo(GET.replace('Connection: close', many))
      const lines = answer.split('\n').slice(1, 1 + fields.length / 2)
      assert.deepEqual(
        lines.flatMap((line) => line.split(': ')),
        fields,
      )
      assert.equal(world.connector.last.field('x-many'), '1, 2')
      assert.equal(world.connector.last.field('x-long'), long)
    })

    for (const method of [
      'OPTIONS',
      'PATCH',
      'PROPFIND',
      'REPORT',
      'MKCOL',
      'LOCK',
      'SEARCH',
      'DELETE',
    ]) {
      it(`${method} passes with its body`, async () => {
        world.connector.answer = (request) => {
          request.reply(207, ['DAV', '1, 2'], `${request.head.method} ${request.body}`)
        }
        const answer = await world.ask({
          cookie,
          method,
          body: 'what',
          headers: { Depth: '1', 'Content-Length': '4' },
        })
        assert.deepEqual([answer.status, answer.body], [207, `${method} what`])
        assert.equal(world.connector.last.field('depth'), '1')
      })
    }

    it('events go out as they come, and a browser that leaves ends the request', async () => {
      const request = httpsRequest(
        world.options({ cookie, headers: { Accept: 'text/event-stream' } }),
      )
      const arrived = Promise.withResolvers<ArrivedRequest>()
      world.connector.answer = arrived.resolve
      request.end()
      const { stream } = await arrived.promise
      stream.sendHead({ status: 200, headers: ['Content-Type', 'text/event-stream'] })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
        const next = once(response, 'data')
        stream.write(Buffer.from(event))
        assert.equal(String((await next)[0]), event)
      }
      response.destroy()
      const { last } = world.connector
      await last.until(() => last.resetBy !== undefined)
      assert.equal(last.resetBy?.code, 'ERR_GATEWAY_CLIENT_ABORTED')
    })
  })
})
