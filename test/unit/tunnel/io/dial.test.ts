import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:https'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { WebSocket } from 'ws'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  privateKeyToPem,
} from '../../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import { checkGateway, dialTunnel, refuseUpgrade } from '../../../../src/tunnel/io/index.ts'
import { connectTcp, parseAddress } from '../../../../src/tunnel/io/tcp.ts'
import {
  dialOptions,
  makeCertificates,
  SILENT,
  TestListener,
  until,
} from '../../../support/tunnel/pairs.ts'
import { TunnelRecorder } from '../../../support/tunnel/recorder.ts'

const certificates = makeCertificates()
const accepting = () => ({ clock: systemClock, logger: SILENT, handler: new TunnelRecorder() })

describe('dialTunnel', { timeout: 30_000 }, () => {
  const listener = new TestListener(certificates)
  const options = () => dialOptions(listener, certificates, new TunnelRecorder())
  before(() => listener.listen())
  after(() => listener.close())

  it('reaches a gateway by name and by IP address', async () => {
    for (const serverName of ['localhost', '127.0.0.1']) {
      const accepted = listener.accept(accepting())
      const session = await dialTunnel({ ...options(), serverName })
      assert.equal(session.peer.version, 1)
      session.close({ code: 'ERR_X', message: '' })
      await accepted
    }
  })

  it('says ERR_TUNNEL_UNREACHABLE where nothing listens', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const dial = dialTunnel({ ...options(), address: `127.0.0.1:${port}` })
    await assert.rejects(dial, { code: 'ERR_TUNNEL_UNREACHABLE' })
  })

  it('says ERR_TUNNEL_TLS for another CA, and for another name', async () => {
    const other = createAuthority({ clock: systemClock, random: systemRandom })
    const wrongCa = dialTunnel({ ...options(), ca: other.certificatePem })
    await assert.rejects(wrongCa, { code: 'ERR_TUNNEL_TLS' })
    const wrongName = dialTunnel({ ...options(), serverName: 'gateway.example' })
    await assert.rejects(wrongName, { code: 'ERR_TUNNEL_TLS' })
  })

  it('does not take another connector of the same CA for the gateway', async () => {
    const ports = { clock: systemClock, random: systemRandom }
    const authority = createAuthority(ports)
    const key = createKey()
    const order = { csrPem: createSigningRequest(key, 'x'), connectorId: randomUUID() }
    const cert = issueConnectorCertificate(authority, order, ports).certificatePem
    const server = createTlsServer({ cert, key: privateKeyToPem(key) })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const own = { ...options(), ca: authority.certificatePem, address: `127.0.0.1:${port}` }
    await assert.rejects(dialTunnel(own), { code: 'ERR_TUNNEL_TLS' })
    server.close()
  })

  it('says ERR_TUNNEL_TLS or _HANDSHAKE when the gateway does not take our certificate', async () => {
    const other = makeCertificates()
    await assert.rejects(dialTunnel({ ...options(), ...other.client }), {
      code: /^ERR_TUNNEL_(TLS|HANDSHAKE)$/,
    })
  })

  it('says ERR_TUNNEL_REFUSED with the HTTP status', async () => {
    listener.server.once('upgrade', (_request, socket) => {
      refuseUpgrade(socket, 403)
    })
    await assert.rejects(dialTunnel(options()), { code: 'ERR_TUNNEL_REFUSED', message: /403/ })
  })

  it('says ERR_TUNNEL_UNREACHABLE, _TLS or _HANDSHAKE when the peer falls silent', async () => {
    const sockets: Socket[] = []
    const mute = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as AddressInfo
    const limits = { handshakeTimeoutMs: 50 }
    const silent = dialTunnel({ ...options(), address: `127.0.0.1:${port}`, limits })
    await assert.rejects(silent, { code: 'ERR_TUNNEL_TLS' })
    for (const socket of sockets) socket.destroy()
    mute.close()
    // Given up once the upgrade has arrived: a short limit could fire while TLS still shakes hands on a busy machine.
    const patience = new AbortController()
    let held: { destroy(): void } | undefined
    listener.server.once('upgrade', (_request, socket) => {
      held = socket
      patience.abort(new Error('given up'))
    })
    const unanswered = dialTunnel({ ...options(), signal: patience.signal })
    await assert.rejects(unanswered, { code: 'ERR_TUNNEL_HANDSHAKE' })
    held?.destroy()
  })

  it('stops when its signal fires', async () => {
    const stopped = dialTunnel({ ...options(), signal: AbortSignal.abort(new Error('stopped')) })
    await assert.rejects(stopped, { code: 'ERR_TUNNEL_UNREACHABLE', message: /stopped/ })
  })

  it('goes through a connection that it is given', async () => {
    const accepted = listener.accept(accepting())
    const asked: string[] = []
    const session = await dialTunnel({
      ...options(),
      address: `gateway.invalid:${listener.port}`,
      connect: ({ host, port, signal }) => {
        asked.push(host)
        return connectTcp({ host: '127.0.0.1', port, signal })
      },
    })
    assert.deepEqual(asked, ['gateway.invalid'])
    session.close({ code: 'ERR_X', message: '' })
    await accepted
  })
})

describe('acceptTunnel', { timeout: 30_000 }, () => {
  const listener = new TestListener(certificates)
  before(() => listener.listen())
  after(() => listener.close())

  const upgradeStatus = (path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request({
        host: '127.0.0.1',
        port: listener.port,
        agent: new Agent({ servername: 'localhost', ca: certificates.ca, ...certificates.client }),
        path,
        headers: { connection: 'Upgrade', upgrade: 'websocket', ...headers },
      })
      outgoing.on('response', (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      outgoing.on('error', reject)
      outgoing.end()
    })

  const wrong: readonly (readonly [string, string, Record<string, string>, number])[] = [
    ['another path', '/other', { 'sec-websocket-protocol': 'sallyport.1' }, 404],
    ['no subprotocol', '/tunnel', {}, 400],
    ['another subprotocol', '/tunnel', { 'sec-websocket-protocol': 'chat' }, 400],
    ['no WebSocket key', '/tunnel', { 'sec-websocket-protocol': 'sallyport.1' }, 400],
  ]
  for (const [what, path, headers, status] of wrong) {
    it(`refuses ${what} with ${status}`, async () => {
      const refused = assert.rejects(listener.accept(accepting()), { code: 'ERR_TUNNEL_REFUSED' })
      assert.equal(await upgradeStatus(path, headers), status)
      await refused
    })
  }

  const plainPeer = (): WebSocket =>
    new WebSocket(`wss://127.0.0.1:${listener.port}/tunnel`, 'sallyport.1', {
      agent: new Agent({ servername: 'localhost', ca: certificates.ca, ...certificates.client }),
    })

  it('rejects a peer that says no HELLO in time, and its handler hears nothing', async () => {
    const own = accepting()
    const accepted = listener.accept({ ...own, limits: { handshakeTimeoutMs: 30 } })
    const peer = plainPeer()
    await assert.rejects(accepted, { code: 'ERR_TUNNEL_HANDSHAKE' })
    assert.equal(own.handler.closes.length, 0)
    await new Promise((resolve) => peer.once('close', resolve))
  })

  it('closes a peer that sends text with 1003', async () => {
    const accepted = listener.accept(accepting())
    const peer = plainPeer()
    peer.once('open', () => {
      peer.send('hello')
    })
    const [code] = await Promise.all([
      new Promise((resolve) => peer.once('close', resolve)),
      assert.rejects(accepted, { code: 'ERR_TUNNEL_HANDSHAKE' }),
    ])
    assert.equal(code, 1003)
  })

  it('closes a peer whose message is larger than any frame', async () => {
    const own = accepting()
    const accepted = listener.accept(own)
    const session = dialTunnel(dialOptions(listener, certificates, new TunnelRecorder()))
    await Promise.all([accepted, session])
    const second = listener.accept(accepting())
    const peer = plainPeer()
    peer.once('open', () => {
      peer.send(Buffer.alloc(1_048_576 + 9))
    })
    await assert.rejects(second, { code: 'ERR_TUNNEL_HANDSHAKE' })
    await until(() => peer.readyState === WebSocket.CLOSED)
    assert.equal(own.handler.closes.length, 0)
  })
})

describe('checkGateway', () => {
  const subject = { CN: 'x' } as never
  const judge = (subjectaltname: string): Error | undefined =>
    checkGateway('gw.example', { subject, subjectaltname })

  it('wants the name and the URI', () => {
    assert.equal(judge('DNS:gw.example, URI:urn:sallyport:gateway'), undefined)
    assert.match(judge('DNS:gw.example')?.message ?? '', /not a gateway/)
    assert.match(judge('DNS:other, URI:urn:sallyport:gateway')?.message ?? '', /does not match/)
  })

  it('is not fooled by a name that holds the URI', () => {
    const forged = 'DNS:gw.example, DNS:"x, URI:urn:sallyport:gateway, y"'
    assert.match(judge(forged)?.message ?? '', /not a gateway/)
    assert.notEqual(judge('DNS:gw.example, URI:urn:sallyport:gateway:x'), undefined)
  })
})

describe('parseAddress', () => {
  it('reads host and port, brackets around IPv6', () => {
    assert.deepEqual(parseAddress('gw.example:8444'), { host: 'gw.example', port: 8444 })
    assert.deepEqual(parseAddress('[::1]:443'), { host: '::1', port: 443 })
  })

  it('refuses anything else', () => {
    for (const bad of [
      '',
      'gw',
      'gw:',
      'gw:0',
      'gw:65536',
      '::1:443',
      'https://gw:1',
      'a b:1',
      'gw:1/x',
    ]) {
      assert.throws(() => parseAddress(bad), RangeError, bad)
    }
  })
})
