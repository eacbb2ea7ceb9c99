import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { flushCaches } from '../../../src/gateway/cache-flushes.ts'
import type { DroppedFigures } from '../../../src/tunnel/index.ts'
import type { FakeSession } from '../../support/fake-tunnel.ts'
import { liveWorld, type LiveWorld } from '../../support/live-connectors.ts'
import { settled } from '../../support/manual-clock.ts'

const DROPPED: DroppedFigures = {
  ...{ tickets: 3, evidence: 2, accounts: 2 },
  ...{ kdcRefusals: 1, directoryRefusals: 4 },
}
const TWICE: DroppedFigures = {
  ...{ tickets: 6, evidence: 4, accounts: 4 },
  ...{ kdcRefusals: 2, directoryRefusals: 8 },
}

const world = (): LiveWorld => liveWorld('flushed')

function answer(session: FakeSession): void {
  const question = session.controls.at(-1)
  assert.ok(question?.type === 'flush' && question.id !== undefined)
  session.handler.onControl({ type: 'flushed', id: question.id, dropped: DROPPED })
}

describe('a flush', () => {
  it('tells what each connector dropped', async () => {
    const { live, up } = world()
    const [one, two] = [up('c1'), up('c2')]
    const flushed = flushCaches(live.tunnels(), { user: 'alice', servicePrincipalName: 'HTTP/x' })
    const asked = { type: 'flush', id: 'a1', user: 'alice', servicePrincipalName: 'HTTP/x' }
    assert.deepEqual(one.controls.at(-1), asked)
    answer(two)
    answer(one)
    assert.deepEqual(await flushed, {
      connectedTunnels: 2,
      connectors: [
        { connector: 'c1', group: 'default', dropped: DROPPED },
        { connector: 'c2', group: 'default', dropped: DROPPED },
      ],
    })
  })

  it('reaches every tunnel of a connector, and adds up: they may lead to two processes', async () => {
    const { live, up } = world()
    const [draining, fresh] = [up('c1'), up('c1')]
    draining.draining = true
    const flushed = flushCaches(live.tunnels(), {})
    answer(fresh)
    answer(draining)
    const { connectedTunnels, connectors } = await flushed
    assert.equal(connectedTunnels, 2)
    assert.deepEqual(connectors, [{ connector: 'c1', group: 'default', dropped: TWICE }])
  })

  it('is obeyed by an older connector, which cannot say what it dropped', async () => {
    const { live, up } = world()
    const [old, young] = [up('old', ['inspect']), up('young')]
    const flushed = flushCaches(live.tunnels(), { user: 'alice' })
    // No id: nothing that it was not told before.
    assert.deepEqual(old.controls.at(-1), { type: 'flush', user: 'alice' })
    answer(young)
    const [problem, good] = (await flushed).connectors
    assert.equal(problem?.problem?.code, 'ERR_GATEWAY_CONNECTOR_OLD')
    assert.match(
      problem.problem.message,
      /^this connector has been told, but its version cannot say what it dropped$/,
    )
    assert.match(problem.problem.mend ?? '', /Update Sallyport/)
    assert.deepEqual(good?.dropped, DROPPED)
  })

  it('by an older process of a connector and a newer one is told as far as it can be', async () => {
    const { live, up } = world()
    up('c1', [])
    const fresh = up('c1')
    const flushed = flushCaches(live.tunnels(), {})
    answer(fresh)
    const [both, ...others] = (await flushed).connectors
    assert.deepEqual(
      [both?.dropped, both?.problem?.code, others],
      [DROPPED, 'ERR_GATEWAY_CONNECTOR_OLD', []],
    )
  })

  it('does not wait for ever, nor for a connector that goes away', async () => {
    const { clock, live, up } = world()
    const gone = up('gone')
    up('silent')
    const flushed = flushCaches(live.tunnels(), {})
    gone.close({ code: 'ERR_TUNNEL_LOST', message: 'lost' })
    await settled()
    await clock.advance(5000)
    const codes = (await flushed).connectors.map(({ problem }) => problem?.code)
    assert.deepEqual(codes, ['ERR_GATEWAY_NO_CONNECTOR', 'ERR_GATEWAY_TIMEOUT'])
  })

  it('has nothing to do without connectors', async () => {
    assert.deepEqual(await flushCaches([], {}), { connectedTunnels: 0, connectors: [] })
  })
})
