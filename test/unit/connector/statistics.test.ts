import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createConnector,
  connectorConfigSchema,
  resolveConnectorLimits,
  statisticsFields,
  type KdcTotals,
} from '../../../src/connector/index.ts'
import type { TunnelHandler } from '../../../src/tunnel/index.ts'
import { FakePipeline } from '../../support/fake-pipeline.ts'
import { FakeSession } from '../../support/fake-tunnel.ts'
import { ManualClock, MemoryLogger, settled } from '../../support/manual-clock.ts'
import { KeeperWorld } from '../../support/sso/keeper-world.ts'

const MINUTE = 60_000

const KDCS: KdcTotals = {
  ...{ answered: 100, unreachable: 1, hedges: 2 },
  kdcs: [
    {
      ...{ realm: 'CORP.EXAMPLE', kdc: 'dc1.corp.example:88', state: 'well' },
      ...{ answered: 100, failed: 1, overtaken: 0, smoothedLatencyMs: 3.14159 },
      latency: { boundsMs: [1, 2, 4], counts: [60, 38, 2, 0], count: 100 },
    },
    {
      ...{ realm: 'CORP.EXAMPLE', kdc: 'dc2.corp.example:88', state: 'failing' },
      ...{ answered: 0, failed: 4, overtaken: 0, smoothedLatencyMs: undefined },
      latency: { boundsMs: [1, 2, 4], counts: [0, 0, 0, 0], count: 0 },
    },
  ],
}

async function started(limits: { readonly statisticsMs?: number } = {}, kdcs?: KdcTotals) {
  const clock = new ManualClock()
  const logger = new MemoryLogger()
  const pipeline = new FakePipeline()
  const dial = (handler: TunnelHandler) => Promise.resolve(new FakeSession(handler))
  const connector = createConnector(
    { version: '1.2.3', limits: resolveConnectorLimits(limits) },
    {
      ...{ clock, logger, pipeline, dialler: { dial } },
      random: { bytes: (octets) => new Uint8Array(octets) },
      kdcStatistics: kdcs && (() => kdcs),
    },
  )
  connector.start()
  await settled()
  const lines = (message = 'statistics') =>
    logger.lines.filter((line) => line.message === message).map(({ fields }) => fields)
  return { clock, pipeline, connector, lines }
}

describe('the statistics of a connector', () => {
  it('are written every five minutes and once more at the end', async () => {
    const { clock, pipeline, connector, lines } = await started()
    await clock.advance(5 * MINUTE - 1)
    assert.equal(lines().length, 0)
    await clock.advance(1)
    pipeline.counters = { ...pipeline.counters, requests: 7 }
    await clock.advance(5 * MINUTE)
    await clock.advance(MINUTE)
    await connector.stop()
    const seen = lines().map(({ upSeconds, requests }) => [upSeconds, requests])
    assert.deepEqual(seen, [
      [300, 0],
      [600, 7],
      [660, 7],
    ])
    await clock.advance(60 * MINUTE)
    assert.equal(lines().length, 3)
  })

  it('are not written where statisticsMs is 0', async () => {
    const { clock, connector, lines } = await started({ statisticsMs: 0 })
    await clock.advance(60 * MINUTE)
    await connector.stop()
    assert.equal(lines().length, 0)
  })

  it('may not come more than once a second', () => {
    const parse = (statisticsMs: number) =>
      connectorConfigSchema.safeParse({
        stateDirectory: 's',
        policy: 'p',
        limits: { statisticsMs },
      }).success
    assert.deepEqual([0, 1, 999, 1000].map(parse), [true, false, false, true])
  })

  it('have a line for each KDC', async () => {
    const { clock, lines } = await started({}, KDCS)
    await clock.advance(5 * MINUTE)
    const [all] = lines()
    assert.deepEqual([all?.['kdcsAnswered'], all?.['kdcsUnreachable']], [100, 1])
    const figures = lines('statistics of a KDC').map(({ kdc, state, latencyMs, ...rest }) => {
      return [kdc, state, latencyMs, rest['halfWithinMs'], rest['p99WithinMs']]
    })
    assert.deepEqual(figures, [
      ['dc1.corp.example:88', 'well', 3.1, 1, 4],
      ['dc2.corp.example:88', 'failing', undefined, undefined, undefined],
    ])
  })

  it('are flat, and name the app with the largest field and nobody', async () => {
    const world = new KeeperWorld({ kdcExchanges: 1 })
    world.kerberos.delayMs = 10
    const both = ['alice', 'bob'].map((name) => world.keeper.obtain(world.wish(name)))
    await world.clock.advance(100)
    await Promise.all(both)
    assert.ok(world.keeper.known(world.wish('alice')))
    const sizes = (app: string, largest: number) => ({ app, largest, last: 1, accepted: 1 })
    const fields = statisticsFields({
      ...new FakePipeline().counters,
      tickets: world.keeper.counters,
      tokenSizes: [sizes('wiki', 900), sizes('intranet', 2000), sizes('mail', 1000)],
    })
    const flat = Object.values(fields).every((each) => ['number', 'string'].includes(typeof each))
    assert.ok(flat, JSON.stringify(fields))
    const { ticketsHits, ticketsMisses, kdcQueueWaits, kdcQueueLongestWaitMs } = fields
    assert.deepEqual([ticketsHits, ticketsMisses, kdcQueueWaits], [1, 2, 3])
    assert.equal(typeof kdcQueueLongestWaitMs, 'number')
    const texts = Object.values(fields).filter((each) => typeof each === 'string')
    assert.deepEqual(texts, ['intranet'])
    assert.equal(fields['largestTokenOctets'], 2000)
  })
})
