import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createConnector, resolveConnectorLimits } from '../../../src/connector/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import type { BodySink } from '../../../src/sso/index.ts'
import {
  createTunnelSession,
  DEFAULT_LIMITS,
  type RequestHead,
  type ResponseHead,
  type StreamHandler,
  type StreamReason,
  type TunnelHandler,
  type TunnelSession,
  type TunnelStream,
} from '../../../src/tunnel/index.ts'
import { FakePipeline, type HandledRequest } from '../../support/fake-pipeline.ts'
import { PLAIN_APP } from '../../support/fake-tunnel.ts'
import { MemoryLogger, settled } from '../../support/manual-clock.ts'
import { MemoryLink } from '../../support/tunnel/memory-link.ts'

const CHUNK = Buffer.alloc(16_384, 7)
const WINDOW = DEFAULT_LIMITS.streamWindowOctets

/** The gateway's side of one request. */
class Client implements StreamHandler {
  head: ResponseHead | undefined
  octets = 0
  ended = false
  reason: StreamReason | undefined
  drains = 0
  /** Set: everything that arrives is taken at once. */
  taking: TunnelStream | undefined
  onHead(head: ResponseHead): void {
    this.head = head
  }
  onData(chunk: Uint8Array): void {
    this.octets += chunk.length
    this.taking?.consumed(chunk.length)
  }
  onEnd(): void {
    this.ended = true
  }
  onReset(reason: StreamReason): void {
    this.reason = reason
  }
  onDrain(): void {
    this.drains += 1
  }
}

/** Lets messages pass to and fro until both ends have nothing left to say. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await settled()
}

const HEAD: RequestHead = {
  requestId: 'r1',
  app: 'intranet',
  proof: '',
  method: 'POST',
  target: '/',
  headers: [],
}

/** A connector and a gateway's session, joined in memory. */
async function joined() {
  const pipeline = new FakePipeline()
  const logger = new MemoryLogger()
  const links: MemoryLink[] = []
  const sessions: TunnelSession[] = []
  const gatewayHandler: TunnelHandler = { onControl: () => undefined, onClose: () => undefined }
  const dial = (handler: TunnelHandler): Promise<TunnelSession> => {
    const link = new MemoryLink(true)
    links.push(link)
    const ports = { clock: systemClock, logger }
    sessions.push(
      createTunnelSession(link.gateway, { role: 'gateway' }, { ...ports, handler: gatewayHandler }),
    )
    return new Promise((resolve) => {
      const session: TunnelSession = createTunnelSession(
        link.connector,
        { role: 'connector' },
        {
          ...ports,
          handler: watched(handler, () => {
            resolve(session)
          }),
        },
      )
    })
  }
  const limits = resolveConnectorLimits({ reconnectFirstMs: 10, reconnectMaxMs: 10 })
  const connector = createConnector(
    { version: '1', limits },
    { dialler: { dial }, pipeline, clock: systemClock, random: systemRandom, logger },
  )
  connector.start()
  await quiet()
  const [gateway] = sessions
  const [link] = links
  assert.ok(gateway && link)
  gateway.sendControl({ type: 'apps', revision: 1, apps: [PLAIN_APP] })
  const request = async (ended: boolean) => {
    const client = new Client()
    const stream = gateway.open(HEAD, client, ended)
    await quiet()
    return { client, stream, handled: pipeline.last }
  }
  return { connector, gateway, link, pipeline, request }
}

/** Methods of a class instance are on its prototype: bind what the session asks for. */
function watched(handler: TunnelHandler, ready: () => void): TunnelHandler {
  return {
    onReady: (session) => {
      handler.onReady?.(session)
      ready()
    },
    onOpen: (stream, head, ended) => {
      const opened = handler.onOpen?.(stream, head, ended)
      assert.ok(opened)
      return opened
    },
    onControl: (message) => {
      handler.onControl(message)
    },
    onClose: (reason) => {
      handler.onClose(reason)
    },
    onDraining: () => handler.onDraining?.(),
  }
}

/** Takes a request body, at the pace a test sets. */
class Backend implements BodySink {
  octets = 0
  ended = false
  room = true
  readonly flow: { resume(): void }
  constructor({ request }: HandledRequest, room: boolean) {
    this.room = room
    assert.ok(request.body.kind === 'stream')
    this.flow = request.body.source.start(this)
  }
  onData(chunk: Uint8Array): boolean {
    this.octets += chunk.length
    return this.room
  }
  onEnd(): void {
    this.ended = true
  }
  onError(): void {
    assert.fail('the body was not cut')
  }
}

describe('from the tunnel to the pipeline and back', () => {
  it('carries a body and a response of many windows', async () => {
    const { connector, request } = await joined()
    const { client, stream, handled } = await request(false)
    const backend = new Backend(handled, true)
    const total = WINDOW * 3
    for (let sent = 0; sent < total; sent += CHUNK.length) {
      if (!stream.write(CHUNK)) await quiet()
    }
    stream.end()
    await quiet()
    assert.equal(backend.octets, total)
    assert.ok(backend.ended)
    client.taking = stream
    handled.sink.onHead(200, ['a', 'b'])
    for (let sent = 0; sent < total; sent += CHUNK.length) {
      if (!handled.sink.onData(CHUNK)) await quiet()
    }
    handled.sink.onEnd()
    await quiet()
    assert.deepEqual(client.head, { status: 200, headers: ['a', 'b'] })
    assert.equal(client.octets, total)
    assert.ok(client.ended && handled.call.resumed > 0)
    await connector.stop()
  })

  it('holds a fast client back while the backend is slow', async () => {
    const { connector, request } = await joined()
    const { stream, handled, client } = await request(false)
    const backend = new Backend(handled, false)
    let sent = CHUNK.length
    while (stream.write(CHUNK) && sent < 4 * WINDOW) sent += CHUNK.length
    await quiet()
    assert.ok(sent <= 2 * WINDOW, `${sent} octets were let in`)
    assert.equal(backend.octets, CHUNK.length)
    assert.ok(client.drains < 1)
    backend.room = true
    backend.flow.resume()
    await quiet()
    assert.equal(backend.octets, sent)
    assert.ok(client.drains > 0)
    stream.reset({ code: 'ERR_TEST', message: 'enough' })
    await connector.stop()
  })

  it('holds a fast backend back while the client is slow', async () => {
    const { connector, request } = await joined()
    const { stream, handled, client } = await request(true)
    handled.sink.onHead(200, [])
    let sent = CHUNK.length
    while (handled.sink.onData(CHUNK) && sent < 4 * WINDOW) sent += CHUNK.length
    await quiet()
    assert.ok(sent <= 2 * WINDOW, `${sent} octets were let in`)
    assert.ok(handled.call.resumed < 1)
    stream.consumed(client.octets)
    await quiet()
    assert.ok(handled.call.resumed > 0)
    stream.reset({ code: 'ERR_TEST', message: 'enough' })
    await quiet()
    assert.ok(handled.call.aborted)
    await connector.stop()
  })

  it('tells the gateway the code of a refusal', async () => {
    const { connector, gateway } = await joined()
    const client = new Client()
    gateway.open({ ...HEAD, proof: 'unknown' }, client, true)
    await quiet()
    assert.equal(client.reason?.code, 'ERR_SSO_PROOF_UNKNOWN')
    await connector.stop()
  })

  it('lets every backend go when the tunnel is lost', async () => {
    const { connector, link, request } = await joined()
    const first = await request(true)
    const second = await request(false)
    link.cut()
    assert.ok(first.handled.call.aborted && second.handled.call.aborted)
    assert.equal(second.client.reason?.code, 'ERR_TUNNEL_LOST')
    await connector.stop()
  })

  it('finishes a request in flight before it stops', async () => {
    const { connector, request, gateway, pipeline } = await joined()
    const { client, handled } = await request(true)
    const stopped = connector.stop()
    await quiet()
    assert.throws(() => gateway.open(HEAD, new Client(), true), { code: 'ERR_TUNNEL_DRAINING' })
    handled.sink.onHead(200, [])
    handled.sink.onData(Buffer.from('done'))
    handled.sink.onEnd()
    await stopped
    await quiet()
    assert.ok(client.ended)
    assert.equal(client.octets, 4)
    assert.ok(pipeline.closed)
  })
})
