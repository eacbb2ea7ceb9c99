import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import type { ExpectManner } from '../../support/sso/iwa-backend.ts'
import { bodyOf, TestBody, valuesOf, type Outcome } from '../../support/sso/sink.ts'
import { createStage, type Stage } from '../../support/sso/stage.ts'

const LARGE = 'x'.repeat(300_000)

const stages: Stage[] = []
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close()
})

async function open(expects: ExpectManner, app: Partial<AppSettings> = {}): Promise<Stage> {
  const stage = await createStage({ app: { sendTicket: 'on401', ...app } })
  stages.push(stage)
  stage.backend.expects = expects
  return stage
}

async function upload(stage: Stage, body = bodyOf(LARGE)): Promise<Outcome> {
  return stage.ask({ proof: await stage.proof('alice'), method: 'PUT', body })
}

/** Whether a token was carried, and how much of the body arrived. */
function arrivalsOf({ backend }: Stage): readonly (readonly [boolean, number])[] {
  return backend.arrivals.map(({ token, body }) => [token !== undefined, body.length])
}

describe('a large body that can be sent only once (RFC 9110 section 10.1.1)', () => {
  for (const length of [LARGE.length, 'unknown'] as const) {
    it(`of ${length} octets is held until the backend has asked for the ticket and got it`, async () => {
      const stage = await open('signInFirst')
      const outcome = await upload(stage, bodyOf(LARGE, length))
      assert.deepEqual([outcome.status, outcome.body.toString()], [200, 'alice'])
      assert.deepEqual(arrivalsOf(stage), [
        [false, 0],
        [true, LARGE.length],
      ])
      const { rawHeaders = [] } = stage.backend.arrivals[1] ?? {}
      assert.deepEqual(valuesOf(rawHeaders, 'expect'), ['100-continue'])
      assert.equal(valuesOf(rawHeaders, 'content-length').length, length === 'unknown' ? 0 : 1)
    })
  }

  it('goes with the token at once on a connection of its own, with oncePerConnection', async () => {
    const stage = await open('signInFirst', { sendTicket: 'oncePerConnection' })
    stage.backend.keepsSignIn = true
    stage.backend.proves = true
    assert.equal((await stage.ask({ proof: await stage.proof('alice') })).status, 200)
    assert.equal((await upload(stage)).status, 200)
    assert.deepEqual(arrivalsOf(stage), [
      [true, 0],
      [true, LARGE.length],
    ])
    assert.notEqual(stage.backend.arrivals[0]?.connection, stage.backend.arrivals[1]?.connection)
  })

  it('is sent once more with a fresh token when the first ticket is refused', async () => {
    const stage = await open('bodyFirst', { sendTicket: 'oncePerConnection' })
    stage.backend.expects = 'signInFirst'
    let refusals = 0
    stage.backend.onHeld = (_request, response) => {
      if (++refusals > 1) return false
      response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end()
      return true
    }
    assert.equal((await upload(stage)).status, 200)
    assert.deepEqual(arrivalsOf(stage), [
      [true, 0],
      [true, LARGE.length],
    ])
    assert.equal(stage.backend.replays, 0)
  })

  it('is streamed at once with always, as ever', async () => {
    const stage = await open('signInFirst', { sendTicket: 'always' })
    assert.equal((await upload(stage)).status, 200)
    assert.deepEqual(arrivalsOf(stage), [[true, LARGE.length]])
    const { rawHeaders = [] } = stage.backend.arrivals[0] ?? {}
    assert.deepEqual(valuesOf(rawHeaders, 'expect'), [])
  })

  it('is sent after a while to a backend that does not answer the expectation', async () => {
    const stage = await open('ignore')
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(200).end('taken')
      return true
    }
    const outcome = await upload(stage)
    assert.deepEqual([outcome.status, outcome.body.toString()], [200, 'taken'])
    assert.deepEqual(arrivalsOf(stage), [[false, LARGE.length]])
  })

  it('says so when the backend asks for the ticket after it has taken the body', async () => {
    const stage = await open('bodyFirst')
    const { code } = await upload(stage)
    assert.equal(code, 'ERR_SSO_BODY_NOT_REPLAYABLE')
    assert.equal(stage.backend.arrivals.length, 1)
  })

  it('goes with a token and without expectation after a 417', async () => {
    const stage = await open('refuse')
    assert.equal((await upload(stage)).status, 200)
    assert.deepEqual(arrivalsOf(stage), [
      [false, 0],
      [true, LARGE.length],
    ])
    const { rawHeaders = [] } = stage.backend.arrivals[1] ?? {}
    assert.deepEqual(valuesOf(rawHeaders, 'expect'), [])
  })

  it('is not taken from the client when the backend wants none of it', async () => {
    const stage = await open('signInFirst')
    stage.backend.mood = (_arrival, _request, response) => {
      response.writeHead(413).end('too large')
      return true
    }
    const source = new TestBody()
    const outcome = await upload(stage, { kind: 'stream', length: 1_000_000, source })
    assert.deepEqual([outcome.status, outcome.body.toString()], [413, 'too large'])
    assert.deepEqual([source.started, source.cancelled], [0, true])
  })

  it('is cut where the client goes away within it', async () => {
    const stage = await open('bodyFirst')
    const source = new TestBody()
    const proof = await stage.proof('alice')
    const body = { kind: 'stream', length: 1_000_000, source } as const
    const { call, sink } = stage.start({ proof, method: 'PUT', body })
    while (source.started === 0) await new Promise((resolve) => setImmediate(resolve))
    source.sink?.onData(Buffer.from('begun'))
    call.abort()
    assert.ok(source.cancelled)
    assert.equal(sink.ends, 0)
  })

  it('fails when the client breaks it off', async () => {
    const stage = await open('bodyFirst')
    const source = new TestBody()
    const proof = await stage.proof('alice')
    const body = { kind: 'stream', length: 1_000_000, source } as const
    const { sink } = stage.start({ proof, method: 'PUT', body })
    while (source.started === 0) await new Promise((resolve) => setImmediate(resolve))
    source.sink?.onError(new Error('gone'))
    assert.equal((await sink.outcome).code, 'ERR_BACKEND_ABORTED')
  })

  it('is held though small, where the app lets no body be sent twice', async () => {
    const stage = await open('signInFirst', { replayBodies: false })
    const outcome = await upload(stage, bodyOf('hello'))
    assert.deepEqual([outcome.status, outcome.body.toString()], [200, 'alice'])
    assert.deepEqual(arrivalsOf(stage), [
      [false, 0],
      [true, 5],
    ])
  })
})
