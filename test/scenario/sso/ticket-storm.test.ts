/** A Monday morning on a virtual clock: bounds, never times of this machine. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settled } from '../../support/manual-clock.ts'
import { KeeperWorld } from '../../support/sso/keeper-world.ts'

const ARRIVING = 10_000

describe('ten thousand users who arrive at once', () => {
  it('are all served, flood no KDC, and keep nobody waiting who has a ticket', async () => {
    const world = new KeeperWorld({ kdcExchanges: 32 })
    const holders = Array.from({ length: 50 }, (_, at) => world.wish(`holder${at}`))
    for (const wish of holders) await world.keeper.obtain(wish)
    world.kerberos.delayMs = 10
    const began = world.clock.nowMs()
    let served = 0
    for (let at = 0; at < ARRIVING; at++) {
      void world.keeper.obtain(world.wish(`user${at}`)).then(() => (served += 1))
    }
    await settled()
    while (served < ARRIVING && world.clock.nowMs() - began < 30_000) {
      for (const wish of holders) assert.ok(world.keeper.known(wish), 'a holder would wait')
      await world.clock.advance(1000)
    }
    assert.equal(served, ARRIVING)
    assert.equal(world.kerberos.mostInFlight, 32)
    const { queue } = world.keeper.counters
    assert.deepEqual([queue.full, queue.late, queue.waiting], [0, 0, 0])
    assert.ok(queue.mostWaiting <= ARRIVING)
  })

  it('do not starve who comes alone beside one user with fifty apps', async () => {
    const world = new KeeperWorld({ kdcExchanges: 1 })
    await world.keeper.obtain(world.wish('greedy'))
    world.kerberos.delayMs = 10
    const order: string[] = []
    const ask = (name: string, spn?: string) =>
      world.keeper
        .obtain(world.wish(name, spn === undefined ? {} : { spn }))
        .then(() => order.push(name))
    const all = Array.from({ length: 50 }, (_, at) => ask('greedy', `HTTP/app${at}.corp.example`))
    all.push(ask('alice'))
    await world.clock.advance(2000)
    await Promise.all(all)
    assert.ok(order.indexOf('alice') <= 3, `alice came ${order.indexOf('alice')}th`)
  })
})
