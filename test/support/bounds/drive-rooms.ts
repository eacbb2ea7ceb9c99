/**
 * Ten times too much of what single rooms keep, take or wait for: sessions, logout tokens, proofs, connections to backends, the
 * tunnel listener, keys of issuers.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { BackchannelLogout } from '../../../src/gateway/backchannel-logout.ts'
import { GatewayError } from '../../../src/gateway/errors.ts'
import { Sessions } from '../../../src/gateway/sessions.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { resolveSsoLimits } from '../../../src/sso/index.ts'
import type { KeySourceOptions } from '../../../src/sso/io/index.ts'
import { ProofVerifier } from '../../../src/sso/proof.ts'
import { unsignedToken } from '../gateway/fake-provider.ts'
import { MemorySessions } from '../gateway/memory-sessions.ts'
import { ManualClock, MemoryLogger } from '../manual-clock.ts'
import { JwksServer } from '../sso/jwks-server.ts'
import { ask, start, targetOf } from '../sso/pool-probe.ts'
import { PoolRoom } from '../sso/pool-room.ts'
import { createIssuer, ISSUER, policyOf } from '../sso/world.ts'
import { bareTls, exchange, TrustConnector } from '../trust-connector.ts'
import { TrustGateway } from '../trust-gateway.ts'
import type { Drive } from './drive.ts'

const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

/** A logout endpoint whose provider believes every token that is not `garbage`. */
function logoutDesk(limits: {
  maxAgeSeconds?: number
  failuresPerMinute?: number
  remembered?: number
}) {
  const clock = new ManualClock()
  const ports = {
    ...{ clock, logger: new MemoryLogger(), security: { report: () => undefined } },
    provider: {
      verifyLogoutToken: (token: string) => {
        if (token === 'garbage') throw new GatewayError('ERR_GATEWAY_LOGOUT_TOKEN', 'no token')
        const claims = JSON.parse(token) as Record<string, unknown>
        return Promise.resolve({ claims, type: 'logout+jwt' })
      },
    },
    sessions: { endByProvider: () => Promise.resolve(1) },
  }
  const bounds = { maxAgeSeconds: 120, failuresPerMinute: 20, remembered: 100, ...limits }
  const desk = new BackchannelLogout(bounds, ports)
  const contentType = 'application/x-www-form-urlencoded'
  const post = async (token: string, address = '192.0.2.1') => {
    const body = `logout_token=${encodeURIComponent(token)}`
    const request = { method: 'POST', contentType, body, address, requestId: 'r' }
    return (await desk.answer(request)).status
  }
  const token = (jti: string, agoSeconds = 0) => {
    const iat = clock.nowMs() / 1000 - agoSeconds
    return JSON.stringify({ iss: ISSUER, sub: 'alice', jti, iat, events: EVENTS })
  }
  return { post, token }
}

const logoutAge: Drive = async () => {
  const { post, token } = logoutDesk({ maxAgeSeconds: 60 })
  assert.deepEqual([await post(token('a', 600)), await post(token('b', -600))], [400, 400])
  assert.equal(await post(token('c', 60)), 200)
}

const logoutFailures: Drive = async () => {
  const { post, token } = logoutDesk({ failuresPerMinute: 3 })
  const statuses: number[] = []
  for (let count = 0; count < 30; count += 1) statuses.push(await post('garbage'))
  assert.deepEqual(statuses, [...Array<number>(3).fill(400), ...Array<number>(27).fill(429)])
  assert.equal(await post(token('a'), '192.0.2.2'), 200)
}

/** The newest are remembered: of those a token counts once. */
const logoutMemory: Drive = async () => {
  const { post, token } = logoutDesk({ remembered: 100, failuresPerMinute: 10_000 })
  for (let count = 0; count < 1000; count += 1) assert.equal(await post(token(`t${count}`)), 200)
  const again: number[] = []
  for (let count = 999; count >= 0; count -= 1) again.push(await post(token(`t${count}`)))
  assert.equal(again.filter((status) => status === 400).length, 100)
}

const sessionsKept: Drive = async () => {
  const repository = new MemorySessions()
  const clock = new ManualClock()
  const times = { idleMs: 3_600_000, absoluteMs: 3_600_000, touchMs: 60_000, refreshAheadMs: 0 }
  const sessions = new Sessions(
    { ...times, cached: 16 },
    {
      repository,
      clock,
      random: systemRandom,
      logger: new MemoryLogger(),
      onEnded: () => undefined,
    },
  )
  const exp = clock.nowMs() / 1000 + 3600
  const cookies: string[] = []
  for (let count = 0; count < 160; count += 1) {
    const subject = `user-${count}`
    const tokens = { idToken: unsignedToken({ sub: subject, exp, iat: exp - 3600 }) }
    const who = { host: 'app.example', issuer: ISSUER, subject, user: subject, tokens }
    cookies.push((await sessions.begin(who)).cookieValue)
  }
  const kept = cookies.filter((cookie) => sessions.cached(cookie, 'app.example') !== undefined)
  assert.equal(kept.length, 16)
  // What gave way is no lost session: it is read again.
  assert.equal((await sessions.open(cookies[0] ?? '', 'app.example'))?.user, 'user-0')
}

const proofsKept: Drive = async () => {
  const clock = new ManualClock()
  const issuer = await createIssuer(clock)
  const policy = policyOf([], { maxAgeMinutes: 60 })
  const limits = resolveSsoLimits({ proofCount: 3 })
  const verifier = new ProofVerifier({ policy, keys: issuer.keys, clock }, limits)
  const proofs = await Promise.all(
    Array.from({ length: 30 }, async (_, at) => {
      return { id: `p${at}`, idToken: await issuer.token({ upn: `user${at}@corp.example` }) }
    }),
  )
  for (const proof of proofs) await verifier.verify(proof)
  assert.equal(proofs.filter((proof) => verifier.known(proof) !== undefined).length, 3)
  const [first] = proofs
  assert.equal((await verifier.verify(first ?? assert.fail())).proofId, 'p0')
}

async function withRoom(act: (room: PoolRoom) => Promise<void>): Promise<void> {
  const room = new PoolRoom()
  try {
    await act(room)
  } finally {
    await room.close()
  }
}

const appSockets: Drive = () =>
  withRoom(async (room) => {
    const target = await targetOf(
      room.serve((_, response) => setImmediate(() => response.end('ok'))),
    )
    const pool = room.open({ socketsPerApp: 3, socketsPerUser: 1 })
    const nobody = { poolKey: 'app', owner: undefined }
    const replies = await Promise.all(Array.from({ length: 30 }, () => ask(pool, target, nobody)))
    assert.ok(replies.every(({ body }) => body === 'ok'))
    assert.equal(room.sockets.size, 3)
    assert.equal((await ask(pool, target)).body, 'ok')
  })

const waitingRequests: Drive = () =>
  withRoom(async (room) => {
    const silent = await targetOf(room.raw(() => undefined))
    const pool = room.open({ socketsPerUser: 1, waiting: 3 })
    const probes = Array.from({ length: 40 }, () => start(pool, silent).probe)
    const refused = await Promise.all(probes.slice(4).map(({ reply }) => reply))
    assert.ok(refused.every(({ code }) => code === 'ERR_BACKEND_UNREACHABLE'))
    assert.ok(probes.slice(0, 4).every(({ ends }) => ends === 0))
    const other = await targetOf(room.serve((_, response) => response.end('ok')))
    assert.equal((await ask(pool, other, { poolKey: 'app bob', owner: 'bob' })).body, 'ok')
  })

const idleSockets: Drive = () =>
  withRoom(async (room) => {
    const target = await targetOf(room.serve((_, response) => response.end('ok')))
    const pool = room.open({ idleSocketMs: 50 })
    await ask(pool, target)
    const [socket] = room.sockets
    assert.ok(socket)
    if (!socket.closed) await once(socket, 'close')
    assert.equal((await ask(pool, target)).body, 'ok')
  })

async function withGateway(
  limits: Readonly<Record<string, number>>,
  act: (gateway: TrustGateway) => Promise<void>,
): Promise<void> {
  const gateway = await new TrustGateway({ limits }).start()
  try {
    await act(gateway)
  } finally {
    await gateway.stop()
  }
}

const NOTHING_THERE = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

async function goesOn(gateway: TrustGateway): Promise<void> {
  assert.match(await exchange(await bareTls(gateway.port), NOTHING_THERE), /^HTTP\/1\.1 404 /)
}

const listenerConnections: Drive = () =>
  withGateway({ maxConnections: 3 }, async (gateway) => {
    const sockets = Array.from({ length: 30 }, () => connectTcp(gateway.port, '127.0.0.1'))
    let closed = 0
    await new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on('error', () => undefined).resume()
        socket.on('close', () => {
          if (++closed === 27) resolve()
        })
      }
    })
    const taken = sockets.filter((socket) => !socket.closed)
    assert.equal(taken.length, 3)
    await Promise.all(taken.map((socket) => once(socket.destroy(), 'close')))
    await goesOn(gateway)
  })

const listenerHead: Drive = () =>
  withGateway({ maxHeadOctets: 1024 }, async (gateway) => {
    const head = `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'x'.repeat(10_240)}\r\n\r\n`
    const answer = await exchange(await bareTls(gateway.port), head)
    assert.match(answer, /^HTTP\/1\.1 431 |^$/)
    await goesOn(gateway)
  })

/** A tunnel that does not end by itself is cut. */
const listenerClose: Drive = async () => {
  const gateway = await new TrustGateway({ limits: { closeTimeoutMs: 100 } }).start()
  const connector = new TrustConnector()
  await connector.register(await gateway.createToken())
  const opened = gateway.nextTunnel()
  const session = await connector.dial()
  await opened
  // Nobody tells it that the gateway closes.
  gateway.tunnels.length = 0
  await gateway.stop()
  while (!session.closed) await new Promise((resolve) => setImmediate(resolve))
  connector.remove()
}

const silentIssuer: Drive = async () => {
  const server = await new JwksServer().listen()
  server.show()
  const find = (more: Partial<KeySourceOptions>) => {
    const verify = server.source(more).keysOf(ISSUER)
    return Promise.resolve(verify({ alg: 'ES256', kid: 'k' }, { payload: '', signature: '' }))
  }
  try {
    const forEver = new Promise<never>(() => undefined)
    await assert.rejects(find({ resolve: () => forEver, timeoutMs: 100 }), {
      code: 'ERR_SSO_KEYS_UNREACHABLE',
    })
    await assert.rejects(find({}), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
  } finally {
    await server.close()
  }
}

/** Every limit that is driven here, by its whole name. */
export const ROOM_DRIVES: Readonly<Record<string, Drive>> = {
  'gateway.oidc.logoutTokens.maxAgeSeconds': logoutAge,
  'gateway.oidc.logoutTokens.failuresPerMinute': logoutFailures,
  'gateway.oidc.logoutTokens.remembered': logoutMemory,
  'gateway.session.cachedSessions': sessionsKept,
  'connector.issuerKeys.timeoutMs': silentIssuer,
  'connector.sso.proofCount': proofsKept,
  'tunnelListener.maxConnections': listenerConnections,
  'tunnelListener.maxHeadOctets': listenerHead,
  'tunnelListener.closeTimeoutMs': listenerClose,
  'backend.socketsPerApp': appSockets,
  'backend.waiting': waitingRequests,
  'backend.idleSocketMs': idleSockets,
}
