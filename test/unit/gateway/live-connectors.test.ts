import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { systemClock } from '../../../src/platform/io/index.ts'
import { Apps, LiveConnectors } from '../../../src/gateway/index.ts'
import { FakeSession } from '../../support/fake-tunnel.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'
import { testConfig } from '../../support/gateway/world.ts'

describe('LiveConnectors', () => {
  let live: LiveConnectors
  beforeEach(() => {
    live = new LiveConnectors(new Apps(testConfig().apps), {
      logger: new MemoryLogger(),
      clock: systemClock,
    })
  })
  const up = (id: string, group = 'default') => {
    const session = new FakeSession(live.handlerFor({ id, group }))
    session.handler.onReady?.(session)
    return session
  }

  it('knows a tunnel from the moment it is ready', () => {
    const handler = live.handlerFor({ id: 'c1', group: 'default' })
    const session = new FakeSession(handler)
    assert.equal(live.pick('default'), undefined)
    handler.onReady?.(session)
    assert.equal(live.pick('default')?.session, session)
    assert.equal(session.controls[0]?.type, 'apps')
  })

  it('tells a connector the apps of its own group alone', () => {
    const [message] = up('c1', 'elsewhere').controls
    assert.deepEqual(message, { type: 'apps', revision: 1, apps: [] })
  })

  it('tells with whom people sign in', () => {
    const signIn = { issuer: 'https://idp.example', clientId: 'sallyport' }
    const ports = { logger: new MemoryLogger(), clock: systemClock, signIn }
    live = new LiveConnectors(new Apps([]), ports)
    const [message] = up('c1').controls
    assert.deepEqual(message, { type: 'apps', revision: 1, apps: [], signIn })
  })

  it('picks the least loaded, then each in turn', () => {
    const [one, two] = [up('c1'), up('c2')]
    one.openStreams = 3
    assert.equal(live.pick('default')?.session, two)
    one.openStreams = 0
    const picked = new Set([live.pick('default')?.id, live.pick('default')?.id])
    assert.deepEqual([...picked].sort(), ['c1', 'c2'])
  })

  it('picks none that drains, is closed, is excepted or of another group', () => {
    const [one, two] = [up('c1'), up('c2')]
    up('c3', 'elsewhere')
    one.draining = true
    assert.equal(live.pick('default')?.session, two)
    assert.equal(live.pick('default', live.pick('default')), undefined)
    two.closed = true
    assert.equal(live.pick('default'), undefined)
    assert.equal(live.pick('nowhere'), undefined)
  })

  it('forgets a tunnel that is down, and cuts every tunnel of a connector', () => {
    const [one, again, two] = [up('c1'), up('c1'), up('c2')]
    assert.equal(live.cut('c1'), 2)
    assert.ok(one.closed && again.closed && !two.closed)
    assert.deepEqual(
      live.list().map((each) => each.id),
      ['c2'],
    )
  })

  it('sends a proof once per tunnel, takes back each that was sent, and only once', () => {
    const session = up('c1')
    const tunnel = live.pick('default')
    const first = { id: 'p1', idToken: 'a.b.c', expiresMs: 100 }
    tunnel?.ensureProof('s1', first, 0)
    tunnel?.ensureProof('s1', first, 0)
    tunnel?.ensureProof('s1', { ...first, id: 'p2' }, 0)
    tunnel?.ensureProof('s2', { ...first, id: 'p3' }, 0)
    const proofs = () => session.controls.filter((each) => each.type === 'proof').length
    assert.equal(proofs(), 3)
    live.forget(['s1', 'unknown'])
    live.forget(['s1'])
    const forgets = session.controls.filter((each) => each.type === 'forget')
    assert.deepEqual(forgets, [{ type: 'forget', proofs: ['p1', 'p2'] }])
    tunnel?.ensureProof('s1', first, 0)
    assert.equal(proofs(), 4)
  })

  it('keeps no proofs that have expired', () => {
    const session = up('c1')
    const tunnel = live.pick('default')
    for (let at = 0; at < 50; at++) {
      tunnel?.ensureProof('s1', { id: `p${at}`, idToken: 'a.b.c', expiresMs: at }, at)
    }
    live.forget(['s1'])
    assert.deepEqual(session.controls.at(-1), { type: 'forget', proofs: ['p49'] })
  })

  it('splits a long list of proofs to forget', () => {
    const session = up('c1')
    const tunnel = live.pick('default')
    const hashes = Array.from({ length: 2500 }, (_, at) => `s${at}`)
    for (const hash of hashes) {
      tunnel?.ensureProof(hash, { id: `p-${hash}`, idToken: 'a.b.c', expiresMs: 9 }, 0)
    }
    live.forget(hashes)
    const sizes = session.controls.flatMap((each) =>
      each.type === 'forget' ? [each.proofs.length] : [],
    )
    assert.deepEqual(sizes, [1000, 1000, 500])
  })

  it('tells a probe the apps, and does nothing else with it', () => {
    const session = new FakeSession(live.handlerFor({ id: 'c1', group: 'default' }))
    session.peer = { version: 1, capabilities: ['probe'] }
    session.handler.onReady?.(session)
    assert.equal(session.controls[0]?.type, 'apps')
    assert.equal(live.pick('default'), undefined)
    assert.deepEqual(live.list(), [])
    session.handler.onControl({ type: 'status', version: '1', kerberos: { ready: true } })
    live.broadcast({ type: 'flush' })
    live.forget(['s1'])
    assert.equal(session.controls.length, 1)
    assert.equal(live.cut('c1'), 1)
    assert.ok(session.closed)
    assert.equal(live.cut('c1'), 0)
  })

  it('remembers what a connector says of itself', () => {
    const session = up('c1')
    const kerberos = { ready: false, problem: 'no KDC' }
    session.handler.onControl({ type: 'status', version: '1', kerberos })
    assert.deepEqual(live.list()[0]?.status?.kerberos, kerberos)
  })

  it('tells all, drains all, closes all', () => {
    const [one, two] = [up('c1'), up('c2', 'elsewhere')]
    live.broadcast({ type: 'flush' })
    assert.deepEqual(
      [one.controls.at(-1), two.controls.at(-1)],
      [{ type: 'flush' }, { type: 'flush' }],
    )
    one.openStreams = 1
    live.drain()
    assert.ok(one.draining && two.closed)
    live.close({ code: 'ERR_GATEWAY_STOPPING', message: 'x' })
    assert.ok(one.closed)
  })

  describe('connectors that are one account', () => {
    const says = (session: FakeSession, principal: string | undefined): void => {
      const kerberos = { ready: true, ...(principal !== undefined && { principal }) }
      session.handler.onControl({ type: 'status', version: '1', kerberos })
    }
    const heard = (session: FakeSession) =>
      session.controls.flatMap((message) => (message.type === 'account' ? [message] : []))
    const numbers = (session: FakeSession) => heard(session).map(({ connectors }) => connectors)

    it('are told how many they are, in whatever group and spelling', () => {
      const [one, two, other] = [up('c1'), up('c2', 'elsewhere'), up('c3')]
      says(one, undefined)
      assert.deepEqual(heard(one), [])
      says(one, 'CONN1$@CORP.EXAMPLE')
      says(other, 'CONN3$@CORP.EXAMPLE')
      says(two, 'conn1$@corp.example')
      assert.deepEqual([numbers(one), numbers(two), numbers(other)], [[1, 2], [2], [1]])
      assert.equal(heard(two)[0]?.principal, 'conn1$@corp.example')
      says(two, 'CONN2$@CORP.EXAMPLE')
      assert.deepEqual(
        [numbers(one), numbers(two)],
        [
          [1, 2, 1],
          [2, 1],
        ],
      )
    })

    it('count while their tunnel is down, and two tunnels of one connector are one', () => {
      const [one, two] = [up('c1'), up('c2')]
      says(one, 'CONN1$@CORP.EXAMPLE')
      says(two, 'CONN1$@CORP.EXAMPLE')
      two.close({ code: 'ERR_TUNNEL_LOST', message: 'gone' })
      const again = up('c1')
      says(again, 'CONN1$@CORP.EXAMPLE')
      assert.deepEqual(numbers(again), [2])
      live.cut('c2')
      assert.deepEqual(
        [numbers(one), numbers(again)],
        [
          [1, 2, 1],
          [2, 1],
        ],
      )
    })
  })
})
