import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { createPipeline, resolveSsoLimits, type BackendPool } from '../../../src/sso/index.ts'
import { settled } from '../../support/manual-clock.ts'
import { CollectingSink, TestBody, valuesOf } from '../../support/sso/sink.ts'
import { createStage, type Stage, type StageOptions } from '../../support/sso/stage.ts'
import { appOf } from '../../support/sso/world.ts'

const NO_BODY = { kind: 'none' } as const

describe('edges of the pipeline', () => {
  const stages: Stage[] = []
  const open = async (options?: StageOptions): Promise<Stage> => {
    const stage = await createStage(options)
    stages.push(stage)
    return stage
  }
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe('an app without sign-in', () => {
    const anonymous = (stage: Stage) =>
      appOf(stage.app.internalUrl, {
        id: 'open',
        preAuthentication: 'passthrough',
        singleSignOn: 'none',
      })

    it('passes what signs one request in, and nothing that signs a connection in', async () => {
      const stage = await open()
      stage.backend.mood = (_arrival, _request, response) => {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x", NTLM, Negotiate' }).end()
        return true
      }
      const app = anonymous(stage)
      for (const [value, sent] of [
        ['Basic eDp5', ['Basic eDp5']],
        ['NTLM TlRM', []],
        ['Negotiate YII=', []],
      ] as const) {
        const outcome = await stage.ask({ app, headers: ['Authorization', value] })
        assert.deepEqual(valuesOf(outcome.headers, 'www-authenticate'), ['Basic realm="x"'])
        const { rawHeaders = [] } = stage.backend.arrivals.at(-1) ?? {}
        assert.deepEqual(valuesOf(rawHeaders, 'authorization'), sent)
      }
    })

    it('asks neither directory nor KDC', async () => {
      const stage = await open()
      await stage.ask({ app: anonymous(stage) })
      assert.deepEqual([stage.directory.lookups, stage.kerberos.impersonations], [0, 0])
    })
  })

  it('sends the Host that the app asks for', async () => {
    const stage = await open({ app: { hostHeader: 'external' } })
    await stage.ask({ proof: await stage.proof('alice'), headers: ['Host', 'client.example'] })
    const { rawHeaders = [] } = stage.backend.arrivals[0] ?? {}
    assert.deepEqual(valuesOf(rawHeaders, 'host'), ['intranet.example'])
  })

  const unfit = [
    { method: 'CONNECT' },
    { method: 'TRACE' },
    { target: '*' },
    { target: 'http://elsewhere.example/' },
    { target: '' },
  ]
  for (const request of unfit) {
    it(`does not send ${JSON.stringify(request)}`, async () => {
      const stage = await open()
      const outcome = await stage.ask({ proof: await stage.proof('alice'), ...request })
      assert.equal(outcome.code, 'ERR_BACKEND_PROTOCOL')
      assert.equal(stage.kerberos.impersonations, 0)
    })
  }

  it('says so without a KDC or directory, and still checks proof and policy first', async () => {
    const stage = await open()
    const backends: BackendPool = {
      send: () => assert.fail('nothing is sent'),
      retire: () => undefined,
      close: () => Promise.resolve(),
    }
    const bare = createPipeline({
      policy: stage.policy,
      keys: stage.issuer.keys,
      kerberos: undefined,
      directory: undefined,
      backends,
      clock: stage.clock,
      random: systemRandom,
      logger: stage.logger,
    })
    const codes: (string | undefined)[] = []
    for (const proof of [undefined, await stage.proof('alice')]) {
      const sink = new CollectingSink()
      const request = { requestId: 'r', app: stage.app, proof, method: 'GET', target: '/' }
      bare.handle({ ...request, headers: [], body: NO_BODY }, sink)
      codes.push((await sink.outcome).code)
    }
    assert.deepEqual(codes, ['ERR_SSO_PROOF_MISSING', 'ERR_SSO_KERBEROS_ABSENT'])
    bare.flush({})
    await bare.close()
  })

  describe('a small body', () => {
    const begin = async (stage: Stage, source: TestBody, length: number) => {
      const proof = await stage.proof('alice')
      await stage.ask({ proof })
      const body = { kind: 'stream', length, source } as const
      const { sink } = stage.start({ proof, method: 'POST', body })
      assert.equal(source.started, 1)
      return sink
    }

    it('is not sent when the client goes away within it', async () => {
      const stage = await open()
      const source = new TestBody()
      const sink = await begin(stage, source, 10)
      source.sink?.onData(Buffer.from('part'))
      source.sink?.onError(new Error('gone'))
      assert.equal((await sink.outcome).code, 'ERR_BACKEND_ABORTED')
      assert.equal(stage.backend.arrivals.length, 1)
    })

    for (const [name, text] of [
      ['short', 'part'],
      ['long', 'far too much of it'],
    ] as const) {
      it(`is not sent when it is too ${name}`, async () => {
        const stage = await open()
        const sink = await begin(stage, new TestBody([text]), 10)
        assert.equal((await sink.outcome).code, 'ERR_BACKEND_ABORTED')
        assert.equal(stage.backend.arrivals.length, 1)
      })
    }

    it('is not sent when the request was aborted meanwhile', async () => {
      const stage = await open()
      const proof = await stage.proof('alice')
      await stage.ask({ proof })
      const source = new TestBody()
      const { call, sink } = stage.start({ proof, body: { kind: 'stream', length: 1, source } })
      call.abort()
      assert.equal(source.cancelled, true)
      source.sink?.onData(Buffer.from('x'))
      source.sink?.onEnd()
      for (let turn = 0; turn < 5; turn++) await settled()
      assert.deepEqual([sink.ends, stage.backend.arrivals.length], [0, 1])
    })
  })

  it('calls a fault of its own by a code, and logs it as an error', async () => {
    const stage = await open()
    stage.kerberos.failImpersonate = new TypeError('a bug')
    const outcome = await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(outcome.code, 'ERR_UNEXPECTED')
    assert.ok(!outcome.error?.message.includes('a bug'))
    assert.ok(stage.logger.lines.some(({ level }) => level === 'error'))
  })

  it('ends what is under way when it is closed, and takes no more', async () => {
    const stage = await open()
    stage.backend.mood = () => true
    const { sink } = stage.start({ proof: await stage.proof('alice') })
    while (stage.backend.arrivals.length === 0) await settled()
    await stage.pipeline.close()
    assert.equal((await sink.outcome).code, 'ERR_SSO_CLOSED')
    assert.equal((await stage.ask({ proof: await stage.proof('bob') })).code, 'ERR_SSO_CLOSED')
    assert.equal(stage.clock.pending, 0)
  })

  it('logs no token, ticket or cookie', async () => {
    const stage = await open()
    const proof = await stage.proof('alice')
    await stage.ask({ proof, headers: ['Cookie', 'secret-cookie'] })
    await stage.ask({ proof: { id: 'x', idToken: `${proof.idToken}x` } })
    const text = JSON.stringify(stage.logger.lines)
    const { token } = stage.backend.arrivals[0] ?? {}
    assert.ok(token)
    const secrets = [
      ...proof.idToken.split('.').slice(1),
      token.toString('base64'),
      'secret-cookie',
    ]
    assert.deepEqual(
      secrets.filter((secret) => text.includes(secret)),
      [],
    )
  })

  it('refuses nonsensical limits', () => {
    for (const limits of [{ ticketCount: 0 }, { ticketMs: 0.5 }, { clockToleranceSeconds: -1 }]) {
      assert.throws(() => resolveSsoLimits(limits), RangeError)
    }
  })
})
