import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { checkAddress } from '../../../../src/kerberos/accept/addresses.ts'
import { ReplayCache } from '../../../../src/kerberos/index.ts'
import { AcceptWorld } from '../../../support/accept-world.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

const SKEW_MS = 300_000

describe('ReplayCache', () => {
  it('knows an authenticator for as long as the clock skew would let it pass', async () => {
    const clock = new ManualClock()
    const cache = new ReplayCache(clock)
    const timeMs = clock.nowMs()
    const cipher = randomBytes(200)
    assert.equal(cache.remember(cipher, timeMs, SKEW_MS), 'fresh')
    for (let minute = 0; minute < 5; minute++) {
      assert.equal(cache.remember(cipher, timeMs, SKEW_MS), 'replay')
      await clock.advance(60_000)
    }
    assert.equal(cache.remember(cipher, timeMs, SKEW_MS), 'replay')
    await clock.advance(120_000)
    assert.equal(cache.remember(randomBytes(200), clock.nowMs(), SKEW_MS), 'fresh')
    assert.equal(cache.size, 1)
  })

  it('remembers those of clocks that are ahead for longer', async () => {
    const clock = new ManualClock()
    const cache = new ReplayCache(clock)
    const cipher = randomBytes(200)
    const ahead = clock.nowMs() + SKEW_MS
    cache.remember(cipher, ahead, SKEW_MS)
    await clock.advance(2 * SKEW_MS)
    assert.equal(cache.remember(cipher, ahead, SKEW_MS), 'replay')
  })

  it('told to, refuses what was made before it was, by a clock that may be corrected meanwhile', async () => {
    const wall = new ManualClock()
    let correctionMs = 0
    const clock = {
      nowMs: () => wall.nowMs() + correctionMs,
      monotonicMs: () => wall.monotonicMs(),
      setTimer: wall.setTimer.bind(wall),
    }
    const cache = new ReplayCache(clock, { refuseEarlier: true })
    const lax = new ReplayCache(clock)
    const begunMs = wall.nowMs()
    await wall.advance(10_000)
    const remember = (which: ReplayCache, timeMs: number) =>
      which.remember(randomBytes(200), timeMs, SKEW_MS)
    assert.equal(remember(cache, begunMs - 1), 'earlier')
    assert.equal(remember(cache, begunMs), 'fresh')
    assert.equal(remember(lax, begunMs - 1), 'fresh')
    correctionMs = -60_000
    assert.equal(remember(cache, begunMs - 60_001), 'earlier')
    assert.equal(remember(cache, begunMs - 60_000), 'fresh')
    assert.equal(cache.size, 2)
  })

  it('shared by two acceptors remembers for as long as the more generous one lets pass', async () => {
    const world = new AcceptWorld()
    const replayCache = new ReplayCache(world.clock)
    const strict = world.acceptor({ replayCache, maxClockSkewMs: 30_000 })
    const generous = world.acceptor({ replayCache, maxClockSkewMs: SKEW_MS })
    const { token } = world.initiator().createToken()
    generous.accept(token)
    await world.clock.advance(180_000)
    strict.accept(world.initiator().createToken().token)
    assert.throws(() => generous.accept(token), { code: 'ERR_KRB_REPLAY' })
  })

  it('has room again when the oldest are forgotten', async () => {
    const clock = new ManualClock()
    const cache = new ReplayCache(clock, { maxEntries: 3 })
    const add = () => cache.remember(randomBytes(16), clock.nowMs(), SKEW_MS)
    assert.deepEqual([add(), add(), add(), add()], ['fresh', 'fresh', 'fresh', 'full'])
    await clock.advance(SKEW_MS + 60_000)
    assert.deepEqual([add(), cache.size], ['fresh', 1])
  })

  it('stays as small as the tokens of ten minutes', async () => {
    const world = new AcceptWorld()
    const replayCache = new ReplayCache(world.clock)
    const acceptor = world.acceptor({ replayCache })
    for (let minute = 0; minute < 30; minute++) {
      const initiator = world.initiator()
      for (let count = 0; count < 5; count++) acceptor.accept(initiator.createToken().token)
      await world.clock.advance(60_000)
    }
    assert.ok(replayCache.size <= 35, `${replayCache.size} entries`)
  })
})

describe('checkAddress', () => {
  const ipv6 = (hex: string) => ({ addrType: 24, address: Buffer.from(hex, 'hex') })
  const one = [ipv6('20010db8000000000000000000000001')]
  const refused = { code: 'ERR_KRB_NOT_ACCEPTED', message: /bound to addresses/ }

  for (const text of ['2001:db8::1', '2001:DB8:0:0:0:0:0:1', '2001:db8:0:0::1%eth0']) {
    it(`knows ${text}`, () => {
      checkAddress(one, text)
    })
  }

  for (const text of [
    '2001:db8::2',
    '2001:db8:1',
    '2001:db8::1::',
    '::10000',
    'x::1',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'iwa.corp.example',
    '',
    undefined,
  ]) {
    it(`takes ${JSON.stringify(text)} for no such address`, () => {
      assert.throws(() => {
        checkAddress(one, text)
      }, refused)
    })
  }

  it('knows the shortest forms, and IPv4', () => {
    checkAddress([ipv6('0'.repeat(31) + '1')], '::1')
    checkAddress([ipv6('fe80' + '0'.repeat(28))], 'fe80::')
    checkAddress([{ addrType: 2, address: Buffer.of(192, 0, 2, 255) }], '192.0.2.255')
    assert.throws(() => {
      checkAddress([{ addrType: 2, address: Buffer.of(192, 0, 2, 0) }], '192.0.2.256')
    }, refused)
  })

  it('wants nothing of tickets without addresses', () => {
    checkAddress(undefined, undefined)
    checkAddress([], undefined)
  })
})
