import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { count, OwnBackend, read } from '../support/own-backend.ts'

const lab = sharedLab()
const MIB = 1_048_576
/** Guards against hangs only. */
const PATIENCE = { timeout: 120_000 }

describe('all of HTTP/1.1 through gateway and connector', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let backend: OwnBackend
  before(async () => {
    backend = await OwnBackend.start(lab)
  }, PATIENCE)
  after(() => backend.stop())

  function open(path: string): WebSocket {
    const { host } = new URL(backend.stack.url('plain'))
    return new WebSocket(backend.stack.url('plain', path).replace('https:', 'wss:'), {
      agent: backend.agent(),
      headers: { Host: host },
      lookup: (_name, _options, done) => {
        done(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
  }

  it('a WebSocket carries large messages both ways, and ends on both sides', PATIENCE, async () => {
    const server = new WebSocketServer({ noServer: true })
    const closed = new Promise<number>((resolve) => {
      backend.onUpgrade((request, socket, head) => {
        server.handleUpgrade(request, socket, head, (there) => {
          there.on('message', (data: Buffer) => {
            there.send(data)
          })
          there.on('close', resolve)
        })
      })
    })
    const here = open('/socket')
    await once(here, 'open')
    for (let n = 1; n <= 4; n += 1) {
      const sent = Buffer.alloc(8 * MIB, n)
      const echoed = once(here, 'message') as Promise<[Buffer]>
      here.send(sent)
      assert.ok((await echoed)[0].equals(sent))
    }
    here.close(4321)
    assert.equal(await closed, 4321)
    server.close()
  })

  it('a backend learns at once that the client of a WebSocket is gone', PATIENCE, async () => {
    const upgraded = new Promise<Duplex>((resolve) => {
      backend.onUpgrade((_request, socket) => {
        socket.on('error', () => undefined).resume()
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
        )
        socket.write('Sec-WebSocket-Accept: x\r\n\r\n')
        resolve(socket)
      })
    })
    // The accept value is wrong: the client leaves.
    open('/socket').on('error', () => undefined)
    const socket = await upgraded
    // It may still send: each direction ends by itself.
    await once(socket, 'end')
    socket.destroy()
  })

  it('early hints and trailers of both sides arrive', PATIENCE, async () => {
    backend.on('/trailers', (request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      request.resume().on('end', () => {
        response.writeHead(200, { Trailer: 'X-Out' })
        response.write('body')
        response.addTrailers({ 'X-Out': request.rawTrailers.join() })
        response.end()
      })
    })
    const headers = { TE: 'trailers', Trailer: 'X-In', 'Transfer-Encoding': 'chunked' }
    const sent = backend.send('/trailers', { method: 'POST', headers })
    const hint = once(sent.request, 'information') as Promise<[{ statusCode: number }]>
    sent.request.addTrailers({ 'X-In': '1' })
    sent.request.end('x')
    const response = await sent.response
    assert.equal((await hint)[0].statusCode, 103)
    const { body } = await read(response)
    assert.equal(body.toString(), 'body')
    assert.deepEqual(response.rawTrailers, ['X-Out', 'X-In,1'])
  })

  it('a body waits for 100, which comes when the backend reads', PATIENCE, async () => {
    backend.on('/upload', (request, response) => {
      void count(request).then((total) => response.end(String(total)))
    })
    const headers = { Expect: '100-continue', 'Transfer-Encoding': 'chunked' }
    const sent = backend.send('/upload', { method: 'PUT', headers })
    sent.request.flushHeaders()
    await once(sent.request, 'continue')
    sent.request.end(Buffer.alloc(MIB / 4))
    assert.equal((await read(await sent.response)).body.toString(), String(MIB / 4))
  })

  it('a long poll is answered when there is something to say', PATIENCE, async () => {
    const arrived = backend.next('/poll')
    const answer = backend.fetch('/poll')
    const [request, response] = (await arrived) as [IncomingMessage, { end(text: string): void }]
    assert.equal(request.headers['te'], undefined)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    response.end('news')
    assert.equal((await answer).body.toString(), 'news')
  })
})
