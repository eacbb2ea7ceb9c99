import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { startService, type ServiceProcess } from '../../docker/demo/process.ts'
import type { Visitor } from '../../docker/demo/visitor.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { count, octets, OwnBackend, read, type Received } from '../support/own-backend.ts'
import { signIn } from '../support/people.ts'

const lab = sharedLab()
/** How long the app's backend may take to begin an answer, milliseconds. */
const FIRST_OCTET_MS = 3000
/** Guards against hangs only. */
const PATIENCE = { timeout: 120_000 }

const codeOf = ({ body }: Received) => /ERR_[A-Z0-9_]+/.exec(body.toString())?.[0]
const judged = (received: Received) => [received.status, codeOf(received)]

describe('what a client sees when an end breaks', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  let backend: OwnBackend
  let ports: readonly number[]
  /** Services that were started in place of dead ones. */
  const replacements: ServiceProcess[] = []
  before(async () => {
    backend = await OwnBackend.start(lab, { firstOctetMs: FIRST_OCTET_MS })
    backend.on('/ok', (_request, response) => response.end('ok'))
    const { gateway } = backend.stack
    const ready = await gateway.waitFor((line) => line.msg === 'ready')
    const { browser, tunnel } = ready as unknown as Record<'browser' | 'tunnel', { port: number }>
    ports = [browser.port, tunnel.port]
  })
  after(async () => {
    for (const service of replacements) await service.stop()
    await backend.stop()
  })

  const assertServes = async () => {
    assert.deepEqual((await backend.fetch('/ok')).body.toString(), 'ok')
  }

  it('502 with a code when the backend closes before a head', PATIENCE, async () => {
    let deliveries = 0
    backend.on('/shut', (request) => {
      deliveries += 1
      request.socket.destroy()
    })
    assert.deepEqual(judged(await backend.fetch('/shut')), [502, 'ERR_BACKEND_ABORTED'])
    deliveries = 0
    const post = await backend.fetch('/shut', { method: 'POST' }, Buffer.from('once'))
    assert.deepEqual(judged(post), [502, 'ERR_BACKEND_ABORTED'])
    assert.equal(deliveries, 1, 'a POST is delivered at most once')
  })

  it('502 with a code when the backend does not speak HTTP', PATIENCE, async () => {
    backend.on('/smtp', (request) => request.socket.end('220 mail.corp.example ESMTP\r\n'))
    assert.deepEqual(judged(await backend.fetch('/smtp')), [502, 'ERR_BACKEND_PROTOCOL'])
  })

  it('504 with a code when the backend never answers', PATIENCE, async () => {
    backend.on('/never', () => undefined)
    assert.deepEqual(judged(await backend.fetch('/never')), [504, 'ERR_BACKEND_TIMEOUT'])
    await assertServes()
  })

  it('431 for a head that is too large, and a refusal of a target that is', PATIENCE, async () => {
    const large = await backend.fetch('/ok', { headers: { 'x-large': 'x'.repeat(100_000) } })
    const tooLarge = [431, 'ERR_GATEWAY_FIELDS_TOO_LARGE']
    assert.deepEqual(judged(large), tooLarge)
    const names = Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'x'] as const)
    const many = await backend.fetch('/ok', { headers: Object.fromEntries(names) })
    assert.deepEqual(judged(many), tooLarge)
    const long = await backend.fetch(`/ok?${'x'.repeat(20_000)}`)
    assert.equal(long.status, 414)
    await assertServes()
  })

  it('garbage on the browser port and on the tunnel port harms nobody', PATIENCE, async () => {
    backend.on('/long', (_request, response) => octets(64 * 1_048_576).pipe(response))
    const sent = backend.send('/long')
    sent.request.end()
    const whole = count(await sent.response)
    whole.catch(() => undefined)
    const garbage = [
      randomBytes(5000),
      Buffer.alloc(0),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from([0x16, 3, 1, 0xff, 0xff, ...randomBytes(1000)]),
    ]
    const requests = [
      randomBytes(5000),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from(
        'POST / HTTP/1.1\r\nHost: plain.localhost\r\nContent-Length: 5\r\n' +
          'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /ok HTTP/1.1\r\n',
      ),
      Buffer.from(
        'GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      ),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    ]
    const open: Socket[] = []
    for (const port of ports) {
      for (const octet of garbage) open.push(await sendOn(connectTcp(port, '127.0.0.1'), octet))
      for (const octet of requests) {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
        open.push(await sendOn(socket, octet))
      }
    }
    await assertServes()
    assert.equal(await whole, 64 * 1_048_576)
    for (const socket of open) socket.destroy()
    await assertServes()
  })

  it(
    'a gateway that dies leaves no request behind, and the connector finds the next one',
    PATIENCE,
    async () => {
      const { connector, gateway, files } = backend.stack
      const arrived = backend.next('/orphan')
      const sent = backend.send('/orphan')
      sent.request.end()
      const [, response] = await arrived
      const closed = once(response, 'close')
      const before = new Set(connector.lines)
      await gateway.kill()
      await assert.rejects(sent.response, { code: 'ECONNRESET' })
      await closed
      replacements.push(await startService(['gateway', 'run', '--config', files.gateway], 'ready'))
      await connector.waitFor((line) => line.msg === 'tunnel up' && !before.has(line))
      await assertServes()
    },
  )

  it(
    'a connector that dies breaks its requests at once, and another takes over',
    PATIENCE,
    async () => {
      backend.on('/endless', (_request, response) => {
        response.on('error', () => undefined)
        octets(Infinity).pipe(response)
      })
      const arrived = backend.next('/held')
      const [held, running] = [backend.send('/held', { method: 'POST' }), backend.send('/endless')]
      held.request.end('body')
      running.request.end()
      await arrived
      const response = await running.response
      await once(response, 'data')
      await backend.stack.connector.kill()
      await assert.rejects(count(response), { code: 'ECONNRESET' })
      const page = await read(await held.response)
      assert.ok([502, 504].includes(page.status), String(page.status))
      assert.match(codeOf(page) ?? '', /^ERR_TUNNEL_/)
      const nobody = await backend.fetch('/ok')
      assert.deepEqual(judged(nobody), [503, 'ERR_GATEWAY_NO_CONNECTOR'])
      const args = ['connector', 'run', '--config', backend.stack.files.connector]
      replacements.push(await startService(args, 'tunnel up'))
      await assertServes()
    },
  )
})

/** Sends octets on a new connection, whatever becomes of it. */
async function sendOn(socket: Socket, octet: Buffer): Promise<Socket> {
  const gone = new Promise((resolve) => socket.on('close', resolve))
  socket.on('error', () => undefined)
  const ready = once(socket, 'encrypted' in socket ? 'secureConnect' : 'connect')
  await Promise.race([ready.catch(() => undefined), gone])
  socket.write(octet)
  return socket
}

describe(
  'HTTP as it should be, through gateway and connector',
  { skip: lab ? false : NO_LAB },
  () => {
    assert.ok(lab)
    let backend: OwnBackend
    let alice: Visitor
    before(async () => {
      backend = await OwnBackend.start(lab)
      const { visitor, page } = await signIn({ lab, stack: backend.stack }, 'alice')
      assert.equal(page.status, 200)
      alice = visitor
    })
    after(async () => {
      await alice.close()
      await backend.stop()
    })

    it('HEAD, 204 and 304 have no body and keep the connection', async () => {
      backend.on('/head', (_request, response) => {
        response.writeHead(200, { 'content-length': 1234, etag: '"a"' }).end()
      })
      backend.on('/204', (_request, response) => response.writeHead(204).end())
      backend.on('/304', (_request, response) => response.writeHead(304, { etag: '"b"' }).end())
      const agent = backend.agent({ maxSockets: 1 })
      const head = await backend.fetch('/head', { method: 'HEAD', agent })
      assert.deepEqual(
        [head.status, head.headers['content-length'], head.body.length],
        [200, '1234', 0],
      )
      for (const [path, status] of [
        ['/204', 204],
        ['/304', 304],
      ] as const) {
        const answer = await backend.fetch(path, { agent })
        assert.deepEqual([answer.status, answer.body.length], [status, 0])
        assert.equal(answer.headers['transfer-encoding'], undefined)
      }
      assert.equal((await backend.fetch('/304', { agent })).headers.etag, '"b"')
    })

    it('chunks go out as they come, and ranges pass through', async () => {
      const arrived = backend.next('/chunks')
      const sent = backend.send('/chunks', { headers: { range: 'bytes=2-5' } })
      sent.request.end()
      const [request, response] = await arrived
      assert.equal(request.headers.range, 'bytes=2-5')
      response.writeHead(206, { 'content-range': 'bytes 2-5/10' }).write('cd')
      const received = await sent.response
      assert.deepEqual(
        [received.statusCode, received.headers['content-range']],
        [206, 'bytes 2-5/10'],
      )
      const [first] = (await once(received, 'data')) as [Buffer]
      assert.equal(first.toString(), 'cd', 'the first chunk came before the second was written')
      response.end('ef')
      assert.equal((await read(received)).body.toString(), 'ef')
    })

    it('a request body without a length is chunked at the backend, one with a length is not', async () => {
      backend.on('/body', (request, response) => {
        const { 'content-length': length, 'transfer-encoding': coding } = request.headers
        void count(request).then((size) => response.end(JSON.stringify([size, length, coding])))
      })
      const known = await backend.fetch(
        '/body',
        { method: 'POST', headers: { 'content-length': '5' } },
        Buffer.from('12345'),
      )
      assert.deepEqual(JSON.parse(known.body.toString()), [5, '5', null])
      const sent = backend.send('/body', { method: 'POST' })
      octets(100_000).pipe(sent.request)
      const chunked = await read(await sent.response)
      assert.deepEqual(JSON.parse(chunked.body.toString()), [100_000, null, 'chunked'])
      const empty = await backend.fetch('/body', { method: 'POST' })
      assert.equal((JSON.parse(empty.body.toString()) as unknown[])[0], 0)
    })

    it('Expect: 100-continue is answered, and the body arrives', async () => {
      backend.on('/expect', (request, response) => {
        void count(request).then((size) => response.end(String(size)))
      })
      const headers = { expect: '100-continue', 'content-length': '7' }
      const sent = backend.send('/expect', { method: 'POST', headers })
      sent.request.flushHeaders()
      await once(sent.request, 'continue')
      sent.request.end('7 bytes')
      assert.equal((await read(await sent.response)).body.toString(), '7')
    })

    it('a hundred requests at once each get their own answer', async () => {
      backend.on('/echo', (request, response) => response.end(request.url))
      const agent = backend.agent({ maxSockets: 10 })
      const paths = Array.from({ length: 100 }, (_, n) => `/echo?${n}`)
      const answers = await Promise.all(paths.map((path) => backend.fetch(path, { agent })))
      assert.deepEqual(
        answers.map(({ body }) => body.toString()),
        paths,
      )
    })

    it("a backend's cookie and redirect lead to the external URL", async () => {
      const url = (path: string) => backend.stack.url('intranet', path)
      const cookie = await alice.visit(url('/cookie'))
      const line = [cookie.headers['set-cookie']].flat().join('\n')
      assert.match(line, /^backend=1;/)
      assert.match(line, /HttpOnly/i)
      assert.doesNotMatch(line, /corp\.example/)
      const redirect = await alice.visit(url('/redirect'))
      assert.deepEqual([redirect.status, redirect.headers['location']], [302, url('/whoami')])
      const headers = await alice.visit(url('/headers'))
      assert.match(headers.body, /backend=1/, 'the cookie comes back to the backend')
      assert.doesNotMatch(headers.body, /__Host-sallyport/)
    })
  },
)
