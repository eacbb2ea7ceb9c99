import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FairLine } from '../../../src/sso/fair-line.ts'
import type { FairQueue, Urgency } from '../../../src/sso/fair-queue.ts'
import { kdcQueue } from '../../../src/sso/queues.ts'
import { SsoError } from '../../../src/sso/index.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'

/** Exchanges that end when the test says so. */
class Desk {
  readonly clock = new ManualClock()
  readonly queue: FairQueue
  readonly served: string[] = []
  readonly refused: string[] = []
  readonly #open: (() => void)[] = []

  constructor(bounds: { kdcExchanges?: number; kdcQueue?: number; kdcQueueMs?: number } = {}) {
    this.queue = kdcQueue(this.clock, {
      kdcExchanges: 1,
      kdcQueue: 100,
      kdcQueueMs: 1000,
      ...bounds,
    })
  }

  /** A user arrives; what it asks for is `name`. */
  come(name: string, urgency: Urgency = 'waiting') {
    const pass = { user: name.replace(/\d+$/, ''), urgency }
    const exchange = (): Promise<void> => {
      this.served.push(name)
      return new Promise((resolve) => this.#open.push(resolve))
    }
    this.queue.run(pass, exchange).catch((error: unknown) => {
      this.refused.push(`${name} ${error instanceof SsoError ? error.code : String(error)}`)
    })
    return pass
  }

  /** Lets the oldest exchange end. */
  async end(): Promise<void> {
    this.#open.shift()?.()
    await settled()
  }

  async endAll(): Promise<readonly string[]> {
    while (this.#open.length > 0) await this.end()
    return this.served
  }
}

describe('FairQueue', () => {
  it('lets users take turns, however much one of them wants', async () => {
    const desk = new Desk()
    for (const name of ['greedy1', 'greedy2', 'greedy3', 'greedy4', 'alice1', 'bob1', 'alice2']) {
      desk.come(name)
    }
    assert.deepEqual(await desk.endAll(), [
      'greedy1',
      'greedy2',
      'alice1',
      'bob1',
      'greedy3',
      'alice2',
      'greedy4',
    ])
  })

  it('serves who has begun first, then who waits, then renewals', async () => {
    const desk = new Desk()
    desk.come('first1')
    desk.come('renewal1', 'ahead')
    desk.come('new1')
    desk.come('begun1', 'begun')
    assert.deepEqual(await desk.endAll(), ['first1', 'begun1', 'new1', 'renewal1'])
  })

  it('moves a renewal up once a request waits for it', async () => {
    const desk = new Desk()
    desk.come('first1')
    desk.come('early1', 'ahead')
    const pass = desk.come('late1', 'ahead')
    desk.queue.hurry(pass)
    desk.queue.hurry(pass)
    assert.deepEqual(await desk.endAll(), ['first1', 'late1', 'early1'])
  })

  it('never makes more exchanges at once than it may, and counts', async () => {
    const desk = new Desk({ kdcExchanges: 3 })
    for (let count = 0; count < 10; count++) desk.come(`user${count}`)
    assert.equal(desk.served.length, 3)
    await desk.clock.advance(500)
    await desk.endAll()
    const { inFlight, mostInFlight, waiting, mostWaiting, waits, longestWaitMs } = desk.queue.counts
    assert.deepEqual([inFlight, mostInFlight, waiting, mostWaiting, waits], [0, 3, 0, 7, 7])
    assert.equal(longestWaitMs, 500)
  })

  it('goes on after an exchange that failed', async () => {
    const desk = new Desk()
    const failing = desk.queue.run({ user: 'x', urgency: 'waiting' }, () =>
      Promise.reject(new Error('no')),
    )
    desk.come('next1')
    await assert.rejects(failing, /no/)
    assert.deepEqual(await desk.endAll(), ['next1'])
  })

  it('turns away at once whom it has no room for; a renewal gives way', async () => {
    const desk = new Desk({ kdcQueue: 2 })
    desk.come('first1')
    desk.come('renewal1', 'ahead')
    desk.come('new1')
    desk.come('new2')
    desk.come('new3')
    desk.come('renewal2', 'ahead')
    await settled()
    assert.deepEqual(desk.refused.toSorted(), [
      'new3 ERR_SSO_KDC_QUEUE_FULL',
      'renewal1 ERR_SSO_KDC_QUEUE_FULL',
      'renewal2 ERR_SSO_KDC_QUEUE_FULL',
    ])
    assert.deepEqual(await desk.endAll(), ['first1', 'new1', 'new2'])
    assert.equal(desk.queue.counts.full, 3)
  })

  it('turns away whoever has waited too long, in the order they came', async () => {
    const desk = new Desk({ kdcQueueMs: 1000 })
    desk.come('first1')
    desk.come('slow1', 'ahead')
    await desk.clock.advance(600)
    desk.come('slow2')
    await desk.clock.advance(399)
    assert.deepEqual(desk.refused, [])
    await desk.clock.advance(1)
    assert.deepEqual(desk.refused, ['slow1 ERR_SSO_KDC_QUEUE_TIMEOUT'])
    await desk.end()
    assert.deepEqual(desk.served, ['first1', 'slow2'])
    await desk.clock.advance(5000)
    assert.deepEqual([desk.refused.length, desk.clock.pending], [1, 0])
  })

  it('turns everybody away when it closes', async () => {
    const desk = new Desk()
    desk.come('first1')
    desk.come('second1')
    desk.queue.close(new SsoError('ERR_SSO_CLOSED', 'closing'))
    await settled()
    assert.deepEqual(desk.refused, ['second1 ERR_SSO_CLOSED'])
    assert.equal(desk.clock.pending, 0)
  })
})

describe('FairLine', () => {
  it('takes out each once, and serves no user twice while another who waited longer has none', () => {
    const step = fc.oneof(
      fc.record({ join: fc.nat(4) }),
      fc.constant('next' as const),
      fc.record({ leave: fc.nat(30) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const line = new FairLine<string>()
        const spots: ReturnType<typeof line.join>[] = []
        const inside = new Set<string>()
        /** Users in the order of their turns: the model. */
        let round: number[] = []
        const still = (user: number): boolean =>
          [...inside].some((name) => name.startsWith(`${user}-`))
        for (const each of steps) {
          if (each === 'next') {
            const who = line.next()
            const user = round.shift()
            assert.equal(who === undefined ? undefined : Number(who.split('-')[0]), user)
            if (who === undefined || user === undefined) continue
            inside.delete(who)
            if (still(user)) round.push(user)
          } else if ('join' in each) {
            if (!still(each.join)) round.push(each.join)
            const who = `${each.join}-${spots.length}`
            spots.push(line.join(String(each.join), who))
            inside.add(who)
          } else {
            const spot = spots[each.leave]
            if (spot === undefined) continue
            line.leave(spot)
            inside.delete(spot.who)
            round = round.filter(still)
          }
          assert.equal(line.size, inside.size)
        }
      }),
    )
  })
})
