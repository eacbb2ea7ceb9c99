/** What is no request, over real TLS sockets: answered by a page of the gateway's own, and the connection ends. */

import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { browserCa, testConfig, World } from '../../support/gateway/world.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'

const HOST = 'open.example'
const GET = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n`
const TOO_LARGE = [431, 'ERR_GATEWAY_FIELDS_TOO_LARGE']
const MALFORMED = [400, 'ERR_GATEWAY_BAD_REQUEST']
const LATE = [408, 'ERR_GATEWAY_CLIENT_STALLED']

async function secure({ port }: World): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: HOST, ca: browserCa })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** All that comes until the connection ends. */
async function restOf(socket: TLSSocket): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
  await once(socket, 'close')
  return text
}

async function answerTo(world: World, text: string): Promise<string> {
  const socket = await secure(world)
  socket.write(text)
  return restOf(socket)
}

/** Status and code of one whole answer that says that it is the last. */
function judged(answer: string): readonly unknown[] {
  const [head = '', body = '', ...more] = answer.split('\r\n\r\n')
  assert.equal(more.length, 0)
  assert.match(head, /\r\nConnection: close(?:\r\n|$)/i)
  assert.match(head, /\r\nCache-Control: no-store\r\n/)
  assert.equal(Number(/\r\nContent-Length: (\d+)/.exec(head)?.[1]), Buffer.byteLength(body))
  return [Number(/^HTTP\/1\.1 (\d{3}) \w/.exec(head)?.[1]), /ERR_\w+/.exec(body)?.[0]]
}

const eventsOf = ({ logger }: World) =>
  logger.lines.filter(({ fields }) => fields['event'] === 'security').map(({ fields }) => fields)

describe('what is no request', { timeout: 60_000 }, () => {
  const world = new World()
  before(async () => {
    await world.start()
    await world.connect()
    world.connector.answer = (request) => {
      request.reply(200, [], 'as ever')
    }
  })
  after(async () => {
    const { body, status } = await world.ask({ host: HOST })
    assert.deepEqual([status, body], [200, 'as ever'])
    await world.stop()
  })

  it('has too large fields: 431 arrives whole though the browser is still sending', async () => {
    const before = eventsOf(world).length
    const socket = await secure(world)
    socket.write(`${GET}Cookie: ${'x'.repeat(20_000_000)}\r\n\r\n`)
    while (eventsOf(world).length === before) await settled()
    const answer = await restOf(socket)
    assert.deepEqual(judged(answer), TOO_LARGE)
    assert.match(answer, /Delete the cookies of this site/)
    const [event, ...others] = eventsOf(world).slice(before)
    assert.equal(others.length, 0)
    assert.deepEqual(
      [event?.['code'], event?.['what'], event?.['address']],
      [TOO_LARGE[1], 'header-fields-too-large', '127.0.0.1'],
    )
    assert.match(String(event?.['mend']), /browser\.limits\.headerOctets/)
    assert.ok(answer.includes(`request ${String(event?.['requestId'])}`))
    assert.ok(!JSON.stringify(event).includes('xxx'))
  })

  it('has too many fields: 431, whether the parser or the gateway counts', async () => {
    for (const count of [100, 101, 300]) {
      const fields = 'X-A: 1\r\n'.repeat(count)
      const answer = await answerTo(world, `${GET}${fields}Connection: close\r\n\r\n`)
      assert.deepEqual(judged(answer), TOO_LARGE, String(count))
    }
  })

  it('is answered by HTML for people and JSON for programs, as far as that can be seen', async () => {
    const many = `${'X-A: 1\r\n'.repeat(300)}\r\n`
    const asked = async (fields: string) => {
      const answer = await answerTo(world, `${GET}${fields}${many}`)
      return /\r\nContent-Type: ([^;\r]+)/.exec(answer)?.[1]
    }
    assert.equal(await asked('Accept: text/html,*/*;q=0.8\r\n'), 'text/html')
    assert.equal(await asked('accept: */*\r\n'), 'application/json')
    assert.equal(await asked('Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n'), 'application/json')
    assert.equal(await asked(''), 'text/html')
  })

  for (const [what, text] of [
    ['no HTTP', 'hello\r\n\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['of an unknown version', `GET / HTTP/3.0\r\nHost: ${HOST}\r\n\r\n`],
    ['without a Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['of two lengths', `${GET}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a body of broken chunks', `${GET}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`],
  ] as const) {
    it(`is ${what}: 400`, async () => {
      const earlier = world.connector.answer
      // What stands before the break is not answered meanwhile.
      world.connector.answer = () => undefined
      assert.deepEqual(judged(await answerTo(world, text)), MALFORMED)
      world.connector.answer = earlier
    })
  }

  it('does not get into the answer to the request before it', async () => {
    const earlier = world.connector.answer
    world.connector.answer = (request) => {
      request.stream.sendHead({ status: 200, headers: [] })
      request.stream.write(Buffer.from('half of it'))
    }
    for (const between of ['', `${GET}\r\n`]) {
      const socket = await secure(world)
      socket.write(`${GET}\r\n`)
      const answer = restOf(socket)
      let seen = ''
      for await (const chunk of on(socket, 'data')) {
        seen += String(chunk)
        if (seen.includes('half of it')) break
      }
      socket.write(`${between}hello\r\n\r\n`)
      assert.match(await answer, /^HTTP\/1\.1 200 [\s\S]*half of it\r\n$/)
    }
    world.connector.answer = earlier
  })

  it('is no event where the browser goes away in the middle', async () => {
    const before = eventsOf(world).length
    const closed = await secure(world)
    closed.end(GET)
    await restOf(closed)
    const cut = await secure(world)
    cut.write(GET)
    cut.destroy()
    await answerTo(world, `${GET}Connection: close\r\n\r\n`)
    assert.deepEqual(eventsOf(world).slice(before), [])
  })

  it('is written down twenty times a minute, and then counted', async () => {
    for (let left = 40; left > 0; left -= 1) await answerTo(world, 'hello\r\n\r\n')
    const lines = eventsOf(world).filter(({ what }) => what === 'malformed-request')
    assert.ok(lines.length <= 20, String(lines.length))
  })
})

describe('a request that does not come in time', { timeout: 60_000 }, () => {
  const limits = { drainMs: 0, headersMs: 200, requestMs: 1000 }
  const world = new World(testConfig({ browser: { ...testConfig().browser, limits } }))
  before(async () => {
    await world.start()
    await world.connect()
  })
  after(() => world.stop())

  it('is answered 408, and no event: browsers open connections that they do not need', async () => {
    const begun = [GET, '', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 9\r\n\r\nabc`]
    const answers = await Promise.all(begun.map((text) => answerTo(world, text)))
    assert.deepEqual(answers.map(judged), [LATE, LATE, LATE])
    assert.deepEqual(eventsOf(world), [])
  })
})

describe('a peer that does not go away after the page', { timeout: 60_000 }, () => {
  const clock = new ManualClock(Date.now())
  const world = new World(testConfig(), { clock })
  before(() => world.start())
  after(() => world.stop())

  it('is cut off', async () => {
    // Nothing is read, so that the end of the page is not seen and not answered.
    const socket = await secure(world)
    socket.write('hello\r\n\r\n')
    while (eventsOf(world).length === 0) await settled()
    await clock.advance(1000)
    // Writing shows that nobody is there.
    while (!socket.closed) {
      socket.write('still here')
      await settled()
    }
  })
})
