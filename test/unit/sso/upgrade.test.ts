/** Requests to switch protocols at a backend that wants a ticket: how often they are sent, and what the policy says. */

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { settled } from '../../support/manual-clock.ts'
import { TestBody, type CollectingSink } from '../../support/sso/sink.ts'
import { createStage, type Stage, type StageOptions } from '../../support/sso/stage.ts'

describe('a request to switch protocols', { timeout: 60_000 }, () => {
  const stages: Stage[] = []
  async function open(options?: StageOptions): Promise<Stage> {
    const stage = await createStage(options)
    stages.push(stage)
    return stage
  }
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  async function begin(stage: Stage, upgrade = 'websocket', user = 'alice') {
    const afterSwitch = new TestBody()
    const hop = { upgrade, takesTrailers: false, trailer: undefined, expectsContinue: false }
    const { sink } = stage.start({ proof: await stage.proof(user), hop, afterSwitch })
    return { sink, afterSwitch }
  }

  /** Until something of the new protocol has come, or all is over. */
  async function heard(sink: CollectingSink): Promise<string> {
    while (sink.chunks.length === 0 && sink.ends === 0) await settled()
    return sink.chunks.join('')
  }

  const tokens = ({ backend }: Stage) => backend.arrivals.map(({ token }) => token !== undefined)

  it('carries a token at once, and the connection is the user’s', async () => {
    const stage = await open()
    const { sink, afterSwitch } = await begin(stage)
    assert.equal(await heard(sink), 'alice')
    assert.deepEqual([sink.status, tokens(stage)], [101, [true]])
    assert.ok(afterSwitch.sink)
    afterSwitch.sink.onData(Buffer.from('!'))
    while (sink.chunks.join('') !== 'alice!') await settled()
  })

  it('is sent once more after a 401, with a fresh ticket on a fresh connection', async () => {
    const stage = await open()
    assert.equal((await stage.ask({ proof: await stage.proof('alice') })).status, 200)
    await stage.clock.advance(5 * 60_000)
    stage.backend.refusesUpgrade = () => stage.backend.arrivals.length === 2
    const { sink } = await begin(stage)
    assert.equal(await heard(sink), 'alice')
    assert.deepEqual(tokens(stage), [true, true, true])
    const [first, refused, last] = stage.backend.arrivals
    assert.equal(refused?.connection, first?.connection)
    assert.notEqual(last?.connection, refused?.connection)
    assert.equal(stage.backend.replays, 0)
    assert.equal(stage.kerberos.delegations, 2)
  })

  it('is refused by its code after the second 401', async () => {
    const stage = await open()
    stage.backend.refusesUpgrade = () => true
    const { sink } = await begin(stage)
    const { code, status } = await sink.outcome
    assert.deepEqual([code, status], ['ERR_SSO_BACKEND_REFUSED_TICKET', 0])
    assert.deepEqual(tokens(stage), [true, true])
  })

  for (const sendTicket of ['on401', 'oncePerConnection'] as const) {
    it(`${sendTicket}: switches, with a token where the connection has none`, async () => {
      const stage = await open({ app: { sendTicket } })
      Object.assign(stage.backend, { keepsSignIn: true, proves: true })
      const first = await stage.ask({ proof: await stage.proof('alice') })
      assert.equal(first.body.toString(), 'alice')
      const [alice, bob] = [await begin(stage), await begin(stage, 'websocket', 'bob')]
      assert.deepEqual([await heard(alice.sink), await heard(bob.sink)], ['alice', 'bob'])
      for (const users of stage.backend.usersByConnection.values()) {
        users.delete('nobody')
        assert.ok(users.size <= 1)
      }
    })
  }

  it('on401: is asked without a token first, and once more with one', async () => {
    const stage = await open({ app: { sendTicket: 'on401' } })
    const { sink } = await begin(stage)
    assert.equal(await heard(sink), 'alice')
    assert.deepEqual(tokens(stage), [false, true])
    assert.equal(stage.pipeline.counters.asked, 1)
  })

  it('on401: goes three times at most, then says so', async () => {
    const stage = await open({ app: { sendTicket: 'on401' } })
    stage.backend.refusesUpgrade = () => true
    const { code } = await (await begin(stage)).sink.outcome
    assert.equal(code, 'ERR_SSO_BACKEND_REFUSED_TICKET')
    assert.deepEqual(tokens(stage), [false, true, true])
  })

  const allowed: readonly (readonly [string, StageOptions, string])[] = [
    ['websocket by default', {}, 'websocket'],
    ['what row and app list', { row: { upgrades: ['SPDY/3.1'] } }, 'spdy/3.1'],
    ['what the row lists, where the app says nothing', { row: { upgrades: ['x'] } }, 'x'],
  ]
  for (const [what, options, protocol] of allowed) {
    it(`the policy allows ${what}`, async () => {
      const stage = await open(options)
      assert.equal(await heard((await begin(stage, protocol)).sink), 'alice')
    })
  }

  const refused: readonly (readonly [string, StageOptions, string])[] = [
    ['anything else by default', {}, 'h2c'],
    ['websocket where the row lists nothing', { row: { upgrades: [] } }, 'websocket'],
    ['websocket where the row lists others', { row: { upgrades: ['x'] } }, 'websocket'],
    ['what only the row lists', { app: { upgrades: [] } }, 'websocket'],
    ['what only the app lists', { app: { upgrades: ['x'] } }, 'x'],
  ]
  for (const [what, options, protocol] of refused) {
    it(`the policy refuses ${what}, and asks neither KDC nor backend`, async () => {
      const stage = await open(options)
      const { code, error } = await (await begin(stage, protocol)).sink.outcome
      assert.equal(code, 'ERR_SSO_POLICY_DENIED')
      assert.match(String((error as { mend?: string }).mend), /under upgrades/)
      assert.deepEqual([stage.kerberos.impersonations, stage.backend.arrivals.length], [0, 0])
    })
  }
})
