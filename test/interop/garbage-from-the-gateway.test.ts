import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { appSettings, StolenGateway, type StolenTunnel } from '../support/stolen-gateway.ts'
import { rawControl, rawFrame, TYPE, webSocketFrame } from '../support/tunnel/raw-frames.ts'

const lab = sharedLab()
/** Guards against hangs only. */
const PATIENCE = { timeout: 120_000 }

const text = (value: string): Buffer => Buffer.from(value, 'latin1')
const json = (value: unknown): Buffer => rawControl(JSON.stringify(value))

/** Lengths of request id, app, proof, method and target, the body length, no fields; then the text. */
function openFrame(target: string, stream: number): Buffer {
  const head = Buffer.alloc(16, 0)
  head.set([1, 5, 0, 3])
  head.writeUInt16BE(target.length, 4)
  return rawFrame(
    { type: TYPE.OPEN | 0x10, stream },
    Buffer.concat([head, text(`rplainGET${target}`)]),
  )
}

/** Each is one message in a WebSocket frame of its own; the connector must name this code and dial again. */
const BROKEN: Readonly<Record<string, readonly [code: string, message: Buffer]>> = {
  'an empty message': ['ERR_TUNNEL_FRAME', Buffer.alloc(0)],
  'half a frame header': ['ERR_TUNNEL_FRAME', Buffer.alloc(5)],
  'a frame type that nobody knows': ['ERR_TUNNEL_FRAME', rawFrame({ type: 15 })],
  'a reserved flag': ['ERR_TUNNEL_FRAME', rawFrame({ type: TYPE.PING | 0x40 }, Buffer.alloc(4))],
  'END on a frame that cannot end': [
    'ERR_TUNNEL_FRAME',
    rawFrame({ type: TYPE.PING | 0x10 }, Buffer.alloc(4)),
  ],
  'a request on stream 0': ['ERR_TUNNEL_FRAME', openFrame('/', 0)],
  'a control message on a stream': [
    'ERR_TUNNEL_FRAME',
    rawFrame({ type: TYPE.CONTROL, stream: 7 }, text('{}')),
  ],
  'a payload that is cut': [
    'ERR_TUNNEL_FRAME',
    rawFrame({ type: TYPE.CONTROL, length: 100 }, text('{}')),
  ],
  'a good frame and a bad one after it': [
    'ERR_TUNNEL_FRAME',
    Buffer.concat([rawFrame({ type: TYPE.PING }, Buffer.alloc(4)), Buffer.alloc(3, 0xff)]),
  ],
  'a PING of five octets': ['ERR_TUNNEL_FRAME', rawFrame({ type: TYPE.PING }, Buffer.alloc(5))],
  'a request head of 70 000 octets': [
    'ERR_TUNNEL_FRAME',
    rawFrame({ type: TYPE.OPEN, stream: 99 }, Buffer.alloc(70_000, 0x41)),
  ],
  'a request head of garbage': [
    'ERR_TUNNEL_HEAD',
    rawFrame({ type: TYPE.OPEN, stream: 99 }, Buffer.alloc(200, 0xfe)),
  ],
  'a request target with a line break': ['ERR_TUNNEL_HEAD', openFrame('/\r\nX-Evil: 1', 99)],
  'a request target that is a URL': ['ERR_TUNNEL_HEAD', openFrame('http://dc1.corp.example/', 99)],
  'a request target with a space': ['ERR_TUNNEL_HEAD', openFrame('/ HTTP/1.1', 99)],
  'a response head on a stream that never was': [
    'ERR_TUNNEL_STATE',
    rawFrame({ type: TYPE.HEAD, stream: 99 }, Buffer.from([0, 200, 0, 0])),
  ],
  'data on a stream that never was': [
    'ERR_TUNNEL_STATE',
    rawFrame({ type: TYPE.DATA, stream: 99 }, text('x')),
  ],
  'a stream id that goes back': [
    'ERR_TUNNEL_STATE',
    Buffer.concat([openFrame('/1k', 99), openFrame('/1k', 98)]),
  ],
  'a second HELLO': [
    'ERR_TUNNEL_HANDSHAKE',
    rawFrame({ type: TYPE.HELLO }, Buffer.from([1, 0, 1, 0, 0, 0, 0, 1, 0, 0])),
  ],
  'a control message that is no JSON': ['ERR_TUNNEL_CONTROL', rawControl('{"type":')],
  'a control message that is no UTF-8': [
    'ERR_TUNNEL_CONTROL',
    rawControl(Buffer.from([0xff, 0xfe])),
  ],
  'a control message without a type': ['ERR_TUNNEL_CONTROL', json({ hello: 'world' })],
  'a control message of a thousand brackets': [
    'ERR_TUNNEL_CONTROL',
    rawControl('['.repeat(100_000)),
  ],
  'a status message, which is the connector’s to send': [
    'ERR_TUNNEL_CONTROL',
    json({ type: 'status', version: '1', kerberos: { ready: true } }),
  ],
  'a proof that is no text': ['ERR_TUNNEL_CONTROL', json({ type: 'proof', id: 'x', idToken: 7 })],
  'a proof of 100 000 characters': [
    'ERR_TUNNEL_CONTROL',
    json({ type: 'proof', id: 'x', idToken: 'x'.repeat(100_000) }),
  ],
  'apps with a sign-in that nobody knows': [
    'ERR_TUNNEL_CONTROL',
    json({
      type: 'apps',
      revision: 1,
      apps: [{ ...appSettings('x', 'http://x/'), singleSignOn: 'ntlm' }],
    }),
  ],
}

/** Octets on the connection that are no message of ours at all. */
const BROKEN_BELOW: Readonly<Record<string, () => Buffer>> = {
  'a WebSocket text message': () => webSocketFrame(text('hello'), 0x81),
  'a WebSocket frame of an unknown kind': () => webSocketFrame(text('x'), 0x83),
  'a compressed WebSocket message': () => webSocketFrame(text('x'), 0xc2),
  'a control message of 2 MiB': () => webSocketFrame(rawControl(Buffer.alloc(2_097_152, 0x20))),
  'a WebSocket message of 2^62 octets': () => {
    const head = webSocketFrame(Buffer.alloc(70_000)).subarray(0, 10)
    head.writeBigUInt64BE(1n << 62n, 2)
    return head
  },
  'random octets': () => Buffer.concat([Buffer.from([0xff]), randomBytes(4096)]),
}

describe('a connector whose gateway sends garbage', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { plain } = lab.backends
  const app = appSettings('plain', plain.url, {
    preAuthentication: 'passthrough',
    singleSignOn: 'none',
  })
  let gateway: StolenGateway
  before(async () => {
    gateway = await StolenGateway.start(lab)
  })
  after(() => gateway.stop())

  const assertServes = async () => {
    await gateway.describe(app)
    const outcome = await gateway.request({ app: 'plain', proof: '', target: '/1k' })
    assert.ok('status' in outcome && outcome.status === 200, JSON.stringify(outcome))
  }

  /** Breaks the tunnel and waits until the connector has said so, has dialled again and serves. */
  async function assertRecovers(code: string, breakIt: (tunnel: StolenTunnel) => void) {
    await gateway.describe(app)
    const tunnel = await gateway.tunnel()
    const next = gateway.nextTunnel()
    const before = new Set(gateway.connector.lines)
    breakIt(tunnel)
    const down = await gateway.connector.waitFor(
      (line) => line.msg === 'tunnel down' && !before.has(line),
    )
    assert.equal(down['code'], code, JSON.stringify(down))
    assert.ok(typeof down['reason'] === 'string' && down['reason'].length > 10)
    await next
    await assertServes()
  }

  it('serves a gateway that keeps to the protocol', assertServes)

  for (const [what, [code, message]] of Object.entries(BROKEN)) {
    it(`closes the tunnel at ${what} and dials again`, PATIENCE, () =>
      assertRecovers(code, ({ socket }) => socket.write(webSocketFrame(message))),
    )
  }

  for (const [what, octets] of Object.entries(BROKEN_BELOW)) {
    it(`loses the tunnel at ${what} and dials again`, PATIENCE, () =>
      assertRecovers('ERR_TUNNEL_LOST', ({ socket }) => socket.write(octets())),
    )
  }

  it('dials again when the connection is cut', PATIENCE, () =>
    assertRecovers('ERR_TUNNEL_LOST', ({ socket }) => socket.destroy()),
  )

  it('closes the tunnel at more data than it allowed', PATIENCE, () =>
    assertRecovers('ERR_TUNNEL_CREDIT', ({ session, socket }) => {
      const head = {
        requestId: 'r',
        app: 'plain',
        proof: '',
        method: 'POST',
        target: '/slow?ms=5000',
      }
      const ignore = { onData: () => undefined, onEnd: () => undefined, onReset: () => undefined }
      const { id } = session.open({ ...head, headers: [] }, ignore, false)
      const data = rawFrame({ type: TYPE.DATA, stream: id }, Buffer.alloc(65_536))
      // In a later turn than the OPEN frame.
      setImmediate(() => {
        setImmediate(() =>
          socket.write(Buffer.concat(Array<Buffer>(500).fill(webSocketFrame(data)))),
        )
      })
    }),
  )

  it('passes over what a newer gateway might say, in the same tunnel', PATIENCE, async () => {
    const tunnel = await gateway.tunnel()
    const [first, rest] = [
      rawControl('{"type":"weather","sun":true}'),
      rawFrame({ type: TYPE.PING }, Buffer.alloc(4)),
    ]
    tunnel.socket.write(webSocketFrame(first))
    // One message in two WebSocket frames, with a WebSocket ping between them.
    tunnel.socket.write(webSocketFrame(rest.subarray(0, 5), 0x02))
    tunnel.socket.write(webSocketFrame(text('hm'), 0x89))
    tunnel.socket.write(webSocketFrame(rest.subarray(5), 0x80))
    await assertServes()
    // The first stream is over: what comes late for it is passed over.
    tunnel.socket.write(webSocketFrame(rawFrame({ type: TYPE.DATA, stream: 1 }, text('late'))))
    await assertServes()
    assert.equal(await gateway.tunnel(), tunnel)
  })

  it('dials again, and says why, when it is not let in', PATIENCE, async () => {
    for (const status of [404, 401, 302, 500]) {
      const tunnel = await gateway.tunnel()
      const next = gateway.nextTunnel()
      gateway.refusals.push(status)
      tunnel.socket.destroy()
      const line = await gateway.connector.waitFor(
        ({ msg, reason }) =>
          msg === 'the gateway cannot be reached' && String(reason).includes(String(status)),
      )
      assert.equal(line['code'], 'ERR_TUNNEL_REFUSED')
      await next
    }
    await assertServes()
  })

  it('was one process all along', () => {
    assert.doesNotThrow(() => process.kill(gateway.connector.pid, 0))
    const faults = gateway.connector.lines.filter(
      (line) => line.level === 'error' || line.level === 'fatal',
    )
    assert.deepEqual(faults, [])
  })
})
