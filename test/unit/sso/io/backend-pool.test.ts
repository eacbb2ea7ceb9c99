import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { addressRule } from '../../../../src/sso/addresses.ts'
import { createBackendPool, resolveBackendLimits } from '../../../../src/sso/io/index.ts'
import { settled } from '../../../support/manual-clock.ts'
import { ask, start, targetOf } from '../../../support/sso/pool-probe.ts'
import { PoolRoom } from '../../../support/sso/pool-room.ts'
import { TestBody } from '../../../support/sso/sink.ts'

describe('backend pool', () => {
  const room = new PoolRoom()
  const { sockets } = room
  const serve = room.serve.bind(room)
  const raw = room.raw.bind(room)
  const open = room.open.bind(room)
  afterEach(() => room.close())

  it('keeps connections, each in its own pool', async () => {
    const target = await targetOf(
      serve((request, response) => response.end(String(request.socket.remotePort))),
    )
    const pool = open()
    const ports: string[] = []
    for (const poolKey of ['a', 'b', 'a', 'b'])
      ports.push((await ask(pool, target, { poolKey })).body)
    assert.equal(ports[0], ports[2])
    assert.equal(ports[1], ports[3])
    assert.notEqual(ports[0], ports[1])
  })

  it('uses no kept connection where a fresh one is asked for, or the target has changed', async () => {
    const target = await targetOf(
      serve((request, response) => response.end(String(request.socket.remotePort))),
    )
    const pool = open()
    const first = await ask(pool, target)
    assert.notEqual((await ask(pool, target, { fresh: true })).body, first.body)
    const ports = new Set([first.body, (await ask(pool, target)).body])
    assert.ok(!ports.has((await ask(pool, { ...target })).body))
  })

  it('refuses addresses that the policy does not allow, and connects to none', async () => {
    const server = raw(() => undefined)
    const target = await targetOf(server)
    let resolved: readonly string[] = ['127.0.0.1']
    const pool = createBackendPool({ resolve: () => Promise.resolve(resolved) })
    const strict = {
      ...target,
      hostname: 'iwa.corp.example',
      allowsAddress: addressRule(undefined),
    }
    for (const addresses of [['127.0.0.1'], ['169.254.169.254', '::1'], []]) {
      resolved = addresses
      assert.equal((await ask(pool, strict)).code, 'ERR_BACKEND_ADDRESS_REFUSED')
    }
    assert.equal(sockets.size, 0)
    await pool.close()
  })

  it('tries the next address when one does not answer', async () => {
    const target = await targetOf(serve((_request, response) => response.end('here')))
    const pool = open({}, ['127.0.0.9', '127.0.0.1'])
    assert.equal((await ask(pool, target)).body, 'here')
  })

  it('says when nothing listens, and when a name has no address', async () => {
    const server = raw(() => undefined)
    const target = await targetOf(server)
    await new Promise((resolve) => server.close(resolve))
    assert.equal((await ask(open(), target)).code, 'ERR_BACKEND_UNREACHABLE')
    const lost = createBackendPool({ resolve: () => Promise.reject(new Error('ENOTFOUND')) })
    assert.equal((await ask(lost, target)).code, 'ERR_BACKEND_NAME')
  })

  it('gives up a name that does not resolve in time', async () => {
    const target = await targetOf(
      raw(() => undefined),
      { timeouts: { connectMs: 20, firstOctetMs: 5000, idleMs: 5000 } },
    )
    const pool = createBackendPool({ resolve: () => new Promise(() => undefined) })
    assert.equal((await ask(pool, target)).code, 'ERR_BACKEND_TIMEOUT')
  })

  it('gives up a backend that sends no response, and one that stops within it', async () => {
    const timeouts = { connectMs: 5000, firstOctetMs: 30, idleMs: 30 }
    const silent = await targetOf(
      raw(() => undefined),
      { timeouts },
    )
    assert.equal((await ask(open(), silent)).code, 'ERR_BACKEND_TIMEOUT')
    const stopping = serve((_request, response) => {
      response.writeHead(200).write('part')
    })
    const reply = await ask(open(), await targetOf(stopping, { timeouts }))
    assert.deepEqual([reply.status, reply.body, reply.code], [200, 'part', 'ERR_BACKEND_TIMEOUT'])
  })

  it('refuses what is not HTTP/1.1, and heads that are too long', async () => {
    const answers = {
      'SSH-2.0-OpenSSH\r\n\r\n': 'ERR_BACKEND_PROTOCOL',
      [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(5000)}\r\n\r\n`]: 'ERR_BACKEND_PROTOCOL',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n':
        'ERR_BACKEND_ABORTED',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort': 'ERR_BACKEND_ABORTED',
    }
    for (const [answer, code] of Object.entries(answers)) {
      const server = raw((socket) => socket.once('data', () => socket.end(answer)))
      const reply = await ask(open({ responseHeadOctets: 4096 }), await targetOf(server))
      assert.equal(reply.code, code, answer.slice(0, 40))
    }
  })

  it('passes informational responses over', async () => {
    const target = await targetOf(
      serve((_request, response) => {
        response.writeEarlyHints({ link: '</x>; rel=preload' })
        response.end('final')
      }),
    )
    const reply = await ask(open(), target)
    assert.deepEqual([reply.status, reply.body], [200, 'final'])
  })

  const malformed = {
    'a line break in a header': { headers: ['host', 'x', 'x-a', 'b\r\nx-c: d'] },
    'a space in the path': { path: '/a b' },
    'a method that is none': { method: 'GE T' },
  }
  for (const [name, request] of Object.entries(malformed)) {
    it(`sends nothing with ${name}`, async () => {
      const target = await targetOf(serve((_request, response) => response.end()))
      assert.equal((await ask(open(), target, request)).code, 'ERR_BACKEND_PROTOCOL')
    })
  }

  describe('at most once (invariant 7)', () => {
    /** Answers the first request of each connection, then closes without an answer at the next. */
    const closingAtTheSecond = (seen: string[]): Server => {
      const known = new WeakSet<Socket>()
      return serve((request, response) => {
        seen.push(request.method ?? '')
        if (known.has(request.socket)) {
          request.socket.destroy()
          return
        }
        known.add(request.socket)
        response.end('ok')
      })
    }

    it('repeats a GET that met a kept connection at its end', async () => {
      const seen: string[] = []
      const target = await targetOf(closingAtTheSecond(seen))
      const pool = open()
      await ask(pool, target)
      assert.equal((await ask(pool, target)).body, 'ok')
      assert.deepEqual(seen, ['GET', 'GET', 'GET'])
    })

    it('does not repeat a POST there', async () => {
      const seen: string[] = []
      const target = await targetOf(closingAtTheSecond(seen))
      const pool = open()
      await ask(pool, target)
      const reply = await ask(pool, target, { method: 'POST', body: Buffer.from('once') })
      assert.equal(reply.code, 'ERR_BACKEND_ABORTED')
      assert.deepEqual(seen, ['GET', 'POST'])
    })

    it('does not repeat a GET on a new connection', async () => {
      let count = 0
      const target = await targetOf(
        serve((request) => {
          count++
          request.socket.destroy()
        }),
      )
      assert.equal((await ask(open(), target)).code, 'ERR_BACKEND_ABORTED')
      assert.equal(count, 1)
    })

    it('does not repeat once a response has begun', async () => {
      const known = new WeakSet<Socket>()
      let count = 0
      const target = await targetOf(
        serve((request, response) => {
          count++
          if (!known.has(request.socket)) response.end('ok')
          else
            response
              .writeHead(200, { 'content-length': 10 })
              .write('half', () => request.socket.destroy())
          known.add(request.socket)
        }),
      )
      const pool = open()
      await ask(pool, target)
      const reply = await ask(pool, target)
      assert.deepEqual([reply.status, reply.code, count], [200, 'ERR_BACKEND_ABORTED', 2])
    })

    it('sends a POST that never started on another connection', async () => {
      const target = await targetOf(
        serve((request, response) => {
          request.resume()
          response.end('ok')
        }),
      )
      const pool = open()
      await ask(pool, target)
      const [socket] = sockets
      assert.ok(socket)
      socket.destroy()
      await once(socket, 'close')
      const body = { length: undefined, source: new TestBody(['x']) }
      const reply = await ask(pool, target, { method: 'POST', body })
      assert.deepEqual([reply.body, reply.code], ['ok', undefined])
    })

    it('makes a token for each socket it tries', async () => {
      const tokens: string[] = []
      const known = new WeakSet<Socket>()
      const target = await targetOf(
        serve((request, response) => {
          tokens.push(request.headers.authorization ?? '')
          if (known.has(request.socket)) request.socket.destroy()
          else response.end('ok')
          known.add(request.socket)
        }),
      )
      const pool = open()
      let made = 0
      const signIn = { accepts: () => true, authorize: () => `Negotiate ${++made}` }
      await ask(pool, target, { signIn })
      await ask(pool, target, { signIn })
      assert.deepEqual(tokens, ['Negotiate 1', 'Negotiate 2', 'Negotiate 3'])
    })
  })

  describe('limits', () => {
    it('has at most so many connections for a user, and others wait', async () => {
      let most = 0
      let now = 0
      const target = await targetOf(
        serve((_request, response) => {
          most = Math.max(most, ++now)
          setImmediate(() => {
            now--
            response.end('ok')
          })
        }),
      )
      const pool = open({ socketsPerUser: 3 })
      const replies = await Promise.all(Array.from({ length: 30 }, () => ask(pool, target)))
      assert.ok(replies.every(({ body }) => body === 'ok'))
      assert.ok(most <= 3, `${most} at a time`)
      assert.ok(sockets.size <= 3)
    })

    it('refuses more waiting requests than allowed', async () => {
      const target = await targetOf(raw(() => undefined))
      const pool = open({ socketsPerUser: 1, waiting: 1 })
      start(pool, target)
      start(pool, target)
      assert.equal((await ask(pool, target)).code, 'ERR_BACKEND_UNREACHABLE')
    })

    it('lets a request wait no longer than connectMs', async () => {
      const target = await targetOf(
        raw(() => undefined),
        { timeouts: { connectMs: 30, firstOctetMs: 5000, idleMs: 5000 } },
      )
      const pool = open({ socketsPerUser: 1 })
      start(pool, target)
      const { code, message } = await ask(pool, target)
      assert.equal(code, 'ERR_BACKEND_TIMEOUT')
      assert.match(message ?? '', /no connection became free within connectMs/)
    })

    it('gives the oldest idle connection up for another user', async () => {
      const target = await targetOf(
        serve((request, response) => response.end(String(request.socket.remotePort))),
      )
      const pool = open({ sockets: 2 })
      const [a, b] = [
        await ask(pool, target, { poolKey: 'a' }),
        await ask(pool, target, { poolKey: 'b' }),
      ]
      await ask(pool, target, { poolKey: 'c' })
      assert.equal((await ask(pool, target, { poolKey: 'b' })).body, b.body)
      assert.notEqual((await ask(pool, target, { poolKey: 'a' })).body, a.body)
    })

    it('says so when no connection can be given up', async () => {
      const target = await targetOf(raw(() => undefined))
      const pool = open({ sockets: 1 })
      start(pool, target, { poolKey: 'a' })
      assert.equal((await ask(pool, target, { poolKey: 'b' })).code, 'ERR_BACKEND_UNREACHABLE')
    })

    it('refuses nonsense', () => {
      assert.throws(() => resolveBackendLimits({ sockets: 0 }), RangeError)
    })
  })

  describe('retire and close', () => {
    it('closes idle connections now and busy ones after their call', async () => {
      let finish: () => void = () => undefined
      const target = await targetOf(
        serve((request, response) => {
          if (request.url === '/slow')
            finish = () => response.end(String(request.socket.remotePort))
          else response.end(String(request.socket.remotePort))
        }),
      )
      const pool = open()
      const bob = await ask(pool, target, { poolKey: 'app bob', owner: 'bob' })
      const idle = await ask(pool, target)
      const { probe } = start(pool, target, { path: '/slow', fresh: true })
      while (sockets.size < 3) await settled()
      while (String(finish) === '() => undefined') await settled()
      pool.retire('alice')
      finish()
      const busy = await probe.reply
      const after = await ask(pool, target)
      assert.ok(![idle.body, busy.body].includes(after.body))
      assert.equal((await ask(pool, target, { poolKey: 'app bob', owner: 'bob' })).body, bob.body)
    })

    it('ends what is under way, and takes no more', async () => {
      const target = await targetOf(raw(() => undefined))
      const pool = open({ socketsPerUser: 1 })
      const running = [
        start(pool, target),
        start(pool, target),
        start(pool, target, { poolKey: 'b' }),
      ]
      await pool.close()
      for (const { probe } of running) assert.equal((await probe.reply).code, 'ERR_BACKEND_ABORTED')
      assert.equal((await ask(pool, target)).code, 'ERR_BACKEND_ABORTED')
    })
  })
})
