/**
 * Browsers that want ten times what gateway.yaml allows, against a real listener on a free port. After each, the next request is
 * answered as ever.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import type { ArrivedRequest } from '../gateway/test-connector.ts'
import { browserCa, testConfig, World } from '../gateway/world.ts'
import type { Drive } from './drive.ts'

const OPEN = 'open.example'
const HOST = `Host: ${OPEN}\r\n`

async function withWorld(
  limits: Readonly<Record<string, number>>,
  act: (world: World) => Promise<void>,
): Promise<void> {
  const browser = { ...testConfig().browser, limits: { drainMs: 0, ...limits } }
  const world = await new World(testConfig({ browser })).start()
  await world.connect()
  world.connector.answer = (request) => {
    request.reply(200, [], 'as ever')
  }
  try {
    await act(world)
    await goesOn(world)
  } finally {
    await world.stop()
  }
}

/** A listener that was full is told of the last one's end in its own time. */
async function goesOn(world: World): Promise<void> {
  const agent = new Agent({ keepAlive: false })
  for (let left = 500; ; left -= 1) {
    const answer = await world.ask({ host: OPEN, agent }).catch((error: unknown) => {
      if (left === 0) throw error
      return undefined
    })
    if (answer === undefined) {
      await setTimeout(20)
      continue
    }
    assert.equal(answer.body, 'as ever')
    return
  }
}

async function secure({ port }: World): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: OPEN, ca: browserCa })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** What the listener answers to a text; '' where it hangs up without a word. */
async function answerTo(world: World, text: string): Promise<string> {
  const socket = await secure(world)
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  socket.write(text)
  await once(socket, 'close')
  return answer
}

async function hangsUpOn(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
}

const GET = `GET / HTTP/1.1\r\n${HOST}`
const CLOSE = 'Connection: close\r\n\r\n'

function refusesHead(limits: Record<string, number>, text: string, answer: RegExp): Drive {
  return () =>
    withWorld(limits, async (world) => {
      assert.match(await answerTo(world, text), answer)
      assert.equal(world.connector.requests.length, 0)
    })
}

/** A request under way when the gateway stops, answered afterwards or never: how it ends. */
async function underWayAtStop(drainMs: number, answers: boolean): Promise<number> {
  const browser = { ...testConfig().browser, limits: { drainMs } }
  const world = await new World(testConfig({ browser })).start()
  await world.connect()
  const arrived = new Promise<ArrivedRequest>((resolve) => {
    world.connector.answer = resolve
  })
  const agent = new Agent({ keepAlive: false })
  const asked = world.ask({ host: OPEN, agent }).then(
    ({ status }) => status,
    () => 0,
  )
  const request = await arrived
  const stopped = world.gateway.stop()
  if (answers) request.reply(200, [], 'late')
  const status = await asked
  await stopped
  return status
}

/** Every limit of the browser listener that is driven here. */
export const BROWSER_DRIVES: Readonly<Record<string, Drive>> = {
  headerOctets: refusesHead(
    { headerOctets: 2048 },
    `${GET}X-A: ${'x'.repeat(20_480)}\r\n${CLOSE}`,
    /^HTTP\/1\.1 431 [\s\S]*ERR_GATEWAY_FIELDS_TOO_LARGE/,
  ),
  headerFields: async () => {
    const limits = { headerFields: 8 }
    const fields = (count: number) => `${GET}${'X-A: 1\r\n'.repeat(count)}${CLOSE}`
    // Far too many the parser refuses by itself.
    for (const count of [80, 7]) {
      await refusesHead(limits, fields(count), /^HTTP\/1\.1 431 [\s\S]*_FIELDS_TOO_LARGE/)()
    }
  },
  targetOctets: refusesHead(
    { targetOctets: 256 },
    `GET /${'x'.repeat(2560)} HTTP/1.1\r\n${HOST}${CLOSE}`,
    /^HTTP\/1\.1 414 [\s\S]*ERR_GATEWAY_TARGET_TOO_LONG/,
  ),
  connections: () =>
    withWorld({ connections: 3 }, async ({ port }) => {
      const sockets = Array.from({ length: 30 }, () => connectTcp(port, '127.0.0.1'))
      for (const socket of sockets) socket.on('error', () => undefined).resume()
      let closed = 0
      await new Promise<void>((resolve) => {
        for (const socket of sockets) {
          socket.on('close', () => {
            if (++closed === 27) resolve()
          })
        }
      })
      const taken = sockets.filter((socket) => !socket.closed)
      assert.equal(taken.length, 3)
      for (const socket of taken) socket.destroy()
      await Promise.all(taken.map(hangsUpOn))
    }),
  requestsPerConnection: () =>
    withWorld({ requestsPerConnection: 2 }, async (world) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const sockets = new Set<unknown>()
      agent.on('free', (socket) => sockets.add(socket))
      for (let count = 0; count < 20; count += 1) {
        const { status, headers } = await world.ask({ host: OPEN, agent })
        assert.equal(status, 200)
        assert.equal(headers.connection, count % 2 === 0 ? 'keep-alive' : 'close')
      }
      agent.destroy()
    }),
  handshakeMs: () =>
    withWorld({ handshakeMs: 100 }, async ({ port }) => {
      await hangsUpOn(connectTcp(port, '127.0.0.1'))
    }),
  headersMs: () =>
    withWorld({ headersMs: 100 }, async (world) => {
      assert.match(await answerTo(world, GET), /^HTTP\/1\.1 408 /)
    }),
  requestMs: () =>
    withWorld({ requestMs: 1000, headersMs: 1000 }, async (world) => {
      const text = `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n1`
      assert.match(await answerTo(world, text), /^HTTP\/1\.1 (?:408|4\d\d|5\d\d) |^$/)
    }),
  keepAliveMs: () =>
    withWorld({ keepAliveMs: 100 }, async (world) => {
      assert.match(await answerTo(world, `${GET}\r\n`), /^HTTP\/1\.1 200 /)
    }),
  drainMs: async () => {
    assert.equal(await underWayAtStop(3_600_000, true), 200)
    assert.notEqual(await underWayAtStop(50, false), 200)
  },
  replayOctets: () =>
    withWorld({ replayOctets: 100 }, async (world) => {
      const cookie = await world.signIn()
      const lose = { code: 'ERR_SSO_PROOF_UNKNOWN', message: 'not known' }
      const usual = world.connector.answer
      /** Answers the second time, when the proof has been sent again. */
      const post = async (octets: number) => {
        const before = world.connector.requests.length
        world.connector.answer = (request) => {
          if (world.connector.requests.length === before + 1) request.stream.reset(lose)
          else request.reply(200, [], String(request.body.length))
        }
        const answer = await world.ask({ cookie, method: 'POST', body: 'x'.repeat(octets) })
        return { ...answer, sent: world.connector.requests.length - before }
      }
      assert.deepEqual((await post(100)).body, '100')
      const { status, sent } = await post(1000)
      assert.deepEqual([status, sent], [503, 1])
      world.connector.answer = usual
    }),
}
