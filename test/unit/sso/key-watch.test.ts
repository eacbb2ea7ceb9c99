/** A provider that withdraws a key, fetched over TLS, and what was found good under it. Time is virtual. */

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Proof } from '../../../src/sso/index.ts'
import { KeyWatch } from '../../../src/sso/key-watch.ts'
import { ManualClock, MemoryLogger, settled } from '../../support/manual-clock.ts'
import { JwksServer } from '../../support/sso/jwks-server.ts'
import type { CollectingSink } from '../../support/sso/sink.ts'
import { createStage, type Stage } from '../../support/sso/stage.ts'
import { createIssuer, type Issuer } from '../../support/sso/world.ts'

const MINUTE = 60_000
/** Of the machine's own time, however busy it is. */
const PATIENCE_MS = 60_000
const DAY_CLAIMS = { exp: 4_000_000_000 }
const withdrawn = 'ERR_SSO_PROOF_WITHDRAWN'

describe('a key that the provider withdraws', { timeout: 10 * PATIENCE_MS }, () => {
  let server: JwksServer
  let former: Issuer
  let later: Issuer
  let stage: Stage

  before(async () => {
    server = await new JwksServer().listen()
  })
  after(() => server.close())
  afterEach(() => stage.close())

  const open = async (): Promise<void> => {
    const keys = server.source({ keepMs: 86_400_000, cooldownMs: 0, timeoutMs: 30_000 })
    stage = await createStage({ keys, limits: { keysCheckMinutes: 10 } })
    former = stage.issuer
    // Another key under the same name.
    later = await createIssuer(stage.clock)
    server.show(former.publicJwk)
    server.fetches = 0
    stage.backend.mood = (_arrival, request, response) => {
      if (request.url !== '/download') return false
      response.writeHead(200).write('never ends')
      return true
    }
  }
  const proofBy = async (issuer: Issuer, user: string, id: string): Promise<Proof> => ({
    id,
    idToken: await issuer.token({ upn: `${user}@corp.example`, ...DAY_CLAIMS }),
  })
  const codeOf = async (proof: Proof): Promise<string | undefined> =>
    (await stage.ask({ proof })).code
  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    const giveUpAt = performance.now() + PATIENCE_MS
    while (!(await isSo())) {
      assert.ok(performance.now() < giveUpAt, `not within a minute: ${what}`)
      await settled()
    }
  }
  const fetched = (count: number): Promise<void> =>
    until('the set is asked for', () => server.fetches >= count)
  const refused = (proof: Proof): Promise<void> =>
    until('the sign-in is refused', async () => (await codeOf(proof)) !== undefined)
  const startsDownload = async (proof: Proof): Promise<CollectingSink> => {
    const { sink } = stage.start({ proof, target: '/download' })
    await until('the download begins', () => sink.status !== 0 || sink.ends > 0)
    return sink
  }

  it('ends verified sign-ins and their streams within keysCheckMinutes, and no others', async () => {
    await open()
    const alice = await proofBy(former, 'alice', 'a')
    assert.equal(await codeOf(alice), undefined)
    const sink = await startsDownload(alice)
    server.show(later.publicJwk)
    await stage.clock.advance(10 * MINUTE - 1)
    assert.equal(await codeOf(alice), undefined)
    assert.equal(sink.ends, 0)
    await stage.clock.advance(1)
    assert.equal((await sink.outcome).code, withdrawn)
    assert.equal(await codeOf(alice), withdrawn)
    assert.equal(await codeOf(await proofBy(later, 'alice', 'b')), undefined)
    // What was got on the former sign-in is gone too.
    assert.equal(stage.kerberos.impersonations, 2)
    assert.match(JSON.stringify(stage.logger.lines), /withdrawn a key/)
  })

  it('ends them at once where a newer token has the set fetched sooner', async () => {
    await open()
    const alice = await proofBy(former, 'alice', 'a')
    assert.equal(await codeOf(alice), undefined)
    const named = { ...later.publicJwk, kid: 'k2' }
    server.show(named)
    const idToken = await later.token({ upn: 'bob@corp.example', ...DAY_CLAIMS }, { kid: 'k2' })
    assert.equal(await codeOf({ id: 'b', idToken }), undefined)
    await refused(alice)
    assert.equal(await codeOf(alice), withdrawn)
  })

  it('lets a stream go on whose user has a newer token under another key', async () => {
    await open()
    const sink = await startsDownload(await proofBy(former, 'alice', 'a'))
    const lone = await startsDownload(await proofBy(former, 'bob', 'b'))
    server.show({ ...later.publicJwk, kid: 'k2' })
    const claims = { upn: 'alice@corp.example', ...DAY_CLAIMS }
    stage.pipeline.offer({ id: 'c', idToken: await later.token(claims, { kid: 'k2' }) })
    assert.equal((await lone.outcome).code, withdrawn)
    assert.equal(sink.ends, 0)
  })

  it('leaves sign-ins alone where a key has come, or the set cannot be had, and asks again sooner then', async () => {
    await open()
    const alice = await proofBy(former, 'alice', 'a')
    assert.equal(await codeOf(alice), undefined)
    server.show({ ...later.publicJwk, kid: 'k2' }, former.publicJwk)
    await stage.clock.advance(10 * MINUTE)
    await fetched(2)
    await settled()
    assert.equal(await codeOf(alice), undefined)
    server.answer = { status: 503, body: '' }
    await untilFetches(3)
    assert.equal(await codeOf(alice), undefined)
    server.show(later.publicJwk)
    await untilFetches(4, 10_000)
    await refused(alice)
    assert.equal(await codeOf(alice), withdrawn)
  })

  it('fetches nothing for nobody', async () => {
    await open()
    const soon = Math.floor(stage.clock.nowMs() / 1000) + 60
    const idToken = await former.token({ upn: 'alice@corp.example', exp: soon })
    assert.equal(await codeOf({ id: 'a', idToken }), undefined)
    await stage.clock.advance(60 * MINUTE)
    assert.equal(server.fetches, 1)
  })

  it('looks after a sign-in that is verified in the moment in which nobody is left to look after', async () => {
    const clock = new ManualClock()
    let asked = 0
    const proofs = {
      issuers: () => (asked++ === 0 ? [] : ['https://idp.example']),
      judgeAgain: () => Promise.resolve([]),
    }
    const refreshed: string[] = []
    const refresh = (issuer: string): Promise<void> => {
      refreshed.push(issuer)
      return Promise.resolve()
    }
    const keys = { keysOf: () => () => Promise.reject(new Error('nobody asks')), refresh }
    const ports = { keys, proofs, clock, logger: new MemoryLogger(), onWithdrawn: () => undefined }
    const watch = new KeyWatch(ports, { keysCheckMinutes: 10, transportRetryMs: 1000 })
    watch.start()
    const passed = clock.advance(10 * MINUTE)
    // The check has begun within the call, and the promises behind it have had no turn yet.
    watch.start()
    await passed
    await clock.advance(10 * MINUTE)
    watch.close()
    assert.deepEqual(refreshed, ['https://idp.example'])
  })

  /** Lets time pass until the set has been asked for so often. */
  const untilFetches = async (count: number, stepMs = MINUTE): Promise<void> => {
    for (let step = 0; server.fetches < count; step++) {
      assert.ok(step < 100, 'the set is not asked for')
      await stage.clock.advance(stepMs)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
})
