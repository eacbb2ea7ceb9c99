/** What a sick KDC costs an exchange and the log, on real sockets and a clock that the test moves. */

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import {
  NetworkKdcTransport,
  type KdcStatistics,
  type NetworkKdcTransportOptions,
} from '../../../../src/kerberos/io/index.ts'
import {
  AS_REQ,
  asRep,
  FakeKdc,
  framed,
  krbError,
  replying,
  type TcpAnswer,
} from '../../../support/fake-kdc.ts'
import { ManualClock, MemoryLogger, settled } from '../../../support/manual-clock.ts'

const REALM = 'CORP.EXAMPLE'
const silent: TcpAnswer = () => undefined
const kdcs: FakeKdc[] = []
after(() => Promise.all(kdcs.map((kdc) => kdc.stop())))

interface World {
  readonly sick: FakeKdc
  readonly other: FakeKdc
  readonly clock: ManualClock
  readonly logger: MemoryLogger
  readonly network: NetworkKdcTransport
  readonly ask: () => Promise<Uint8Array>
}

/** Two KDCs: the first becomes unwell, the second stays well. */
async function world(options: Partial<NetworkKdcTransportOptions> = {}): Promise<World> {
  const [sick, other] = [await FakeKdc.start(), await FakeKdc.start(replying(asRep('OTHER')))]
  kdcs.push(sick, other)
  const [clock, logger] = [new ManualClock(), new MemoryLogger()]
  const addresses = { [REALM]: [sick.address, other.address] }
  const network = new NetworkKdcTransport({ kdcs: addresses, clock, logger, ...options })
  return { sick, other, clock, logger, network, ask: () => network.exchange(REALM, AS_REQ) }
}

/** Waits until the transport has noticed that much of a KDC. */
async function noticed(
  network: NetworkKdcTransport,
  { address }: FakeKdc,
  wanted: Partial<KdcStatistics>,
): Promise<void> {
  for (;;) {
    const known = network.statistics().kdcs.find(({ kdc }) => kdc === address)
    const has = Object.entries(known ?? {})
    const names = Object.keys(wanted)
    const now = Object.fromEntries(has.filter(([name]) => names.includes(name)))
    if (isDeepStrictEqual(now, wanted)) return
    await settled()
  }
}

const told = (logger: MemoryLogger) =>
  logger.lines.map(({ level, message }) => `${level}: ${message}`)
const FAILING = 'warn: A KDC does not answer as it should; others of its realm are asked first.'
const SLOW = 'warn: A KDC is much slower than another of its realm, which is asked first.'
const WELL_AGAIN = 'info: A KDC answers as it should again.'

const faults: readonly (readonly [string, TcpAnswer, RegExp])[] = [
  ['dies while it is asked', (socket) => socket.resetAndDestroy(), /reset|closed|ECONNRESET/],
  ['hangs up', (socket) => socket.end(), /closed before the reply was whole/],
  ['cuts replies off', (socket) => socket.end(framed(asRep()).subarray(0, 30)), /closed before/],
  ['speaks garbage', replying(Buffer.from('garbage')), /no KDC’s/],
  ['floods', (socket) => socket.end(Buffer.alloc(100_000, 0xff)), /4294967295 octets/],
  ['says that it cannot (29)', replying(krbError(29)), /SVC_UNAVAILABLE/],
]

describe('a KDC that', () => {
  for (const [name, answer, reason] of faults) {
    it(`${name} costs no request its answer, and the log one line`, async () => {
      const { sick, other, clock, logger, network, ask } = await world()
      assert.deepEqual(await ask(), asRep())
      sick.answer = answer
      const replies = await Promise.all(Array.from({ length: 20 }, ask))
      assert.ok(replies.every((reply) => Buffer.from(reply).equals(asRep('OTHER'))))
      const asked = sick.received.length
      for (let i = 0; i < 5; i++) await ask()
      assert.equal(sick.received.length, asked)

      // It is asked again after a while, beside the other one, and is still unwell.
      await clock.advance(5000)
      assert.deepEqual(await ask(), asRep('OTHER'))
      await noticed(network, sick, { failed: asked })
      assert.deepEqual(told(logger), [FAILING])
      const [line] = logger.lines
      assert.deepEqual([line?.fields['realm'], line?.fields['kdc']], [REALM, sick.address])
      assert.match(String(line?.fields['reason']), reason)

      // Then it is well again.
      sick.answer = replying(asRep())
      await clock.advance(10_000)
      await ask()
      await noticed(network, sick, { state: 'well' })
      assert.deepEqual(told(logger), [FAILING, WELL_AGAIN])
      assert.deepEqual(await ask(), asRep())
      assert.equal(other.received.length, 27)
      await noticed(network, other, { state: 'well', failed: 0 })
    })
  }

  it('is killed costs nothing but an attempt, and comes back', async () => {
    const { sick, clock, logger, network, ask } = await world()
    const { port } = sick
    await sick.stop()
    for (let i = 0; i < 10; i++) assert.deepEqual(await ask(), asRep('OTHER'))
    assert.deepEqual(told(logger), [FAILING])
    const back = await FakeKdc.start(undefined, port)
    kdcs.push(back)
    await clock.advance(5000)
    await ask()
    await noticed(network, back, { state: 'well' })
    assert.deepEqual(await ask(), asRep())
    assert.deepEqual(told(logger), [FAILING, WELL_AGAIN])
  })

  it('falls silent costs a few requests the hedging delay, and the log one line', async () => {
    const { sick, other, clock, logger, network, ask } = await world({ hedgeAfterMs: 200 })
    sick.answer = silent
    for (let i = 1; i <= 3; i++) {
      const exchange = ask()
      await sick.asked(i)
      await clock.advance(199)
      assert.equal(other.received.length, i - 1)
      await clock.advance(1)
      assert.deepEqual(await exchange, asRep('OTHER'))
    }
    await sick.left()
    // Slow enough beside one that answers at once, whose three answers count.
    assert.deepEqual(told(logger), [SLOW])
    assert.equal(network.statistics().hedges, 3)
    assert.deepEqual(await ask(), asRep('OTHER'))
    assert.equal(sick.received.length, 3)

    // The probe is waited for in full, by nobody.
    await clock.advance(5000)
    assert.deepEqual(await ask(), asRep('OTHER'))
    await sick.asked(4)
    await clock.advance(3000)
    await noticed(network, sick, { state: 'failing', overtaken: 3, failed: 1 })
    assert.deepEqual(told(logger), [SLOW])
  })

  it('answers late is asked second, until it answers in good time again', async () => {
    const { sick, clock, logger, network, ask } = await world({ hedgeAfterMs: 200 })
    const waiting: (() => void)[] = []
    sick.answer = (socket, request) => {
      waiting.push(() => {
        replying(asRep())(socket, request)
      })
    }
    for (let i = 1; i <= 3; i++) {
      const exchange = ask()
      await sick.asked(i)
      await clock.advance(200)
      await exchange
    }
    assert.deepEqual(told(logger), [SLOW])
    const [{ waitedMs } = {}] = logger.lines.map(({ fields }) => fields)
    assert.equal(waitedMs, 200)
    await clock.advance(5000)
    await ask()
    await sick.asked(4)
    waiting[3]?.()
    await noticed(network, sick, { state: 'well' })
    assert.deepEqual(told(logger), [SLOW, WELL_AGAIN])
  })

  it('drips is cut off in time', async () => {
    const { sick, clock, ask } = await world({ maxInFlight: 1, timeoutMs: 1000 })
    sick.answer = (socket) => {
      const octets = [...framed(asRep())]
      const drip = (): void => {
        if (octets.length > 5)
          socket.write(Buffer.of(octets.shift() ?? 0), () => setImmediate(drip))
      }
      drip()
    }
    const exchange = ask()
    await sick.asked(1)
    await clock.advance(1000)
    assert.deepEqual(await exchange, asRep('OTHER'))
    await sick.left()
  })

  it('is the only one of its realm is asked all the same', async () => {
    const [only, clock, logger] = [
      await FakeKdc.start(silent),
      new ManualClock(),
      new MemoryLogger(),
    ]
    kdcs.push(only)
    const kdcList = { [REALM]: [only.address] }
    const network = new NetworkKdcTransport({ kdcs: kdcList, clock, logger })
    for (let i = 1; i <= 3; i++) {
      const exchange = network.exchange(REALM, AS_REQ)
      const refused = assert.rejects(exchange, { message: /no answer within 3000 ms/ })
      await only.asked(i)
      await clock.advance(3000)
      await refused
    }
    only.answer = replying(asRep())
    assert.deepEqual(await network.exchange(REALM, AS_REQ), asRep())
    assert.deepEqual(told(logger), [FAILING, WELL_AGAIN])
  })

  it('comes and goes fills no log', async () => {
    const { sick, clock, logger, ask } = await world()
    for (let i = 0; i < 30; i++) {
      sick.answer = i % 2 === 0 ? replying(krbError(29)) : replying(asRep())
      await clock.advance(1000)
      await ask()
      await settled()
    }
    const warnings = told(logger).filter((line) => line === FAILING)
    assert.equal(warnings.length, 1)
  })

  it('is unwell again after it came and went is told of, once the log has been quiet', async () => {
    const [only, clock, logger] = [await FakeKdc.start(), new ManualClock(), new MemoryLogger()]
    kdcs.push(only)
    const network = new NetworkKdcTransport({ kdcs: { [REALM]: [only.address] }, clock, logger })
    for (const answer of [krbError(29), asRep(), krbError(29), krbError(29)]) {
      only.answer = replying(answer)
      await network.exchange(REALM, AS_REQ)
    }
    assert.deepEqual(told(logger), [FAILING, WELL_AGAIN])
    await clock.advance(60_000)
    await network.exchange(REALM, AS_REQ)
    assert.deepEqual(told(logger), [FAILING, WELL_AGAIN, FAILING])
  })

  it('is to be probed comes first where only one may be asked at once', async () => {
    const { sick, other, clock, ask } = await world({ maxInFlight: 1 })
    sick.answer = replying(krbError(29))
    await ask()
    await clock.advance(5000)
    sick.answer = replying(asRep())
    assert.deepEqual(await ask(), asRep())
    assert.equal(other.received.length, 1)
  })
})

describe('the time until a second KDC is asked', () => {
  it('follows how long answers take', async () => {
    const { sick, other, clock, ask } = await world()
    // An answer after 250 ms, twenty times: 95 % of them are in the bucket up to 256 ms.
    sick.answer = (socket, request) => {
      void clock.advance(250).then(() => {
        replying(asRep())(socket, request)
      })
    }
    for (let i = 0; i < 20; i++) await ask()
    assert.equal(other.received.length, 0)
    sick.answer = silent
    const exchange = ask()
    await sick.asked(21)
    await clock.advance(240)
    assert.equal(other.received.length, 0)
    await clock.advance(16)
    assert.deepEqual(await exchange, asRep('OTHER'))
  })

  it('is what the setting says, where it says something', async () => {
    const { sick, other, clock, ask } = await world({ hedgeAfterMs: 1200 })
    sick.answer = silent
    const exchange = ask()
    await sick.asked(1)
    await clock.advance(1199)
    assert.equal(other.received.length, 0)
    await clock.advance(1)
    assert.deepEqual(await exchange, asRep('OTHER'))
  })

  it('is at least 100 ms, and 500 ms before anything is known', async () => {
    const { sick, other, clock, ask } = await world()
    sick.answer = silent
    const first = ask()
    await sick.asked(1)
    await clock.advance(499)
    assert.equal(other.received.length, 0)
    await clock.advance(1)
    await first
    sick.answer = replying(asRep())
    for (let i = 0; i < 20; i++) await ask()
    sick.answer = silent
    const second = ask()
    await sick.asked(22)
    await clock.advance(99)
    assert.equal(other.received.length, 1)
    await clock.advance(1)
    assert.deepEqual(await second, asRep('OTHER'))
  })
})

describe('the statistics of a transport', () => {
  it('tell what was asked of whom, and how long it took', async () => {
    const { sick, other, clock, network, ask } = await world({ hedgeAfterMs: 200 })
    const sinceMs = clock.nowMs()
    await ask()
    sick.answer = silent
    const exchange = ask()
    await sick.asked(2)
    await clock.advance(200)
    await exchange
    await assert.rejects(network.exchange('OTHER.EXAMPLE', AS_REQ))
    const { kdcs: known, ...counts } = network.statistics()
    assert.deepEqual(counts, { answered: 2, unreachable: 1, hedges: 1, waiting: 0 })
    const [first, second] = [sick, other].map((kdc) =>
      known.find((entry) => entry.kdc === kdc.address),
    )
    assert.ok(first && second)
    const { latency, ...rest } = first
    assert.deepEqual(rest, {
      realm: REALM,
      kdc: sick.address,
      state: 'well',
      sinceMs,
      answered: 1,
      failed: 0,
      overtaken: 1,
      smoothedLatencyMs: 25,
    })
    assert.deepEqual([latency.count, latency.counts[0]], [1, 1])
    assert.equal(second.answered, 1)
    assert.doesNotThrow(() => JSON.stringify(network.statistics()))
  })
})
