/**
 * Peers that answer never, or keep what they should let go: name servers, KDC proxies, the OpenID provider, and what a connector does
 * again and again.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createConnector, resolveConnectorLimits } from '../../../src/connector/index.ts'
import { createNameResolver } from '../../../src/connector/io/index.ts'
import { createOidcProvider } from '../../../src/gateway/io/oidc.ts'
import { KkdcpClient } from '../../../src/kerberos/io/index.ts'
import { encodeKdcProxyMessage } from '../../../src/kerberos/messages/index.ts'
import { FakePipeline } from '../fake-pipeline.ts'
import { testConfig } from '../gateway/world.ts'
import { httpsCredential } from '../https-credential.ts'
import { ManualClock, MemoryLogger, settled } from '../manual-clock.ts'
import { NameServer } from '../name-server.ts'
import type { Drive } from './drive.ts'

const DNS = { timeoutMs: 100, cacheSeconds: 300, cachedNames: 3 }

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const silentNameServer: Drive = async () => {
  const silent = createSocket('udp4')
  silent.bind(0, '127.0.0.1')
  await once(silent, 'listening')
  const answering = await NameServer.start()
  answering.records.set('a.test', [{ address: '10.0.0.1', ttl: 60 }])
  const ask = (servers: readonly string[]) =>
    createNameResolver({ ...DNS, servers }, new ManualClock())('a.test')
  try {
    const code = 'ERR_CONNECTOR_NAME'
    await assert.rejects(ask([`127.0.0.1:${silent.address().port}`]), { code, message: /ETIMEOUT/ })
    assert.deepEqual(await ask([answering.address]), ['10.0.0.1'])
  } finally {
    silent.close()
    await answering.stop()
  }
}

const namesKept: Drive = async () => {
  const server = await NameServer.start()
  const names = Array.from({ length: 30 }, (_, at) => `n${at}.test`)
  for (const name of names) server.records.set(name, [{ address: '10.0.0.1', ttl: 300 }])
  const config = { ...DNS, timeoutMs: 10_000, servers: [server.address] }
  const resolve = createNameResolver(config, new ManualClock())
  try {
    for (const name of [...names, ...names.toReversed()]) {
      assert.deepEqual(await resolve(name), ['10.0.0.1'])
    }
    // The last three were still known.
    assert.equal(server.asked.length, 30 + 27)
  } finally {
    await server.stop()
  }
}

/** Whatever the proxy announces by Keep-Alive. */
const keptProxyConnection: Drive = async () => {
  const credential = httpsCredential()
  const sockets: Socket[] = []
  const message = encodeKdcProxyMessage({ message: Buffer.from('reply') })
  const server = createHttpsServer(
    { ...credential, keepAliveTimeout: 3_600_000 },
    (_, response) => {
      response.end(message)
    },
  )
  server.on('secureConnection', (socket) => sockets.push(socket))
  const url = `https://127.0.0.1:${await portOf(server)}/KdcProxy`
  const client = new KkdcpClient({ trust: { ca: credential.ca }, keepAliveMs: 50 })
  const ask = async () => {
    const question = { realm: 'CORP.EXAMPLE', request: Buffer.from('request') }
    const reply = await client.ask({ via: 'https', url }, question, new AbortController().signal)
    return Buffer.from(reply).toString()
  }
  try {
    assert.equal(await ask(), 'reply')
    const [socket] = sockets
    assert.ok(socket)
    if (!socket.closed) await once(socket, 'close')
    assert.equal(await ask(), 'reply')
  } finally {
    await client.close()
    server.closeAllConnections()
    server.close()
  }
}

/** It takes the connection and the question, and says nothing. Seconds are the least that the library counts in. */
const silentProvider: Drive = async () => {
  const credential = httpsCredential()
  const silent = createHttpsServer(credential, () => undefined)
  const issuer = `https://127.0.0.1:${await portOf(silent)}`
  const { oidc } = testConfig({ oidc: { issuer, clientId: 'sallyport', timeoutMs: 1000 } })
  const provider = createOidcProvider(oidc ?? assert.fail(), { ca: credential.ca })
  const asked = once(silent, 'request')
  try {
    const checks = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43) }
    const wanted = { ...checks, redirectUri: 'https://app.example/', forced: false }
    await assert.rejects(provider.authorizationUrl(wanted), {
      code: 'ERR_GATEWAY_PROVIDER_UNREACHABLE',
    })
    await asked
  } finally {
    silent.closeAllConnections()
    silent.close()
    await provider.close()
  }
}

const statusChecks: Drive = async () => {
  const clock = new ManualClock()
  let checks = 0
  const connector = createConnector(
    { version: '1', limits: resolveConnectorLimits({ statusMs: 1000 }) },
    {
      ...{ clock, logger: new MemoryLogger(), random: { bytes: (count) => new Uint8Array(count) } },
      dialler: { dial: () => new Promise(() => undefined) },
      pipeline: new FakePipeline(),
      checkKerberos: () => {
        checks += 1
        return Promise.resolve({ ready: true })
      },
    },
  )
  connector.start()
  await settled()
  for (let tenth = 0; tenth < 100; tenth += 1) await clock.advance(100)
  assert.equal(checks, 1 + 10)
  await connector.stop()
}

/** Every limit that is driven here, by its whole name. */
export const WAY_DRIVES: Readonly<Record<string, Drive>> = {
  'connector.dns.timeoutMs': silentNameServer,
  'connector.dns.cachedNames': namesKept,
  'connector.kerberos.kdcProxy.keepAliveMs': keptProxyConnection,
  'gateway.oidc.timeoutMs': silentProvider,
  'connector.limits.statusMs': statusChecks,
}
