import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { createAdminOperations, type GatewayStore } from '../../../../src/gateway/index.ts'
import {
  adminRequest,
  openStore,
  startAdminServer,
  type AdminRequest,
  type AdminServer,
} from '../../../../src/gateway/io/index.ts'
import { createAuthority, decodeRegistrationToken } from '../../../../src/pki/index.ts'
import { decodeControl, encodeControl } from '../../../../src/tunnel/index.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'
import { START_MS, stillPorts } from '../../../support/pki.ts'

const root = mkdtempSync(join(tmpdir(), 'sp-admin-'))
let directories = 0

after(() => {
  rmSync(root, { recursive: true })
})

const ports = stillPorts()
const authority = createAuthority(ports)
const where = { address: 'gw.example:8444', serverName: 'gw.example' }

/** What the operations told the rest of the gateway. */
function recordingGateway() {
  const told: unknown[] = []
  const tunnel = { id: 'c1', group: 'default', openStreams: 2, draining: false, status: undefined }
  return {
    told,
    live: {
      list: () => [tunnel],
      cut: (id: string) => told.push(['cut', id]),
      newestOfEach: () => [],
      tunnels: () => [],
    },
    gateway: {
      listSessions: () => Promise.resolve([]),
      revokeUser: (user: string) => Promise.resolve(told.push(['revokeUser', user])),
    },
  }
}

describe('the admin API', () => {
  let directory = ''
  let store: GatewayStore
  let server: AdminServer
  let recorded: ReturnType<typeof recordingGateway>
  const logger = new MemoryLogger()
  const ask = (request: AdminRequest) => adminRequest(directory, request)

  beforeEach(async () => {
    directory = mkdtempSync(join(root, `${(directories += 1)}-`))
    store = openStore(':memory:')
    recorded = recordingGateway()
    const { live, gateway } = recorded
    const tokens = store.registrationTokens
    const { connectors } = store
    const all = { ...ports, authority, tokens, connectors, live, gateway }
    server = await startAdminServer(directory, createAdminOperations(where, all), logger)
  })
  afterEach(async () => {
    await server.close()
    await store.close()
  })

  async function registerC1(): Promise<void> {
    const token = { secretHash: 'h', group: 'default', createdMs: 1, expiresMs: 100 }
    await store.registrationTokens.insert(token)
    const certificate = { serial: '1', notBeforeMs: 1, notAfterMs: 99 }
    const connector = { id: 'c1', name: 'conn1' }
    await store.registrationTokens.redeem('h', { nowMs: 5, connector, certificate })
  }

  it('is on a socket that its owner alone can open, and leaves none behind', async () => {
    assert.equal(statSync(server.path).mode & 0o777, 0o600)
    await server.close()
    assert.throws(() => statSync(server.path), { code: 'ENOENT' })
  })

  it('makes tokens', async () => {
    const body = { group: 'dmz', lifetimeMinutes: 5 }
    const answer = (await ask({ method: 'POST', path: '/tokens', body })) as {
      token: string
      expiresMs: number
    }
    assert.equal(decodeRegistrationToken(answer.token).address, 'gw.example:8444')
    assert.equal(answer.expiresMs, START_MS + 300_000)
  })

  it('says which field of a request is wrong', async () => {
    const wrong = [
      { body: { group: 'dmz', lifetimeMinutes: 0 }, message: /^lifetimeMinutes: / },
      { body: { group: '../x', lifetimeMinutes: 5 }, message: /^group: / },
      { body: { group: 'dmz', lifetimeMinutes: 5, extra: 1 }, message: /extra/ },
    ]
    for (const { body, message } of wrong) {
      const expected = { code: 'ERR_GATEWAY_ADMIN_REQUEST', message }
      await assert.rejects(ask({ method: 'POST', path: '/tokens', body }), expected)
    }
  })

  it('lists connectors with their tunnels', async () => {
    await registerC1()
    assert.deepEqual(await ask({ method: 'GET', path: '/connectors' }), [
      {
        ...{ id: 'c1', name: 'conn1', group: 'default', registeredMs: 5, certificateEndsMs: 99 },
        tunnels: [{ openStreams: 2, draining: false }],
      },
    ])
  })

  it('revokes a connector in the store and cuts its tunnels', async () => {
    await registerC1()
    const answer = await ask({ method: 'POST', path: '/connectors/c1/revoke' })
    assert.deepEqual(answer, { cutTunnels: 1 })
    assert.deepEqual(recorded.told, [['cut', 'c1']])
    assert.equal((await store.connectors.find('c1'))?.revokedMs, START_MS)
    await assert.rejects(ask({ method: 'POST', path: '/connectors/c2/revoke' }), {
      code: 'ERR_GATEWAY_CONNECTOR_UNKNOWN',
      mend: /connectors list/,
    })
  })

  it('lists and revokes sessions, and flushes the caches of whoever is connected', async () => {
    assert.deepEqual(await ask({ method: 'GET', path: '/sessions' }), [])
    const user = 'alice@corp.example'
    const revoked = await ask({ method: 'POST', path: '/sessions/revoke', body: { user } })
    assert.deepEqual(revoked, { revokedSessions: 1 })
    assert.deepEqual(recorded.told, [['revokeUser', user]])
    const flushed = await ask({ method: 'POST', path: '/cache/flush', body: { user } })
    assert.deepEqual(flushed, { connectedTunnels: 0, connectors: [] })
  })

  it('shows caches, and says that no connector is there', async () => {
    await assert.rejects(ask({ method: 'POST', path: '/cache/show' }), {
      code: 'ERR_GATEWAY_NO_CONNECTOR',
      mend: /connector run/,
    })
    const expected = { code: 'ERR_GATEWAY_ADMIN_REQUEST', message: /spn/ }
    const body = { spn: 'HTTP/x' }
    await assert.rejects(ask({ method: 'POST', path: '/cache/show', body }), expected)
  })

  it('lets no filter through that the tunnels would take for a fault', async () => {
    const wrong = [
      { path: '/cache/flush', body: { user: 'u'.repeat(1025) } },
      { path: '/cache/flush', body: { servicePrincipalName: 's'.repeat(513) } },
      { path: '/cache/show', body: { servicePrincipalName: 's'.repeat(513) } },
      { path: '/sessions/revoke', body: { user: 'u'.repeat(1025) } },
    ]
    for (const { path, body } of wrong) {
      const expected = { code: 'ERR_GATEWAY_ADMIN_REQUEST', message: /is longer than \d+ char/ }
      await assert.rejects(ask({ method: 'POST', path, body }), expected)
    }
    assert.deepEqual(recorded.told, [])
    const longest = { user: 'u'.repeat(1024), servicePrincipalName: 's'.repeat(512) }
    await ask({ method: 'POST', path: '/cache/flush', body: longest })
    const sent = encodeControl({ type: 'flush', ...longest })
    assert.deepEqual(decodeControl(sent, 'gateway'), { type: 'flush', ...longest })
  })

  it('knows no other operation', async () => {
    await assert.rejects(ask({ method: 'GET', path: '/tokens' }), { code: 'ERR_GATEWAY_NOT_FOUND' })
  })

  it('tells nothing of faults that nobody foresaw, but logs them', async () => {
    recorded.gateway.listSessions = () => Promise.reject(new Error('secret detail'))
    await assert.rejects(ask({ method: 'GET', path: '/sessions' }), {
      code: 'ERR_GATEWAY_ADMIN_FAILED',
      message: 'the gateway could not do this',
    })
    assert.equal(logger.lines.at(-1)?.fields['reason'], 'secret detail')
  })

  it('refuses to start beside another gateway, and replaces the socket of a dead one', async () => {
    const operations = createAdminOperations(where, {
      ...{ ...ports, authority, tokens: store.registrationTokens, connectors: store.connectors },
      ...{ live: recorded.live, gateway: recorded.gateway },
    })
    await assert.rejects(startAdminServer(directory, operations, logger), {
      code: 'ERR_GATEWAY_ADMIN_SOCKET',
      message: /another gateway/,
    })
    const dead = mkdtempSync(join(root, 'dead-'))
    await leaveSocketBehind(join(dead, 'admin.sock'))
    await assert.rejects(adminRequest(dead, { method: 'GET', path: '/sessions' }), {
      code: 'ERR_GATEWAY_ADMIN_UNREACHABLE',
      mend: /Start the gateway/,
    })
    const second = await startAdminServer(dead, operations, logger)
    assert.deepEqual(await adminRequest(dead, { method: 'GET', path: '/sessions' }), [])
    await second.close()
  })

  it('refuses a path that no Unix socket can have', async () => {
    const operations = createAdminOperations(where, {
      ...{ ...ports, authority, tokens: store.registrationTokens, connectors: store.connectors },
      ...{ live: recorded.live, gateway: recorded.gateway },
    })
    const long = join(root, 'x'.repeat(120))
    await assert.rejects(startAdminServer(long, operations, logger), {
      code: 'ERR_GATEWAY_ADMIN_SOCKET',
      mend: /shorter stateDirectory/,
    })
  })
})

/** A socket file on which nobody listens: renaming it hides it from the server that unlinks its own at the end. */
async function leaveSocketBehind(path: string): Promise<void> {
  const { renameSync } = await import('node:fs')
  const server = createServer()
  server.listen({ path: `${path}.new` })
  await once(server, 'listening')
  renameSync(`${path}.new`, path)
  server.close()
  await once(server, 'close')
}

describe('adminRequest', () => {
  it('says what to do when no gateway runs', async () => {
    const directory = mkdtempSync(join(root, 'none-'))
    await assert.rejects(adminRequest(directory, { method: 'GET', path: '/sessions' }), {
      code: 'ERR_GATEWAY_ADMIN_UNREACHABLE',
      mend: /gateway run/,
    })
  })
})

describe('createAdminOperations', () => {
  it('refuses a public address to which no token could lead', () => {
    const store = openStore(':memory:')
    const { live, gateway } = recordingGateway()
    const tokens = store.registrationTokens
    const all = { ...ports, authority, tokens, connectors: store.connectors, live, gateway }
    for (const address of ['gw.example', 'gw.example:0', 'https://gw.example:8444']) {
      assert.throws(() => createAdminOperations({ ...where, address }, all), {
        code: 'ERR_GATEWAY_PUBLIC_ADDRESS',
      })
    }
  })
})
