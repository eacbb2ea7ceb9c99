import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createConnector, resolveConnectorLimits } from '../../../src/connector/index.ts'
import type { ConnectorLimits, KerberosStatus } from '../../../src/connector/index.ts'
import { SallyportError, type Random } from '../../../src/platform/index.ts'
import { decodeControl, encodeControl, type TunnelHandler } from '../../../src/tunnel/index.ts'
import { FakePipeline } from '../../support/fake-pipeline.ts'
import { FakeSession, PLAIN_APP } from '../../support/fake-tunnel.ts'
import { ManualClock, MemoryLogger, settled } from '../../support/manual-clock.ts'

/** Plays the network: dials succeed unless `fault` is set. */
class FakeDialler {
  readonly sessions: FakeSession[] = []
  attempts = 0
  fault: Error | undefined
  hangs = false

  dial(handler: TunnelHandler, signal: AbortSignal): Promise<FakeSession> {
    this.attempts += 1
    if (this.fault) return Promise.reject(this.fault)
    if (this.hangs) {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error)
        })
      })
    }
    const session = new FakeSession(handler)
    this.sessions.push(session)
    handler.onReady?.(session)
    return Promise.resolve(session)
  }

  get session(): FakeSession {
    const session = this.sessions.at(-1)
    if (!session) throw new Error('never dialled')
    return session
  }
}

/** The longest wait each time. */
const LONGEST: Random = { bytes: (octets) => new Uint8Array(octets).fill(0xff) }

interface Settings {
  readonly limits?: Partial<ConnectorLimits>
  readonly checkKerberos?: () => Promise<KerberosStatus>
}

function started({ limits = {}, checkKerberos }: Settings = {}) {
  const world = {
    dialler: new FakeDialler(),
    pipeline: new FakePipeline(),
    clock: new ManualClock(),
    random: LONGEST,
    logger: new MemoryLogger(),
  }
  const connector = createConnector(
    { version: '1.2.3', limits: resolveConnectorLimits(limits) },
    { ...world, ...(checkKerberos ? { checkKerberos } : {}) },
  )
  return { ...world, connector }
}

const LOST = { code: 'ERR_TUNNEL_LOST', message: 'connection reset' }

describe('the connector and its tunnel', () => {
  it('says at once what it is', () => {
    const { connector, dialler } = started()
    connector.start()
    assert.deepEqual(dialler.session.controls, [
      {
        type: 'status',
        version: '1.2.3',
        kerberos: { ready: false, problem: 'no kerberos section in connector.yaml' },
      },
    ])
    assert.equal(connector.tunnels, 1)
  })

  it('tells the gateway when Kerberos begins or ceases to work, and only then', async () => {
    let status: KerberosStatus = { ready: false, principal: 'CONN1$', problem: 'KDC silent' }
    const { connector, dialler, clock } = started({ checkKerberos: () => Promise.resolve(status) })
    connector.start()
    await settled()
    status = { ready: true, principal: 'CONN1$' }
    await clock.advance(60_000)
    await clock.advance(60_000)
    const said = dialler.session.controls.map((m) => m.type === 'status' && m.kerberos.problem)
    assert.deepEqual(said, ['not checked yet', 'KDC silent', undefined])
  })

  it('cuts a status that the gateway would not take', async () => {
    const problem = 'x'.repeat(5000)
    const { connector, dialler } = started({
      checkKerberos: () => Promise.resolve({ ready: false, problem }),
    })
    connector.start()
    await settled()
    for (const message of dialler.session.controls) {
      assert.deepEqual(decodeControl(encodeControl(message), 'connector'), message)
    }
    assert.equal(dialler.session.controls.length, 2)
  })

  it('dials again for ever, with growing waits', async () => {
    const { connector, dialler, clock } = started()
    dialler.fault = new SallyportError('ERR_TUNNEL_UNREACHABLE', 'refused')
    connector.start()
    await settled()
    assert.equal(dialler.attempts, 1)
    for (const [index, waitMs] of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
      await clock.advance(waitMs - 1)
      assert.equal(dialler.attempts, index + 1)
      await clock.advance(1)
      assert.equal(dialler.attempts, index + 2)
    }
    await clock.advance(3_600_000)
    assert.equal(dialler.attempts, 9 + 120)
    dialler.fault = undefined
    await clock.advance(30_000)
    assert.equal(connector.tunnels, 1)
  })

  it('dials again soon after a good tunnel is lost, once', async () => {
    const { connector, dialler, clock } = started()
    dialler.fault = new Error('down')
    connector.start()
    await clock.advance(600_000)
    dialler.fault = undefined
    await clock.advance(30_000)
    await clock.advance(10_000)
    const { attempts } = dialler
    dialler.session.close(LOST)
    assert.equal(connector.tunnels, 0)
    await clock.advance(500)
    assert.equal(dialler.attempts, attempts + 1)
    await clock.advance(60_000)
    assert.equal(dialler.attempts, attempts + 1)
  })

  it('waits longer and longer when tunnels do not last', async () => {
    const { connector, dialler, clock } = started()
    connector.start()
    while (dialler.attempts < 9) {
      dialler.session.close(LOST)
      const { attempts } = dialler
      while (dialler.attempts === attempts) await clock.advance(250)
    }
    dialler.session.close(LOST)
    const { attempts } = dialler
    await clock.advance(14_000)
    assert.equal(dialler.attempts, attempts)
  })

  it('gives an attempt up that takes too long', async () => {
    const { connector, dialler, clock, logger } = started({ limits: { dialMs: 1000 } })
    dialler.hangs = true
    connector.start()
    await clock.advance(1000)
    assert.equal(logger.lines.at(-1)?.fields['code'], 'ERR_TUNNEL_TIMEOUT')
    await clock.advance(500)
    assert.equal(dialler.attempts, 2)
  })

  it('opens another tunnel when the gateway drains this one, which ends in peace', async () => {
    const { connector, dialler, clock } = started()
    connector.start()
    const [first] = dialler.sessions
    first?.handler.onDraining?.()
    await clock.advance(500)
    assert.equal(connector.tunnels, 2)
    first?.close(LOST)
    await clock.advance(60_000)
    assert.equal(dialler.attempts, 2)
    assert.equal(connector.tunnels, 1)
  })
})

describe('the connector and its requests', () => {
  function serving() {
    const world = started()
    world.connector.start()
    const { session } = world.dialler
    session.handler.onControl({ type: 'apps', revision: 1, apps: [PLAIN_APP] })
    return { ...world, session }
  }

  it('hands a request to the pipeline and its answer back', () => {
    const { session, pipeline } = serving()
    session.handler.onControl({ type: 'proof', id: 'p1', idToken: 'a.b.c' })
    pipeline.answer = ({ sink }) => {
      sink.onHead(200, ['x', 'y'])
      sink.onData(Buffer.from('hello'))
      sink.onEnd()
    }
    const { stream } = session.request({
      proof: 'p1',
      method: 'GET',
      target: '/a?b',
      headers: ['a', 'b'],
    })
    assert.deepEqual(pipeline.last.request, {
      requestId: 'r1',
      app: PLAIN_APP,
      proof: { id: 'p1', idToken: 'a.b.c' },
      method: 'GET',
      target: '/a?b',
      headers: ['a', 'b'],
      body: { kind: 'none' },
      hop: undefined,
      afterSwitch: undefined,
    })
    assert.equal(stream.text, 'hello')
    assert.ok(stream.ended)
    assert.deepEqual(pipeline.offered, ['p1'])
  })

  it('streams a body', () => {
    const { session, pipeline } = serving()
    const { handler, stream } = session.request({ method: 'POST', bodyLength: 5 }, false)
    const { body } = pipeline.last.request
    assert.ok(body.kind === 'stream' && body.length === 5)
    const taken: string[] = []
    body.source.start({
      onData: (chunk) => taken.push(Buffer.from(chunk).toString()) > 0,
      onEnd: () => taken.push('end'),
      onError: () => taken.push('error'),
    })
    handler.onData(Buffer.from('hello'))
    handler.onEnd()
    assert.deepEqual(taken, ['hello', 'end'])
    assert.equal(stream.credit, 5)
  })

  it('refuses an app that it was not told of', () => {
    const { session, pipeline } = serving()
    const { stream, handler } = session.request({ app: 'other' })
    assert.equal(stream.resetBy?.code, 'ERR_CONNECTOR_APP_UNKNOWN')
    assert.equal(pipeline.handled.length, 0)
    handler.onData(Buffer.alloc(1))
    handler.onEnd()
    handler.onReset({ code: 'X', message: '' })
  })

  it('asks for a proof that it does not know (any more)', () => {
    const { session, pipeline } = serving()
    assert.equal(session.request({ proof: 'p1' }).stream.resetBy?.code, 'ERR_SSO_PROOF_UNKNOWN')
    session.handler.onControl({ type: 'proof', id: 'p1', idToken: 'a.b.c' })
    assert.equal(session.request({ proof: 'p1' }).stream.resetBy, undefined)
    session.handler.onControl({ type: 'forget', proofs: ['p1'] })
    assert.deepEqual(pipeline.forgotten, ['p1'])
    assert.equal(session.request({ proof: 'p1' }).stream.resetBy?.code, 'ERR_SSO_PROOF_UNKNOWN')
  })

  it('keeps the proofs of one tunnel out of another', async () => {
    const { session, dialler, clock } = serving()
    session.handler.onControl({ type: 'proof', id: 'p1', idToken: 'a.b.c' })
    session.close(LOST)
    await clock.advance(500)
    assert.notEqual(dialler.session, session)
    assert.equal(
      dialler.session.request({ proof: 'p1' }).stream.resetBy?.code,
      'ERR_SSO_PROOF_UNKNOWN',
    )
    assert.equal(dialler.session.request({}).stream.resetBy, undefined)
  })

  it('drops a proof whose id comes with two tokens', () => {
    const { session, pipeline, logger } = serving()
    session.handler.onControl({ type: 'proof', id: 'p1', idToken: 'a.b.c' })
    session.handler.onControl({ type: 'proof', id: 'p1', idToken: 'd.e.f' })
    assert.deepEqual(pipeline.forgotten, ['p1'])
    const events = logger.lines.filter((line) => line.fields['event'] === 'security')
    assert.deepEqual(
      events.map((line) => line.fields['what']),
      ['proof-id-reused'],
    )
    assert.equal(session.request({ proof: 'p1' }).stream.resetBy?.code, 'ERR_SSO_PROOF_UNKNOWN')
  })

  it('flushes what it is told to', () => {
    const { session, pipeline } = serving()
    session.handler.onControl({ type: 'flush' })
    session.handler.onControl({ type: 'flush', user: 'alice@corp.example' })
    session.handler.onControl({ type: 'status', version: 'x', kerberos: { ready: true } })
    assert.deepEqual(pipeline.flushed, [{}, { user: 'alice@corp.example' }])
    assert.ok(session.controls.every(({ type }) => type !== 'flushed'))
  })

  it('says what it has dropped where it is asked to', () => {
    const { session, pipeline } = serving()
    session.handler.onControl({ type: 'flush', id: 'q1', user: 'alice' })
    assert.deepEqual(pipeline.flushed, [{ user: 'alice' }])
    assert.deepEqual(session.controls.at(-1), {
      ...{ type: 'flushed', id: 'q1' },
      dropped: { tickets: 1, evidence: 2, accounts: 3, kdcRefusals: 4, directoryRefusals: 5 },
    })
  })

  it('says what its caches hold', () => {
    const { session, pipeline } = serving()
    const filter = { user: 'alice', servicePrincipalName: 'HTTP/x' }
    session.handler.onControl({ type: 'inspect', id: 'a1', ...filter })
    session.handler.onControl({ type: 'inspect', id: 'a2' })
    assert.deepEqual(pipeline.inspected, [filter, {}])
    const cache = { entries: [], more: 0 }
    assert.deepEqual(session.controls.slice(-2), [
      { type: 'inspected', id: 'a1', cache },
      { type: 'inspected', id: 'a2', cache },
    ])
  })

  it('keeps one request’s fault to itself', () => {
    const { session, pipeline } = serving()
    pipeline.answer = () => {
      throw new Error('unforeseen')
    }
    assert.equal(session.request({}).stream.resetBy?.code, 'ERR_UNEXPECTED')
    pipeline.answer = ({ sink }) => {
      sink.onEnd()
    }
    assert.ok(session.request({}).stream.ended)
  })
})

describe('the connector stops', () => {
  it('lets requests in flight end, then closes', async () => {
    const { connector, dialler, pipeline, clock } = started()
    connector.start()
    const { session } = dialler
    session.openStreams = 1
    const stopped = connector.stop()
    await clock.advance(20_000)
    assert.ok(session.draining)
    assert.ok(pipeline.draining)
    assert.ok(!session.closed && !pipeline.closed)
    session.close({ code: 'ERR_TUNNEL_DRAINED', message: 'drained' })
    await stopped
    assert.ok(pipeline.closed)
    await clock.advance(3_600_000)
    assert.equal(dialler.attempts, 1)
    assert.equal(clock.pending, 0)
  })

  it('cuts what does not end in time', async () => {
    const { connector, dialler, clock } = started({ limits: { drainMs: 1000 } })
    connector.start()
    dialler.session.openStreams = 1
    const stopped = connector.stop()
    await clock.advance(1000)
    await stopped
    assert.equal(dialler.session.closedBy?.code, 'ERR_CONNECTOR_STOPPED')
  })

  it('gives up dialling, and stops at once where there is no tunnel', async () => {
    const { connector, dialler, pipeline } = started()
    dialler.hangs = true
    connector.start()
    await connector.stop()
    await connector.stop()
    assert.ok(pipeline.closed)
    await settled()
    assert.equal(dialler.attempts, 1)
  })
})
