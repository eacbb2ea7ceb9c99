/** What outlasts the request that began it: whose end it meets, and whose not. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { DirectoryError } from '../../../src/directory/index.ts'
import { KdcReplyError, KerberosError } from '../../../src/kerberos/index.ts'
import { Roster } from '../../../src/platform/index.ts'
import type { Proof } from '../../../src/sso/index.ts'
import { settled } from '../../support/manual-clock.ts'
import { CollectingSink, TestBody } from '../../support/sso/sink.ts'
import { createStage, type Ask, type Stage } from '../../support/sso/stage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const UPGRADE = {
  upgrade: 'websocket',
  takesTrailers: false,
  trailer: undefined,
  expectsContinue: false,
}

/** Each begins an answer that has no end, and says the user's name in it. */
const KINDS: Readonly<Record<string, () => Ask>> = {
  WebSocket: () => ({ hop: UPGRADE, afterSwitch: new TestBody() }),
  'event stream': () => ({ target: '/events' }),
  download: () => ({ target: '/download' }),
}
const ENDLESS = new Set(['WebSocket', 'event stream'])

describe('what lasts', { timeout: 60_000 }, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage()
    stage.backend.mood = ({ user, url }, _request, response) => {
      if (user === undefined || url === '/') return false
      const type = url === '/events' ? 'Text/Event-Stream; charset=utf-8' : 'text/plain'
      response.writeHead(200, { 'Content-Type': type }).write(user)
      return true
    }
  })
  afterEach(() => stage.close())

  /** A sign-in that outlasts every test. */
  function proofOf(user: string, more: { exp?: number; auth_time?: number } = {}): Promise<Proof> {
    const seconds = Math.floor(stage.clock.nowMs() / 1000)
    return stage.proof(user, { exp: seconds + 24 * 3600, ...more })
  }

  async function open(ask: Ask): Promise<CollectingSink> {
    const { sink } = stage.start(ask)
    while (sink.chunks.length === 0 && sink.ends === 0) await settled()
    assert.equal(sink.ends, 0)
    return sink
  }

  async function both(kind: () => Ask): Promise<{ alice: CollectingSink; bob: CollectingSink }> {
    const alice = await open({ proof: await proofOf('alice'), ...kind() })
    const bob = await open({ proof: await proofOf('bob'), ...kind() })
    assert.deepEqual([alice.chunks.join(''), bob.chunks.join('')], ['alice', 'bob'])
    return { alice, bob }
  }

  /** Still there, also where time goes on. */
  async function assertLives(sink: CollectingSink): Promise<void> {
    await stage.clock.advance(MINUTE)
    assert.equal(sink.ends, 0)
  }

  /** It might have ended by itself. */
  async function lastsUntilTheSweep(sink: CollectingSink): Promise<void> {
    await settled()
    assert.equal(sink.ends, 0)
    await stage.clock.advance(15_000)
  }

  const disable = (name: string): void => {
    const { accounts } = stage.directory
    const at = accounts.findIndex(({ sAMAccountName }) => sAMAccountName === name)
    const [account] = accounts.splice(at, 1)
    assert.ok(account)
    accounts.push({ ...account, enabled: false })
  }

  for (const [name, kind] of Object.entries(KINDS)) {
    describe(name, () => {
      it('ends at a KDC’s refusal of its user, and nobody else’s does', async () => {
        const { alice, bob } = await both(kind)
        stage.kerberos.failImpersonate = new KerberosError('ERR_KRB_CLIENT_REVOKED', 'no')
        await stage.clock.advance(MINUTE)
        // A newer sign-in has a ticket made anew.
        const { code } = await stage.ask({ proof: await proofOf('alice') })
        assert.equal(code, 'ERR_KRB_CLIENT_REVOKED')
        if (!ENDLESS.has(name)) await lastsUntilTheSweep(alice)
        assert.equal((await alice.outcome).code, 'ERR_SSO_SESSION_ENDED')
        await assertLives(bob)
      })

      it('ends so too when its ticket had been flushed before', async () => {
        const { alice, bob } = await both(kind)
        stage.pipeline.flush({ user: 'alice' })
        stage.kerberos.failImpersonate = new KerberosError('ERR_KRB_CLIENT_REVOKED', 'no')
        await stage.ask({ proof: await proofOf('alice') })
        if (!ENDLESS.has(name)) await lastsUntilTheSweep(alice)
        assert.equal((await alice.outcome).code, 'ERR_SSO_SESSION_ENDED')
        await assertLives(bob)
      })

      it('ends when the account is disabled, though nobody asks for anything', async () => {
        const { alice, bob } = await both(kind)
        disable('alice')
        await stage.clock.advance(6 * MINUTE)
        assert.match((await alice.outcome).code ?? '', /ERR_SSO_(SESSION_ENDED|ACCOUNT_DISABLED)/)
        await assertLives(bob)
      })

      it('ends soon when the directory’s word was flushed, and says why', async () => {
        const { alice, bob } = await both(kind)
        disable('alice')
        stage.pipeline.flush({ user: 'alice' })
        await stage.clock.advance(20_000)
        assert.equal((await alice.outcome).code, 'ERR_SSO_ACCOUNT_DISABLED')
        await assertLives(bob)
      })

      it('ends with its proof, unless the same user has signed in afresh', async () => {
        const soon = { exp: Math.floor(stage.clock.nowMs() / 1000) + 300 }
        const old = await open({ proof: await proofOf('alice', soon), ...kind() })
        const bob = await open({ proof: await proofOf('bob', soon), ...kind() })
        assert.equal((await stage.ask({ proof: await proofOf('bob') })).code, undefined)
        await stage.clock.advance(6 * MINUTE)
        assert.equal((await old.outcome).code, 'ERR_SSO_PROOF_EXPIRED')
        await assertLives(bob)
      })

      it('ends with its session', async () => {
        const { alice, bob } = await both(kind)
        stage.pipeline.forget(['proof-1'])
        assert.equal((await alice.outcome).code, 'ERR_SSO_SESSION_ENDED')
        await assertLives(bob)
      })

      it(`${ENDLESS.has(name) ? 'ends' : 'lasts'} when its app changes`, async () => {
        const app = { ...stage.app, id: 'other' }
        const changed = await open({ proof: await proofOf('alice'), ...kind() })
        const other = await open({ proof: await proofOf('alice'), app, ...kind() })
        stage.pipeline.appsChanged((each) => each === app)
        if (ENDLESS.has(name)) assert.equal((await changed.outcome).code, 'ERR_SSO_SESSION_ENDED')
        else await assertLives(changed)
        await assertLives(other)
      })

      it(`is ${ENDLESS.has(name) ? 'not ' : ''}waited for when the connector drains`, async () => {
        const lasting = await open({ proof: await proofOf('alice'), ...kind() })
        stage.pipeline.drain()
        if (ENDLESS.has(name)) assert.equal((await lasting.outcome).code, 'ERR_SSO_CLOSED')
        else await assertLives(lasting)
      })

      it('lasts while directory or KDC cannot say anything about its user', async () => {
        const { alice, bob } = await both(kind)
        stage.directory.failure = new DirectoryError('ERR_DIRECTORY_UNREACHABLE', 'gone')
        await stage.clock.advance(HOUR)
        stage.directory.failure = undefined
        // Our own account is refused: that is no word about the user.
        const details = { krbErrorCode: 18, realm: 'CORP.EXAMPLE', exchange: 'AS' } as const
        const refusal = new KdcReplyError('ERR_KRB_CLIENT_REVOKED', 'no', { details })
        stage.kerberos.failImpersonate = refusal
        const { code } = await stage.ask({ proof: await proofOf('alice') })
        assert.equal(code, 'ERR_SSO_OWN_ACCOUNT')
        stage.directory.failure = new DirectoryError('ERR_DIRECTORY_REFUSED', 'no rights')
        await stage.clock.advance(HOUR)
        await assertLives(alice)
        await assertLives(bob)
      })
    })
  }

  it('a drain ends what has no end once the last other request has its answer', async () => {
    const kinds = Object.entries(KINDS).filter(([name]) => ENDLESS.has(name))
    const proof = await proofOf('alice')
    const lasting = await Promise.all(kinds.map(([, kind]) => open({ proof, ...kind() })))
    const release = Promise.withResolvers<undefined>()
    stage.kerberos.gate = release.promise
    const last = stage.ask({ proof: await proofOf('bob') })
    stage.pipeline.drain()
    await stage.clock.advance(MINUTE)
    assert.ok(lasting.every(({ ends }) => ends === 0))
    release.resolve(undefined)
    assert.equal((await last).body.toString(), 'bob')
    for (const { outcome } of lasting) assert.equal((await outcome).code, 'ERR_SSO_CLOSED')
    // One that comes too late to be turned away.
    const late = stage.start({ proof, ...KINDS['event stream']?.() })
    assert.equal((await late.sink.outcome).code, 'ERR_SSO_CLOSED')
  })

  it('a drain does not go through all calls at the end of each', async (t) => {
    const stream = await open({ proof: await proofOf('alice'), ...KINDS['event stream']?.() })
    const release = Promise.withResolvers<undefined>()
    stage.kerberos.gate = release.promise
    const proof = await proofOf('bob')
    const answers = Array.from({ length: 50 }, () => stage.ask({ proof }))
    const lists = t.mock.method(Roster.prototype, 'list')
    stage.pipeline.drain()
    assert.equal(stream.ends, 0)
    release.resolve(undefined)
    const statuses = new Set((await Promise.all(answers)).map(({ status }) => status))
    assert.deepEqual([...statuses], [200])
    assert.equal((await stream.outcome).code, 'ERR_SSO_CLOSED')
    assert.ok(lists.mock.callCount() <= 2, `all calls were listed ${lists.mock.callCount()} times`)
  })
})
