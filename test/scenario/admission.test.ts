import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { after, before, describe, it, mock } from 'node:test'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  privateKeyToPem,
  type Authority,
} from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import {
  bareTls,
  exchange,
  TrustConnector,
  UPGRADE_REQUEST,
  type BareOptions,
} from '../support/trust-connector.ts'
import { TrustGateway } from '../support/trust-gateway.ts'

const ports = { clock: systemClock, random: systemRandom }
const DAY_MS = 86_400_000

/** Certificate and key of a connector that never registered. */
function strangerOf(authority: Authority, connectorId: string): { cert: string; key: string } {
  const key = createKey()
  const order = { csrPem: createSigningRequest(key, 'x'), connectorId }
  const { certificatePem } = issueConnectorCertificate(authority, order, ports)
  return { cert: certificatePem, key: privateKeyToPem(key) }
}

const statusOf = (reply: string) => Number(reply.split(' ')[1])
const bodyOf = (reply: string) => JSON.parse(reply.slice(reply.indexOf('\r\n\r\n'))) as unknown

const REFUSED = {
  code: 'ERR_GATEWAY_CONNECTOR_REFUSED',
  message: 'not a connector of this gateway',
  mend: "See the gateway's log for the reason; register the connector again where it was revoked.",
}

describe('admission to the tunnel', () => {
  const gateway = new TrustGateway()
  const connector = new TrustConnector()
  let id = ''

  before(async () => {
    await gateway.start()
    const registered = await connector.register(await gateway.createToken())
    id = registered.id
  })
  after(async () => {
    await gateway.stop()
    connector.remove()
  })

  async function upgrade(options: BareOptions = {}): Promise<string> {
    return exchange(await bareTls(gateway.port, options), UPGRADE_REQUEST)
  }

  /** Refused in the same words as everyone, with the reason in the gateway's log alone. */
  async function assertRefused(options: BareOptions, reason: RegExp): Promise<void> {
    const reply = await upgrade(options)
    assert.equal(statusOf(reply), 403)
    assert.deepEqual(bodyOf(reply), REFUSED)
    const last = gateway.logger.lines.findLast((line) => line.message === 'tunnel refused')
    assert.match(String(last?.fields['reason']), reason)
  }

  it('lets a registered connector in, with its id and group', async () => {
    const next = gateway.nextTunnel()
    const session = await connector.dial()
    assert.equal(session.peer.version, 1)
    const admitted = await next
    assert.deepEqual([admitted.id, admitted.group], [id, 'default'])
    session.close({ code: 'ERR_TEST', message: 'over' })
  })

  it('refuses who has no certificate', () => assertRefused({}, /no client certificate/))

  it('refuses a certificate of another CA, be its id that of a known connector', async () => {
    const foreign = strangerOf(createAuthority(ports), id)
    await assertRefused(foreign, /not issued by the gateway's CA/)
    await assert.rejects(connector.dial(foreign), { code: 'ERR_TUNNEL_REFUSED' })
  })

  it('refuses a certificate of its own CA that the store does not know', async () => {
    await assertRefused(strangerOf(gateway.authority, id), /does not know connector/)
  })

  it("refuses the gateway's own purpose: a certificate that names no connector", async () => {
    const { authority } = gateway
    await assertRefused(
      { cert: authority.certificatePem, key: authority.privateKeyPem },
      /not issued for this purpose/,
    )
  })

  it('refuses a certificate whose time is over', async () => {
    const { cert, key } = await connector.read()
    gateway.clock.shiftMs = 31 * DAY_MS
    await assertRefused({ cert, key }, /ended on/)
    gateway.clock.shiftMs = 0
  })

  it('refuses a revoked connector, on resumed TLS sessions too', async () => {
    const revoked = new TrustConnector()
    const registered = await revoked.register(await gateway.createToken())
    const { cert, key } = await revoked.read()
    const session = await resumableSession(gateway.port, { cert, key })
    assert.match(await firstLineResumed(gateway.port, { cert, key, session }), /101/)

    await gateway.store.connectors.revoke(registered.id, systemClock.nowMs())

    await assertRefused({ cert, key }, /was revoked/)
    await assert.rejects(revoked.dial(), { code: 'ERR_TUNNEL_REFUSED' })
    assert.match(await firstLineResumed(gateway.port, { cert, key, session }), /403/)
    // Without showing the certificate again: the session alone carries it.
    assert.match(await firstLineResumed(gateway.port, { session }), /403/)
    revoked.remove()
  })

  it('cuts a connector that is revoked between admission and the open tunnel', async () => {
    const late = new TrustConnector()
    const registered = await late.register(await gateway.createToken())
    const { connectors } = gateway.store
    const original = connectors.findByCertificate.bind(connectors)
    mock.method(connectors, 'findByCertificate', async (serial: string) => {
      const found = await original(serial)
      await connectors.revoke(registered.id, 1)
      return found
    })
    const next = gateway.nextTunnel()
    await late.dial()
    mock.restoreAll()
    const { id: opened, session } = await next
    assert.equal(opened, registered.id)
    while (!session.closed) await new Promise((resolve) => setImmediate(resolve))
    late.remove()
  })
})

/** Opens TLS and waits for a ticket. */
async function resumableSession(port: number, options: BareOptions): Promise<Buffer> {
  const socket = await bareTls(port, options)
  const [session] = (await once(socket, 'session')) as [Buffer]
  socket.destroy()
  return session
}

/** The status line that an upgrade request gets on a resumed session. */
async function firstLineResumed(port: number, options: BareOptions): Promise<string> {
  const socket = await bareTls(port, options)
  assert.equal(socket.isSessionReused(), true)
  socket.write(UPGRADE_REQUEST)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString('latin1').split('\r\n')[0] ?? ''
}

describe('the tunnel listener, to strangers', () => {
  const limits = {
    handshakeTimeoutMs: 500,
    headTimeoutMs: 500,
    requestTimeoutMs: 500,
    timeoutCheckMs: 50,
  }
  const gateway = new TrustGateway({ limits, rate: { perAddress: 3 } })

  before(() => gateway.start())
  after(() => gateway.stop())

  async function ask(text: string): Promise<{ status: number; body: unknown; text: string }> {
    const reply = await exchange(await bareTls(gateway.port), text)
    return { status: statusOf(reply), body: bodyOf(reply), text: reply }
  }
  const register = (body: string, type = 'application/json') =>
    ask(
      `POST /register HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )

  it('answers 404 to everything else and says nothing about itself', async () => {
    const lines = ['GET / HTTP/1.1', 'GET /register HTTP/1.1', 'POST /tunnel/x HTTP/1.1']
    for (const line of lines) {
      const { status, body, text } = await ask(`${line}\r\nHost: x\r\n\r\n`)
      assert.deepEqual(
        [status, body],
        [404, { code: 'ERR_GATEWAY_NOT_FOUND', message: 'there is nothing here' }],
      )
      assert.doesNotMatch(text, /sallyport|fastify|node/i)
    }
    const other = await ask(UPGRADE_REQUEST.replace('/tunnel', '/register'))
    assert.equal(other.status, 404)
  })

  it('answers 426 where the tunnel is asked for without an upgrade', async () => {
    const { status, text } = await ask('GET /tunnel HTTP/1.1\r\nHost: x\r\n\r\n')
    assert.equal(status, 426)
    assert.match(text, /^upgrade: websocket\r$/im)
  })

  it('speaks TLS 1.3 only', async () => {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: gateway.port, rejectUnauthorized: false },
      maxVersion: 'TLSv1.2',
    })
    const [error] = (await once(socket, 'error')) as [Error]
    assert.match(error.message, /alert|protocol version/i)
  })

  it('refuses bodies that are no registration, then too many attempts', async () => {
    const statuses: number[] = []
    for (const body of ['', '{', '{"secret":1}', '{}']) {
      const reply = await register(body)
      statuses.push(reply.status)
    }
    assert.deepEqual(statuses, [400, 400, 400, 429])
  })

  it('answers a body that is too large instead of reading it', async () => {
    const { status } = await register(`{"csr":"${'x'.repeat(20_000)}"}`)
    assert.ok(status === 400 || status === 429)
  })

  it('hangs up on those who say nothing, before TLS and after', async () => {
    const mute = connectTcp(gateway.port, '127.0.0.1').resume()
    await once(mute, 'close')
    const silent = await bareTls(gateway.port)
    silent.resume()
    await once(silent, 'close')
    const slow = await bareTls(gateway.port)
    slow.write('POST /register HTTP/1.1\r\nHost: x\r\n')
    slow.resume()
    await once(slow, 'close')
  })

  it('takes only so many connections that are no tunnels', async () => {
    const gateway = await new TrustGateway({ limits: { maxPending: 3 } }).start()
    const sockets = Array.from({ length: 3 }, () => connectTcp(gateway.port, '127.0.0.1'))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const fourth = connectTcp(gateway.port, '127.0.0.1')
    fourth.on('error', () => undefined)
    await once(fourth, 'close')
    assert.ok(sockets.every((socket) => !socket.destroyed))
    for (const socket of sockets) socket.destroy()
    await gateway.stop()
  })

  it('keeps nobody out for the sake of one address that takes all of them', async () => {
    const gateway = await new TrustGateway({ limits: { maxPending: 3 } }).start()
    const sockets = Array.from({ length: 3 }, () => connectTcp(gateway.port, '127.0.0.1').resume())
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const closed = once(sockets[0] ?? assert.fail(), 'close')
    const other = await bareTls(gateway.port, { localAddress: '127.0.0.2' })
    await closed
    assert.deepEqual(
      sockets.map((socket) => socket.closed),
      [true, false, false],
    )
    for (const socket of [other, ...sockets]) socket.destroy()
    await gateway.stop()
  })
})
