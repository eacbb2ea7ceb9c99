import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { after, before, describe, it } from 'node:test'
import { createAuthority, issueServerCertificate } from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { bareTls, TrustConnector } from '../support/trust-connector.ts'
import { SERVER_NAME, TrustGateway } from '../support/trust-gateway.ts'

const ports = { clock: systemClock, random: systemRandom }
const FILES = ['connector.crt', 'connector.json', 'connector.key', 'gateway-ca.crt']

/** Runs with a connector whose directory is removed at the end. */
async function withConnector(work: (connector: TrustConnector) => Promise<void>): Promise<void> {
  const connector = new TrustConnector()
  try {
    await work(connector)
  } finally {
    connector.remove()
  }
}

/** The other end of a connection that must get nothing: counts connections and octets above TLS. */
async function countingServer(cert: string, key: string) {
  const counted = { connections: 0, octets: 0 }
  const server = createTlsServer({ cert, key, minVersion: 'TLSv1.3' }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      counted.octets += chunk.length
    })
  })
  server.on('connection', () => {
    counted.connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = async () => {
    server.close()
    await once(server, 'close')
  }
  return { counted, port, address: `127.0.0.1:${port}`, stop }
}

describe('registration', () => {
  const gateway = new TrustGateway({ rate: { perAddress: 1000, overall: 1000 } })

  before(() => gateway.start())
  after(() => gateway.stop())

  it('leaves key, certificate, CA and gateway address in files that their owner alone can read', async () => {
    await withConnector(async (connector) => {
      const registered = await connector.register(await gateway.createToken())
      assert.deepEqual(readdirSync(connector.directory).sort(), FILES)
      for (const name of FILES) {
        assert.equal(statSync(join(connector.directory, name)).mode & 0o777, 0o600, name)
      }
      const record = await connector.read()
      assert.deepEqual(
        [record.address, record.serverName, record.id, record.group, record.name],
        [gateway.address, SERVER_NAME, registered.id, 'default', 'conn1'],
      )
      assert.equal((await gateway.store.connectors.find(record.id))?.name, 'conn1')
    })
  })

  it('takes a token once', async () => {
    const token = await gateway.createToken()
    await withConnector(async (first) => {
      await first.register(token)
      await withConnector(async (second) => {
        await assert.rejects(second.register(token), { code: 'ERR_GATEWAY_TOKEN_USED' })
        assert.deepEqual(readdirSync(second.directory), [])
      })
    })
  })

  it('lets one of two win who use a token at the same time', async () => {
    const token = await gateway.createToken()
    await withConnector(async (first) => {
      await withConnector(async (second) => {
        const results = await Promise.allSettled([first.register(token), second.register(token)])
        const refused = results.filter((result) => result.status === 'rejected')
        assert.equal(refused.length, 1)
        assert.equal((refused[0]?.reason as { code: string }).code, 'ERR_GATEWAY_TOKEN_USED')
        const files = [first, second].map(({ directory }) => readdirSync(directory).length)
        assert.deepEqual(files.sort(), [0, 4])
      })
    })
  })

  it('refuses an expired token and one of another gateway with the same CA', async () => {
    await withConnector(async (connector) => {
      const token = await gateway.createToken({ lifetimeMinutes: 1 })
      gateway.clock.shiftMs = 60_000
      await assert.rejects(connector.register(token), {
        code: 'ERR_GATEWAY_TOKEN_EXPIRED',
        mend: /tokens create/,
      })
      gateway.clock.shiftMs = 0
      const other = new TrustGateway({ authority: gateway.authority })
      const unknown = await other.createToken({ address: gateway.address })
      await assert.rejects(connector.register(unknown), { code: 'ERR_GATEWAY_TOKEN_UNKNOWN' })
      assert.deepEqual(readdirSync(connector.directory), [])
      await other.stop()
    })
  })

  it('overwrites nothing unless told to, and then replaces all of it', async () => {
    await withConnector(async (connector) => {
      const first = await connector.register(await gateway.createToken())
      const key = readFileSync(join(connector.directory, 'connector.key'), 'utf8')
      const token = await gateway.createToken()
      await assert.rejects(connector.register(token), { code: 'ERR_CONNECTOR_REGISTERED' })
      assert.equal((await connector.read()).id, first.id)
      const second = await connector.register(token, true)
      assert.notEqual(second.id, first.id)
      assert.equal((await connector.read()).id, second.id)
      assert.notEqual(readFileSync(join(connector.directory, 'connector.key'), 'utf8'), key)
      assert.deepEqual(readdirSync(connector.directory).sort(), FILES)
    })
  })

  it('does not spend the token when a file is in the way', async () => {
    await withConnector(async (connector) => {
      const path = join(connector.directory, 'connector.key')
      writeFileSync(path, 'mine')
      const token = await gateway.createToken()
      await assert.rejects(connector.register(token), { code: 'ERR_CONNECTOR_REGISTERED' })
      assert.equal(readFileSync(path, 'utf8'), 'mine')
      await withConnector(async (other) => {
        await other.register(token)
      })
    })
  })

  it('refuses text that is no token without a connection', async () => {
    await withConnector(async (connector) => {
      await assert.rejects(connector.register('sallyport-1.abc'), { code: 'ERR_PKI_TOKEN' })
    })
  })

  it('says so when nobody listens', async () => {
    const server = createTcpServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    await withConnector(async (connector) => {
      const token = await gateway.createToken({ address: `127.0.0.1:${port}` })
      await assert.rejects(connector.register(token), {
        code: 'ERR_CONNECTOR_REGISTER_UNREACHABLE',
        mend: /firewall/,
      })
    })
  })

  it('says so when what listens speaks no TLS', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume()
      socket.end('220 mail.example ESMTP\r\n')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await withConnector(async (connector) => {
      const token = await gateway.createToken({ address: `127.0.0.1:${port}` })
      await assert.rejects(connector.register(token), { code: 'ERR_CONNECTOR_REGISTER_TLS' })
    })
    server.close()
    await once(server, 'close')
  })
})

describe('registration with somebody between', () => {
  const gateway = new TrustGateway()
  const foreign = createAuthority(ports)

  before(() => gateway.start())
  after(() => gateway.stop())

  /** Registers at a server that shows this chain; what it got is returned. */
  async function registerAt(chain: string, key: string, code: string): Promise<number> {
    const server = await countingServer(chain, key)
    await withConnector(async (connector) => {
      const token = await gateway.createToken({ address: server.address })
      await assert.rejects(connector.register(token), { code })
      assert.deepEqual(readdirSync(connector.directory), [])
    })
    await server.stop()
    assert.equal(server.counted.connections, 1)
    return server.counted.octets
  }

  it('is watched by a server that does count', async () => {
    const leaf = issueServerCertificate(foreign, { names: [SERVER_NAME] }, ports)
    const server = await countingServer(leaf.certificatePem, leaf.privateKeyPem)
    const socket = await bareTls(server.port)
    socket.end('12345')
    socket.resume()
    await server.stop()
    assert.deepEqual(server.counted, { connections: 1, octets: 5 })
  })

  it('sends nothing where the pinned key is not in the chain', async () => {
    const leaf = issueServerCertificate(foreign, { names: [SERVER_NAME] }, ports)
    const chain = leaf.certificatePem + foreign.certificatePem
    assert.equal(await registerAt(chain, leaf.privateKeyPem, 'ERR_PKI_PIN_MISMATCH'), 0)
  })

  it('sends nothing where the true CA stands beside a foreign certificate', async () => {
    const leaf = issueServerCertificate(foreign, { names: [SERVER_NAME] }, ports)
    const chain = leaf.certificatePem + gateway.authority.certificatePem
    assert.equal(await registerAt(chain, leaf.privateKeyPem, 'ERR_PKI_UNTRUSTED'), 0)
  })

  it('sends nothing to a registered connector that plays gateway', async () => {
    await withConnector(async (connector) => {
      await connector.register(await gateway.createToken())
      const { cert, ca, key } = await connector.read()
      assert.equal(await registerAt(cert + ca, key, 'ERR_PKI_NAME'), 0)
    })
  })

  it('sends nothing to a gateway of the same CA under another name', async () => {
    const leaf = issueServerCertificate(gateway.authority, { names: ['other.example'] }, ports)
    const chain = leaf.certificatePem + gateway.authority.certificatePem
    assert.equal(await registerAt(chain, leaf.privateKeyPem, 'ERR_PKI_NAME'), 0)
  })
})
