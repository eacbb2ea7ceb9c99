import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import {
  connectorConfigSchema,
  type Connector,
  type ConnectorConfig,
} from '../../../src/connector/index.ts'
import { createConnectorRuntime } from '../../../src/connector/io/index.ts'
import { encodeKeytab, generateKey, parsePrincipal } from '../../../src/kerberos/index.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { compilePolicy, policySchema } from '../../../src/sso/index.ts'
import type { AppSettings, StreamReason, TunnelSession } from '../../../src/tunnel/index.ts'
import { PLAIN_APP } from '../../support/fake-tunnel.ts'
import { MemoryLogger, settled } from '../../support/manual-clock.ts'
import { TrustConnector } from '../../support/trust-connector.ts'
import { TrustGateway } from '../../support/trust-gateway.ts'

let gateway: TrustGateway
let home: TrustConnector
let backend: Server
let origin: string
const running: Connector[] = []
// Timers of the product never hold the process.
const alive = setInterval(() => undefined, 1000)

before(async () => {
  gateway = await new TrustGateway().start()
  home = new TrustConnector()
  await home.register(await gateway.createToken())
  backend = createServer((request, response) => {
    response.setHeader('x-method', request.method ?? '')
    request.pipe(response)
  })
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  origin = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((connector) => connector.stop()))
})

after(async () => {
  await gateway.stop()
  backend.closeAllConnections()
  backend.close()
  home.remove()
  clearInterval(alive)
})

function configure(change: object = {}): ConnectorConfig {
  const limits = { reconnectFirstMs: 20, reconnectMaxMs: 40 }
  const config = { stateDirectory: home.directory, policy: 'policy.yaml', limits, ...change }
  return connectorConfigSchema.parse(config)
}

function runtime(config: ConnectorConfig, logger = new MemoryLogger()): Promise<Connector> {
  const row = { origin, preAuthentication: 'passthrough', addresses: ['127.0.0.1'] }
  const file = policySchema.parse({ backends: [row] })
  const policy = compilePolicy(file, () => '')
  return createConnectorRuntime({ config, policy, version: '1.2.3', logger })
}

async function connected(): Promise<TunnelSession> {
  const connector = await runtime(configure())
  running.push(connector)
  const next = gateway.nextTunnel()
  connector.start()
  return (await next).session
}

const app = (change: Partial<AppSettings> = {}): AppSettings => ({
  ...PLAIN_APP,
  internalUrl: `${origin}/`,
  preAuthentication: 'passthrough',
  ...change,
})

/** Sends one request and waits for all of its answer, or the reason why there is none. */
function ask(
  session: TunnelSession,
  body: Buffer,
): Promise<{ status: number; body: Buffer; reason?: StreamReason }> {
  return new Promise((resolve) => {
    let status = 0
    const chunks: Buffer[] = []
    const stream = session.open(
      { requestId: 'r1', app: 'intranet', proof: '', method: 'POST', target: '/echo', headers: [] },
      {
        onHead: (head) => {
          status = head.status
        },
        onData: (chunk) => {
          chunks.push(Buffer.from(chunk))
          stream.consumed(chunk.length)
        },
        onEnd: () => {
          resolve({ status, body: Buffer.concat(chunks) })
        },
        onReset: (reason) => {
          resolve({ status, body: Buffer.concat(chunks), reason })
        },
      },
      false,
    )
    for (let at = 0; at < body.length; at += 65_536) stream.write(body.subarray(at, at + 65_536))
    stream.end()
  })
}

describe('the connector service', () => {
  it('carries requests between a gateway and a backend, over real sockets', async () => {
    const session = await connected()
    session.sendControl({ type: 'apps', revision: 1, apps: [app()] })
    const body = Buffer.from(systemRandom.bytes(400_000))
    const answer = await ask(session, body)
    assert.equal(answer.reason, undefined)
    assert.equal(answer.status, 200)
    assert.ok(answer.body.equals(body))
  })

  it('refuses what its own policy does not list, whatever the gateway says', async () => {
    const session = await connected()
    session.sendControl({
      type: 'apps',
      revision: 1,
      apps: [app({ internalUrl: 'http://127.0.0.1:1/' })],
    })
    const { reason } = await ask(session, Buffer.from('x'))
    assert.equal(reason?.code, 'ERR_SSO_POLICY_DENIED')
  })

  it('comes back when the tunnel is lost', async () => {
    const session = await connected()
    const next = gateway.nextTunnel()
    session.close({ code: 'ERR_TEST', message: 'over' })
    const again = await next
    again.session.sendControl({ type: 'apps', revision: 1, apps: [app()] })
    assert.equal((await ask(again.session, Buffer.from('hello'))).body.toString(), 'hello')
  })
})

const KERBEROS = {
  realm: 'CORP.EXAMPLE',
  principal: 'CONN1$',
  keytab: '/nonexistent/conn1.keytab',
  kdcs: ['127.0.0.1'],
}
const DIRECTORY = { servers: ['dc1.corp.example'] }

function keytabOf(name: string): string {
  const path = join(home.directory, 'test.keytab')
  const { principal } = parsePrincipal(name)
  const key = generateKey(18, systemRandom)
  const entry = { principal, realm: 'CORP.EXAMPLE', kvno: 1, timestampMs: 0, key }
  writeFileSync(path, encodeKeytab([entry]), { mode: 0o600 })
  return path
}

describe('the connector service with Kerberos', () => {
  it('runs while no KDC answers, and says what is wrong', async () => {
    const logger = new MemoryLogger()
    const kerberos = { ...KERBEROS, keytab: keytabOf('CONN1$'), kdcs: ['127.0.0.1:1'] }
    const connector = await runtime(configure({ kerberos, directory: DIRECTORY }), logger)
    running.push(connector)
    const next = gateway.nextTunnel()
    connector.start()
    const { session } = await next
    const fault = () => logger.lines.find(({ message }) => message === 'kerberos does not work')
    while (!fault()) await settled()
    assert.match(String(fault()?.fields['reason']), /^ERR_KRB_KDC_UNREACHABLE: /)
    assert.equal(fault()?.fields['principal'], 'CONN1$@CORP.EXAMPLE')
    assert.match(String(fault()?.fields['mend']), /\w/)
    session.sendControl({ type: 'apps', revision: 1, apps: [app()] })
    assert.equal((await ask(session, Buffer.from('hello'))).body.toString(), 'hello')
  })
})

describe('the connector service does not start', () => {
  it('without a registration', async () => {
    await assert.rejects(runtime(configure({ stateDirectory: '/nonexistent' })), {
      code: 'ERR_CONNECTOR_NOT_REGISTERED',
    })
  })

  it('when the keytab that it names cannot be read', async () => {
    await assert.rejects(runtime(configure({ kerberos: KERBEROS, directory: DIRECTORY })), {
      code: 'ERR_KRB_KEYTAB',
    })
  })

  it('when the keytab holds another account', async () => {
    const config = configure({
      kerberos: { ...KERBEROS, keytab: keytabOf('CONN2$') },
      directory: DIRECTORY,
    })
    await assert.rejects(runtime(config), {
      code: 'ERR_CONNECTOR_FILE',
      message: /holds no key of CONN1\$@CORP\.EXAMPLE, but of CONN2\$@CORP\.EXAMPLE$/,
    })
  })

  it('when the CA of the directory cannot be read', async () => {
    const config = configure({
      kerberos: { ...KERBEROS, keytab: keytabOf('CONN1$') },
      directory: { ...DIRECTORY, ca: '/nonexistent/ca.pem' },
    })
    await assert.rejects(runtime(config), {
      code: 'ERR_CONNECTOR_FILE',
      message: /ca\.pem \(directory\.ca\): there is no such file$/,
      mend: /directory\.ca in connector\.yaml/,
    })
  })
})
