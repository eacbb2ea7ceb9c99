import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { after, before, describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { createAuthority, issueServerCertificate } from '../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'
import { browserCa, listenerCredential, testConfig, World } from '../../support/gateway/world.ts'

const certificate = {
  certificatePem: listenerCredential.certificatePem,
  keyPem: listenerCredential.privateKeyPem,
}

describe('the browser listener', () => {
  const clock = new ManualClock(Date.now())
  const world = new World(testConfig(), { clock })
  let cookie = ''
  before(async () => {
    await world.start()
    await world.connect()
    cookie = await world.signIn()
  })
  after(() => world.stop())
  const secure = async (options: object = {}): Promise<TLSSocket> => {
    const common = { host: '127.0.0.1', port: world.port, servername: 'app.example' }
    const socket = connect({ ...common, ca: browserCa, ...options })
    await once(socket, 'secureConnect')
    return socket
  }

  it('speaks TLS 1.2 and 1.3 and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await secure({ minVersion: version, maxVersion: version })
      assert.equal(socket.getProtocol(), version)
      socket.destroy()
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    await assert.rejects(secure(old))
  })

  it('gives up a browser that stops in the middle of a body, by 408', async () => {
    const headers = { 'Content-Length': '10' }
    const request = httpsRequest(world.options({ cookie, method: 'POST', headers }))
    request.write('abc')
    const answered = once(request, 'response')
    while (world.connector.requests.at(-1)?.body !== 'abc') await settled()
    const arrived = world.connector.last
    const resetCode = () => arrived.resetBy?.code
    await clock.advance(119_000)
    assert.equal(resetCode(), undefined)
    await clock.advance(3_000)
    const [response] = (await answered) as [IncomingMessage]
    assert.equal(response.statusCode, 408)
    await arrived.until(() => resetCode() !== undefined)
    assert.equal(resetCode(), 'ERR_GATEWAY_CLIENT_STALLED')
    request.destroy()
  })

  it('waits for a slow backend as long as its app allows, not the browser', async () => {
    const request = httpsRequest(world.options({ cookie, method: 'POST' }))
    request.end('abc')
    const { promise, resolve } = Promise.withResolvers<undefined>()
    world.connector.answer = () => {
      resolve(undefined)
    }
    await promise
    await clock.advance(90_000)
    world.connector.last.reply(200, [], 'late')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 200)
    response.resume()
  })

  it('takes a request to switch to a protocol that is not listed for an ordinary one', async () => {
    world.connector.answer = (request) => {
      request.reply(400, [], request.field('upgrade') ?? 'no upgrade')
    }
    const headers = { Connection: 'Upgrade', Upgrade: 'h2c' }
    assert.equal((await world.ask({ cookie, headers })).body, 'no upgrade')
  })

  it('uses a new certificate for new connections', async () => {
    const ports = { clock: systemClock, random: systemRandom }
    const other = createAuthority(ports)
    const issued = issueServerCertificate(other, { names: ['app.example'] }, ports)
    world.gateway.replaceCertificate({
      certificatePem: issued.certificatePem,
      keyPem: issued.privateKeyPem,
    })
    const socket = await secure({ ca: other.certificatePem })
    socket.destroy()
    await assert.rejects(secure(), /certificate/)
    world.gateway.replaceCertificate(certificate)
  })

  it('says what is wrong when it cannot listen or use its certificate', async () => {
    const { browser } = world.config
    const taken = testConfig({ browser: { ...browser, port: world.port } })
    const second = new World(taken)
    await assert.rejects(second.start(), {
      code: 'ERR_GATEWAY_LISTEN',
      message: `cannot listen on 127.0.0.1:${world.port}: another program listens there`,
    })
    const broken = { certificatePem: 'not PEM', keyPem: certificate.keyPem }
    assert.throws(() => new World(testConfig(), { certificate: broken }), {
      code: 'ERR_GATEWAY_CERTIFICATE',
    })
  })
})
