import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { settled } from '../../../support/manual-clock.ts'
import { ask, start, targetOf } from '../../../support/sso/pool-probe.ts'
import { PoolRoom } from '../../../support/sso/pool-room.ts'
import { TestBody } from '../../../support/sso/sink.ts'

describe('backend pool: streams', () => {
  const room = new PoolRoom()
  const serve = room.serve.bind(room)
  const raw = room.raw.bind(room)
  const open = room.open.bind(room)
  afterEach(() => room.close())

  it('stops reading while the taker is busy, and goes on', async () => {
    const size = 8 * 1024 * 1024
    const target = await targetOf(serve((_request, response) => response.end(Buffer.alloc(size))))
    const { probe, call } = start(open(), target)
    probe.accepts = false
    await probe.head
    for (let turn = 0; turn < 20; turn++) await settled()
    const [paused] = [probe.octets]
    assert.ok(paused < size / 2, `${paused} octets arrived while paused`)
    probe.accepts = true
    call.resume()
    await probe.reply
    assert.equal(probe.octets, size)
  })

  it('sends a body of known length with it, and others in chunks', async () => {
    const target = await targetOf(
      serve((request, response) => {
        const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
        let body = ''
        request.on('data', (chunk: Buffer) => (body += chunk.toString()))
        request.on('end', () => response.end(`${length ?? '-'} ${encoding ?? '-'} ${body}`))
      }),
    )
    const post = async (length: number | undefined): Promise<string> => {
      const body = { length, source: new TestBody(['ab', 'cde']) }
      return (await ask(open(), target, { method: 'POST', body })).body
    }
    assert.equal(await post(5), '5 - abcde')
    // undici counts a body that is all there.
    assert.equal(await post(undefined), '5 - abcde')
    const source = new TestBody()
    const body = { length: undefined, source }
    const { probe } = start(open(), target, { method: 'POST', body })
    while (source.sink === undefined) await settled()
    source.sink.onData(Buffer.from('abcde'))
    await settled()
    source.sink.onEnd()
    assert.equal((await probe.reply).body, '- chunked abcde')
    const whole = await ask(open(), target, { method: 'PUT', body: Buffer.from('xyz') })
    assert.equal(whole.body, '3 - xyz')
  })

  it('fails when the body is not as long as announced', async () => {
    const target = await targetOf(
      serve((request, response) => {
        request.resume()
        request.on('end', () => response.end())
      }),
    )
    for (const length of [3, 9]) {
      const body = { length, source: new TestBody(['hello']) }
      assert.equal(
        (await ask(open(), target, { method: 'POST', body })).code,
        'ERR_BACKEND_ABORTED',
      )
    }
  })

  it('reads an answer that came before a reset, though writing met the reset first', async () => {
    const answer =
      'HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 8\r\n\r\ntoo much'
    const source = new TestBody()
    const target = await targetOf(
      raw((socket) => {
        socket.once('data', () => {
          socket.write(answer)
          socket.resetAndDestroy()
        })
        // Comes before the client's socket is polled again: what it writes now meets the reset.
        socket.once('close', () => source.sink?.onData(Buffer.from('more')))
      }),
    )
    const body = { length: undefined, source }
    const { probe } = start(open(), target, { method: 'POST', body })
    while (source.sink === undefined) await settled()
    source.sink.onData(Buffer.from('first'))
    const { status, body: text, code } = await probe.reply
    assert.deepEqual([status, text, code], [413, 'too much', undefined])
  })

  it('pauses the source while the backend does not read', async () => {
    let reading: Socket | undefined
    const target = await targetOf(
      raw((socket) => {
        socket.pause()
        reading = socket
      }),
    )
    const source = new TestBody()
    const { probe, call } = start(open(), target, {
      method: 'POST',
      body: { length: undefined, source },
    })
    while (source.sink === undefined) await settled()
    let sent = 0
    while (source.sink.onData(Buffer.alloc(65_536)) && sent < 1000) {
      sent++
      await settled()
    }
    assert.ok(sent < 1000, 'the source was never paused')
    assert.ok(reading)
    reading.resume()
    while (source.resumes === 0) await settled()
    call.abort()
    assert.equal(source.cancelled, true)
    assert.equal(probe.ends, 0)
  })

  it('passes a response that comes before the body is through, and takes no more of it', async () => {
    const target = await targetOf(
      serve((_request, response) => {
        response.writeHead(413, { connection: 'close' }).end('too large')
      }),
    )
    const source = new TestBody()
    const body = { length: 100_000_000, source }
    const { probe } = start(open(), target, { method: 'POST', body })
    while (source.sink === undefined) await settled()
    source.sink.onData(Buffer.alloc(1000))
    const reply = await probe.reply
    assert.deepEqual([reply.status, reply.body, reply.code], [413, 'too large', undefined])
    while (!source.cancelled) await settled()
  })

  it('cuts the backend when the client goes away within its body', async () => {
    const closed = Promise.withResolvers<undefined>()
    const target = await targetOf(
      serve((request) => {
        request.on('close', () => {
          closed.resolve(undefined)
        })
        request.on('error', () => undefined)
      }),
    )
    const source = new TestBody()
    const { probe } = start(open(), target, { method: 'POST', body: { length: 100, source } })
    while (source.sink === undefined) await settled()
    source.sink.onData(Buffer.from('part'))
    source.sink.onError(new Error('client gone'))
    assert.equal((await probe.reply).code, 'ERR_BACKEND_ABORTED')
    await closed.promise
  })

  it('closes the socket on abort, and tells the handler nothing', async () => {
    const closed = Promise.withResolvers<undefined>()
    const target = await targetOf(
      serve((request, response) => {
        request.socket.on('close', () => {
          closed.resolve(undefined)
        })
        response.writeHead(200).write('x')
      }),
    )
    const { probe, call } = start(open(), target)
    await probe.head
    call.abort()
    await closed.promise
    assert.equal(probe.ends, 0)
  })

  it('opens nothing for a request that was aborted before', async () => {
    const target = await targetOf(serve((_request, response) => response.end()))
    const { call, probe } = start(open(), target)
    call.abort()
    for (let turn = 0; turn < 5; turn++) await settled()
    assert.equal(probe.ends, 0)
  })
})
