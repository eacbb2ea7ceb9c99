import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reportCaches } from '../../../src/gateway/cache-reports.ts'
import type { CacheContents } from '../../../src/tunnel/index.ts'
import type { FakeSession } from '../../support/fake-tunnel.ts'
import { liveWorld, type LiveWorld } from '../../support/live-connectors.ts'
import { settled } from '../../support/manual-clock.ts'

const CACHE: CacheContents = { entries: [], more: 3 }

const world = (): LiveWorld => liveWorld('inspect')

function answer(session: FakeSession): void {
  const question = session.controls.at(-1)
  assert.ok(question?.type === 'inspect', `asked with ${question?.type ?? 'nothing'}`)
  session.handler.onControl({ type: 'inspected', id: question.id, cache: CACHE })
}

describe('what connectors keep', () => {
  it('is asked of each connector, with the filter', async () => {
    const { live, up } = world()
    const [one, two] = [up('c1'), up('c2')]
    const filter = { user: 'alice', servicePrincipalName: 'HTTP/x' }
    const reports = reportCaches(live.newestOfEach(), filter)
    assert.deepEqual(one.controls.at(-1), { type: 'inspect', id: 'a1', ...filter })
    const status = { type: 'status', version: '9.9', kerberos: { ready: true } } as const
    two.handler.onControl(status)
    answer(two)
    answer(one)
    assert.deepEqual(await reports, [
      { connector: 'c1', group: 'default', cache: CACHE },
      { connector: 'c2', group: 'default', cache: CACHE },
    ])
    const again = reportCaches(live.newestOfEach(), {})
    for (const each of [one, two]) answer(each)
    assert.deepEqual(
      (await again).map(({ version }) => version),
      [undefined, '9.9'],
    )
  })

  it('an older connector is not asked, and the answer says what to do', async () => {
    const { live, up } = world()
    const [old, young] = [up('old', ['interim', 'negotiate']), up('young')]
    const reports = reportCaches(live.newestOfEach(), {})
    answer(young)
    const [problem, good] = await reports
    assert.ok(old.controls.every(({ type }) => type !== 'inspect'))
    assert.equal(problem?.problem?.code, 'ERR_GATEWAY_CONNECTOR_OLD')
    assert.match(problem.problem.mend ?? '', /Update Sallyport/)
    assert.equal(problem.cache, undefined)
    assert.deepEqual(good?.cache, CACHE)
  })

  it('one that does not answer, or goes away, costs no other answer', async () => {
    const { clock, live, up } = world()
    const [gone, good] = [up('gone'), up('good')]
    up('silent')
    const reports = reportCaches(live.newestOfEach(), {})
    answer(good)
    gone.close({ code: 'ERR_TUNNEL_LOST', message: 'lost' })
    await settled()
    await clock.advance(5000)
    assert.deepEqual(
      (await reports).map(({ cache, problem }) => problem?.code ?? cache?.more),
      ['ERR_GATEWAY_NO_CONNECTOR', 3, 'ERR_GATEWAY_TIMEOUT'],
    )
  })

  it('of a connector with two tunnels the one that does not drain is asked', async () => {
    const { live, up } = world()
    const [draining, fresh] = [up('c1'), up('c1')]
    draining.draining = true
    const reports = reportCaches(live.newestOfEach(), {})
    answer(fresh)
    assert.equal((await reports).length, 1)
    fresh.draining = true
    assert.equal(live.newestOfEach()[0]?.session, fresh)
    draining.draining = false
    assert.equal(live.newestOfEach()[0]?.session, draining)
  })

  it('without connectors there is an error, not an empty list', async () => {
    await assert.rejects(reportCaches([], {}), {
      code: 'ERR_GATEWAY_NO_CONNECTOR',
      mend: /connector run/,
    })
  })

  it('an answer that nobody waits for is passed over', () => {
    const { up } = world()
    up('c1').handler.onControl({ type: 'inspected', id: 'a7', cache: CACHE })
  })
})
