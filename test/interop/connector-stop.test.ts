import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { OwnBackend, read } from '../support/own-backend.ts'

const lab = sharedLab()
/** Guards against hangs only; far less than the day that the connector would wait. */
const PATIENCE = { timeout: 120_000 }

describe('a connector that stops', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let backend: OwnBackend
  before(async () => {
    const editConnector = (config: Record<string, unknown>): void => {
      config['limits'] = { drainMs: 86_400_000 }
    }
    backend = await OwnBackend.start(lab, { firstOctetMs: 3_600_000 }, { editConnector })
  }, PATIENCE)
  after(() => backend.stop(), PATIENCE)

  async function openSocket(): Promise<WebSocket> {
    const server = new WebSocketServer({ noServer: true })
    backend.onUpgrade((request, socket: Duplex, head) => {
      server.handleUpgrade(request, socket, head, (there) => {
        there.on('error', () => undefined)
      })
    })
    const { host } = new URL(backend.stack.url('plain'))
    const socket = new WebSocket(backend.stack.url('plain', '/socket').replace('https:', 'wss:'), {
      agent: backend.agent(),
      headers: { Host: host },
      lookup: (_name, _options, done) => {
        done(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
    await once(socket, 'open')
    socket.on('error', () => undefined)
    return socket
  }

  it(
    'waits for a request, then ends an idle WebSocket and an event stream at once',
    PATIENCE,
    async () => {
      const socket = await openSocket()
      backend.on('/events', (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n')
      })
      const events = backend.send('/events')
      events.request.end()
      const stream = await events.response
      await once(stream, 'data')
      const arrived = backend.next('/slow')
      const answer = backend.fetch('/slow')
      const [, slow] = (await arrived) as [unknown, ServerResponse]

      const ends: string[] = []
      const socketClosed = once(socket, 'close').then(() => ends.push('socket'))
      const streamBroken = assert.rejects(read(stream)).then(() => ends.push('stream'))
      process.kill(backend.stack.connector.pid, 'SIGTERM')
      await backend.stack.gateway.waitFor(({ msg }) => msg === 'connector drains')
      assert.deepEqual(ends, [])
      slow.end('done')
      assert.equal((await answer).body.toString(), 'done')
      await Promise.all([socketClosed, streamBroken])
      await backend.stack.connector.waitFor(({ msg }) => msg === 'stopped', PATIENCE.timeout)
    },
  )
})
