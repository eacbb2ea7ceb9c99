import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, describe, it } from 'node:test'
import type { BackendPool, BackendRequest, BackendTarget } from '../../../../src/sso/index.ts'
import { settled } from '../../../support/manual-clock.ts'
import { ask, start, targetOf, type Probe } from '../../../support/sso/pool-probe.ts'
import { PoolRoom } from '../../../support/sso/pool-room.ts'
import { TestBody } from '../../../support/sso/sink.ts'

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n'

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settled()
}

describe('backend pool: what is more than a plain response', { timeout: 60_000 }, () => {
  const room = new PoolRoom()
  afterEach(() => room.close())

  function switching(onSwitch: (request: IncomingMessage, socket: Duplex) => void) {
    const server = room.serve((_request, response) => response.end('plain'))
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => undefined)
      onSwitch(request, socket)
    })
    return targetOf(server)
  }

  function begin(pool: BackendPool, target: BackendTarget, more: Partial<BackendRequest> = {}) {
    const source = new TestBody()
    const upgrade = { protocol: 'websocket', source }
    return { source, ...start(pool, target, { upgrade, ...more }) }
  }

  const sinkOf = async (source: TestBody) => {
    await until(() => source.sink !== undefined)
    const { sink } = source
    assert.ok(sink)
    return sink
  }

  it('switches, carries octets both ways, and each direction ends by itself', async () => {
    const seen: string[] = []
    const target = await switching((request, socket) => {
      socket.allowHalfOpen = true
      seen.push(request.headers.upgrade ?? '', request.headers.connection ?? '')
      socket.write(`${SWITCH}Upgrade: WebSocket\r\nSet-Cookie: a=1\r\n\r\nfirst `)
      socket.on('data', (chunk: Buffer) => socket.write(`<${chunk.toString()}>`))
      socket.on('end', () => socket.end(' last'))
    })
    const { probe, source } = begin(room.open(), target)
    await probe.head
    const sink = await sinkOf(source)
    sink.onData(Buffer.from('ab'))
    await until(() => probe.octets >= 10)
    sink.onEnd()
    const reply = await probe.reply
    assert.deepEqual([reply.status, reply.code], [101, undefined])
    assert.equal(reply.body, 'first <ab> last')
    assert.ok(reply.headers.includes('a=1'))
    assert.deepEqual(seen, ['websocket', 'upgrade'])
  })

  it('tells when only the backend has ended, and still sends', async () => {
    const got: Buffer[] = []
    const target = await switching((_request, socket) => {
      socket.allowHalfOpen = true
      socket.on('data', (chunk: Buffer) => got.push(chunk))
      socket.end(`${SWITCH}Upgrade: websocket\r\n\r\n`)
    })
    const { probe, source } = begin(room.open(), target)
    const halfEnded = new Promise<void>((resolve) => {
      ;(probe as Probe & { onHalfEnd: () => void }).onHalfEnd = resolve
    })
    await halfEnded
    assert.equal(probe.ends, 0)
    const sink = await sinkOf(source)
    sink.onData(Buffer.from('still here'))
    sink.onEnd()
    assert.equal((await probe.reply).code, undefined)
    await until(() => got.length > 0)
    assert.equal(Buffer.concat(got).toString(), 'still here')
  })

  it('never gives the socket to another request', async () => {
    const target = await switching((_request, socket) => {
      socket.write(`${SWITCH}Upgrade: websocket\r\n\r\n`)
      socket.on('end', () => socket.end())
      socket.resume()
    })
    const pool = room.open()
    const { probe, source } = begin(pool, target)
    await probe.head
    assert.equal((await ask(pool, target)).body, 'plain')
    const sink = await sinkOf(source)
    sink.onEnd()
    await probe.reply
    assert.equal((await ask(pool, target)).body, 'plain')
    assert.equal(room.sockets.size, 2)
  })

  it('takes a refusal for an ordinary response, on a connection that serves no more', async () => {
    const target = await switching((_request, socket) => {
      socket.write('HTTP/1.1 403 Forbidden\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno')
    })
    const pool = room.open()
    const { probe } = begin(pool, target)
    const reply = await probe.reply
    assert.deepEqual([reply.status, reply.body], [403, 'no'])
    await ask(pool, target)
    assert.equal(room.sockets.size, 2)
  })

  it('fails when the backend switches to something else, or unasked', async () => {
    const target = await switching((_request, socket) => {
      socket.write(`${SWITCH}Upgrade: h2c\r\n\r\n`)
    })
    assert.equal((await begin(room.open(), target).probe.reply).code, 'ERR_BACKEND_PROTOCOL')
    const unasked = await targetOf(
      room.raw((socket) => {
        socket.on('data', () => socket.write(`${SWITCH}Upgrade: websocket\r\n\r\n`))
      }),
    )
    assert.match((await ask(room.open(), unasked)).code ?? '', /^ERR_BACKEND_/)
  })

  it('holds the backend up while the client does not read, and ends when told', async () => {
    const written = { octets: 0 }
    const target = await switching((_request, socket) => {
      socket.write(`${SWITCH}Upgrade: websocket\r\n\r\n`)
      const chunk = Buffer.alloc(65_536)
      const pour = (): void => {
        while (written.octets < 256 * 1_048_576 && socket.write(chunk))
          written.octets += chunk.length
      }
      socket.on('drain', pour)
      pour()
    })
    const { probe, call } = begin(room.open(), target)
    probe.accepts = false
    await probe.head
    await until(() => probe.octets > 0)
    for (let turn = 0; turn < 200; turn += 1) await settled()
    assert.ok(written.octets < 64 * 1_048_576)
    const [socket] = room.sockets
    const closed = new Promise((resolve) => socket?.once('close', resolve))
    call.abort()
    await closed
    assert.equal(probe.ends, 0)
  })

  it('fails when nothing passes for too long, and when the backend breaks off', async () => {
    const sockets: Duplex[] = []
    const target = await switching((_request, socket) => {
      sockets.push(socket)
      socket.write(`${SWITCH}Upgrade: websocket\r\n\r\n`)
    })
    const timeouts = { ...target.timeouts, upgradedIdleMs: 50 }
    const idle = begin(room.open(), { ...target, timeouts })
    assert.equal((await idle.probe.reply).code, 'ERR_BACKEND_TIMEOUT')
    const { probe } = begin(room.open(), target)
    await probe.head
    sockets.at(-1)?.destroy()
    // A clean end of the backend's direction is a half-close; a reset is not.
    const cut = begin(room.open(), target)
    await cut.probe.head
    const last = [...room.sockets].at(-1)
    last?.resetAndDestroy()
    assert.equal((await cut.probe.reply).code, 'ERR_BACKEND_ABORTED')
  })

  it('passes interim heads on, and trailers both ways where they were asked for', async () => {
    const server = room.serve((request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' })
      request.resume()
      request.on('end', () => {
        response.writeHead(200, { Trailer: 'X-Sum' })
        response.write(`${String(request.headers['te'] ?? '-')} ${request.headers.trailer ?? '-'} `)
        response.addTrailers({ 'X-Sum': String(request.rawTrailers) })
        response.end('end')
      })
    })
    const target = await targetOf(server)
    const source = new TestBody()
    const body = { length: undefined, source }
    const more = { method: 'POST', body, takesTrailers: true, trailer: 'X-In' }
    const { probe } = start(room.open(), target, more)
    const told: unknown[] = []
    Object.assign(probe, {
      onInterim: (status: number, headers: string[]) =>
        told.push([status, headers.includes('</a>; rel=preload')]),
      onTrailers: (fields: string[]) => told.push(fields),
    })
    const sink = await sinkOf(source)
    sink.onData(Buffer.from('body'))
    sink.onTrailers?.(['X-In', '4'])
    sink.onEnd()
    assert.equal((await probe.reply).body, 'trailers X-In end')
    assert.deepEqual(told, [
      [103, true],
      ['X-Sum', 'X-In,4'],
    ])
    assert.equal((await ask(room.open(), target, { method: 'POST' })).body, '- - end')
  })
})
