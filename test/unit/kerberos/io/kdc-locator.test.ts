import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  DnsKdcLocator,
  type DnsKdcLocatorOptions,
  type KdcLocator,
  type SiteFinder,
  type SrvRecord,
  type SrvResolver,
  type UriResolver,
} from '../../../../src/kerberos/io/index.ts'
import { orderSrv } from '../../../../src/kerberos/io/srv-order.ts'
import { formatKdcAddress } from '../../../../src/kerberos/io/kdc-address.ts'
import { NetworkKdcTransport } from '../../../../src/kerberos/io/kdc-transport.ts'
import { systemRandom } from '../../../../src/platform/io/index.ts'
import type { Random } from '../../../../src/platform/index.ts'
import { ManualClock, MemoryLogger, settled } from '../../../support/manual-clock.ts'

const REALM = 'CORP.EXAMPLE'
const srv = (name: string, more: Partial<SrvRecord> = {}): SrvRecord => ({
  name,
  port: 88,
  priority: 0,
  weight: 100,
  ...more,
})

/** Draws these 32-bit numbers, then zeros. */
function drawing(...numbers: readonly number[]): Random {
  const left = [...numbers]
  return {
    bytes: (octets) => {
      const drawn = Buffer.alloc(octets)
      drawn.writeUInt32BE(left.shift() ?? 0)
      return drawn
    },
  }
}

const names = (records: readonly SrvRecord[]) => records.map(({ name }) => name).join('')

describe('the order of SRV records', () => {
  it('goes by priority, whatever is drawn, and loses none', () => {
    const record = fc.record({
      name: fc.string(),
      port: fc.nat(65535),
      priority: fc.nat(3),
      weight: fc.oneof(fc.constant(0), fc.nat(65535)),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        const ordered = orderSrv(records, systemRandom)
        const priorities = ordered.map(({ priority }) => priority)
        assert.deepEqual(
          priorities,
          priorities.toSorted((a, b) => a - b),
        )
        assert.deepEqual(new Set(ordered), new Set(records))
        assert.equal(ordered.length, records.length)
      }),
    )
  })

  it('gives each server of a priority its share', () => {
    const records = [srv('a', { weight: 1 }), srv('b', { weight: 3 }), srv('c', { weight: 0 })]
    // Sums of c, a, b are 0, 1, 4: of the five numbers 0 to 4 one gives c, one a, three b.
    const first = [0, 1, 2, 3, 4].map((number) =>
      names(orderSrv(records, drawing(Math.ceil((number / 5) * 2 ** 32)))).charAt(0),
    )
    assert.equal(first.join(''), 'cabbb')
    assert.equal(names(orderSrv(records, drawing(0xffffffff, 0xffffffff))), 'bac')
  })
})

describe('DnsKdcLocator', () => {
  const setUp = (
    answers: Record<string, readonly SrvRecord[] | Error>,
    options: Partial<DnsKdcLocatorOptions> = {},
  ) => {
    const clock = new ManualClock()
    const logger = new MemoryLogger()
    const asked: string[] = []
    const resolve = (name: string): Promise<readonly SrvRecord[]> => {
      asked.push(name)
      const answer = answers[name] ?? []
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    }
    const ports = { resolve, clock, random: drawing(), logger }
    return { clock, logger, asked, answers, locator: new DnsKdcLocator({ ...ports, ...options }) }
  }
  const TCP = `_kerberos._tcp.${REALM}`
  const UDP = `_kerberos._udp.${REALM}`
  const located = async (locator: KdcLocator, realm = REALM): Promise<string> =>
    (await locator.locate(realm)).map(formatKdcAddress).join(' ')

  it('asks for TCP, then for UDP', async () => {
    const tcp = setUp({ [TCP]: [srv('b', { priority: 2 }), srv('a', { port: 1088 })] })
    assert.equal(await located(tcp.locator), 'a:1088 b:88')
    assert.deepEqual(tcp.asked, [TCP])
    const udp = setUp({ [UDP]: [srv('c')] })
    assert.equal(await located(udp.locator), 'c:88')
    assert.deepEqual(udp.asked, [TCP, UDP])
  })

  it('takes a lone dot for a plain no', async () => {
    const { locator, asked } = setUp({ [TCP]: [srv('.')], [UDP]: [srv('c')] })
    assert.equal(await located(locator), '')
    assert.deepEqual(asked, [TCP])
  })

  it('asks once for many at the same time, and again when the answer is too old', async () => {
    const { locator, asked, clock, answers } = setUp({ [TCP]: [srv('a', { ttlSeconds: 400 })] })
    const [one, two] = await Promise.all([locator.locate(REALM), locator.locate(REALM)])
    assert.equal(one, two)
    await clock.advance(399_999)
    assert.equal(await locator.locate(REALM), one)
    assert.deepEqual(asked, [TCP])
    await clock.advance(1)
    assert.equal(await locator.locate(REALM), one, 'the very same array when nothing changed')
    assert.equal(asked.length, 2)
    answers[TCP] = [srv('b')]
    await clock.advance(400_000)
    assert.equal(await located(locator), 'b:88')
  })

  describe('with sites', () => {
    const near = (site: string) => `_kerberos._tcp.${site}._sites.dc._msdcs.${REALM}`
    const nearby = (site: string) => `_kerberos._tcp.${site}._sites.${REALM}`
    const everywhere = [srv('hub1'), srv('branch', { port: 1088 }), srv('hub2')]
    const inSites = (...names: readonly string[]) => {
      const told: string[] = []
      const sitesOf: SiteFinder['sitesOf'] = (realm, controllers) => {
        told.push(`${realm}: ${controllers.map(({ host }) => host).join(' ')}`)
        return Promise.resolve(names)
      }
      return { told, sites: { sitesOf } }
    }
    const branch = srv('branch', { port: 1088 })

    it('puts the KDCs of our site first, and none twice', async () => {
      const { told, sites } = inSites('Branch')
      const answers = { [TCP]: everywhere, [near('Branch')]: [branch, srv('hidden')] }
      const { locator, asked } = setUp(answers, { sites })
      assert.equal(await located(locator), 'branch:1088 hidden:88 hub1:88 hub2:88')
      assert.deepEqual(asked, [TCP, near('Branch')])
      assert.deepEqual(told, [`${REALM}: hub1 branch hub2`])
    })

    it('asks for the other name, then for the next site, then goes without', async () => {
      const { sites } = inSites('Empty', 'Branch')
      const set = setUp({ [TCP]: everywhere, [nearby('Branch')]: [branch] }, { sites })
      assert.equal(await located(set.locator), 'branch:1088 hub1:88 hub2:88')
      const all = ['Empty', 'Branch'].flatMap((site) => [near(site), nearby(site)])
      assert.deepEqual(set.asked, [TCP, ...all])
      const none = setUp({ [TCP]: everywhere }, { sites })
      assert.equal(await located(none.locator), 'hub1:88 branch:1088 hub2:88')
    })

    it('looks up no site that is no label of the DNS, and none for a realm without KDCs', async () => {
      const { told, sites } = inSites('Zürich', 'a.b', '')
      const { locator, asked } = setUp({ [TCP]: [srv('a')] }, { sites })
      assert.equal(await located(locator), 'a:88')
      assert.deepEqual(asked, [TCP])
      const empty = setUp({}, { sites })
      assert.equal(await located(empty.locator), '')
      assert.equal(told.length, 1)
    })

    it('goes without the site when the DNS fails for it, and says so', async () => {
      const { sites } = inSites('Branch')
      const answers = { [TCP]: [srv('a')], [near('Branch')]: new Error('SERVFAIL') }
      const { locator, logger } = setUp(answers, { sites })
      assert.equal(await located(locator), 'a:88')
      assert.deepEqual(
        logger.lines.map(({ level, fields }) => [level, fields['reason']]),
        [['info', 'SERVFAIL']],
      )
    })

    it('gives another array when we have moved, the same while we stay', async () => {
      const moving = ['Branch']
      const { locator, clock } = setUp(
        { [TCP]: [srv('a'), srv('b')], [near('Branch')]: [srv('b')], [near('Hub')]: [srv('a')] },
        { sites: { sitesOf: () => Promise.resolve(moving) } },
      )
      const first = await locator.locate(REALM)
      assert.equal(await located(locator), 'b:88 a:88')
      await clock.advance(300_000)
      assert.equal(await locator.locate(REALM), first)
      moving[0] = 'Hub'
      await clock.advance(300_000)
      assert.equal(await located(locator), 'a:88 b:88')
    })

    it('takes the shortest time to live of both', async () => {
      const answers = {
        [TCP]: [srv('a', { ttlSeconds: 3600 })],
        [near('Branch')]: [srv('a', { ttlSeconds: 400 })],
      }
      const { locator, asked, clock } = setUp(answers, { sites: inSites('Branch').sites })
      await locator.locate(REALM)
      await clock.advance(399_999)
      await locator.locate(REALM)
      assert.equal(asked.length, 2)
      await clock.advance(1)
      await locator.locate(REALM)
      assert.equal(asked.length, 4)
    })
  })

  for (const [what, ttlSeconds, keptMs] of [
    ['no time to live', undefined, 300_000],
    ['a short one', 1, 300_000],
    ['a long one', 864_000, 3_600_000],
  ] as const) {
    it(`keeps an answer with ${what} for ${keptMs} ms`, async () => {
      const { locator, asked, clock } = setUp({ [TCP]: [srv('a', { ttlSeconds })] })
      await locator.locate(REALM)
      await clock.advance(keptMs - 1)
      await locator.locate(REALM)
      assert.equal(asked.length, 1)
      await clock.advance(1)
      await locator.locate(REALM)
      assert.equal(asked.length, 2)
    })
  }

  it('remembers for a moment that there is nothing', async () => {
    const { locator, asked, clock } = setUp({})
    await locator.locate(REALM)
    await locator.locate(REALM)
    assert.equal(asked.length, 2)
    await clock.advance(15_000)
    await locator.locate(REALM)
    assert.equal(asked.length, 4)
  })

  it('goes on with what it knew while the DNS cannot be asked', async () => {
    const { locator, asked, clock, logger, answers } = setUp({ [TCP]: [srv('a')] })
    const before = await locator.locate(REALM)
    answers[TCP] = new Error('querySrv ETIMEOUT')
    await clock.advance(300_000)
    assert.equal(await locator.locate(REALM), before)
    assert.equal(await locator.locate(REALM), before)
    assert.equal(asked.length, 2)
    assert.match(JSON.stringify(logger.lines), /could not be asked.*ETIMEOUT/)
  })

  it('forgets no KDCs of URI records because these alone cannot be had for once', async () => {
    const target = 'krb5srv:m:kkdcp:https://proxy.example/KdcProxy'
    const record = { target, priority: 0, weight: 0, ttlSeconds: 300 }
    const answers = [[record], new Error('ETIMEOUT')]
    const resolveUri: UriResolver = async () => {
      const answer = await Promise.resolve(answers.shift() ?? [])
      if (answer instanceof Error) throw answer
      return answer
    }
    const { locator, clock } = setUp({}, { resolveUri })
    const before = await locator.locate(REALM)
    await clock.advance(300_000)
    assert.equal(await locator.locate(REALM), before)
    await clock.advance(15_000)
    assert.equal(await located(locator), '', 'there are none any more, says the DNS')
  })

  it('says once that the DNS cannot be asked, and once that it can again', async () => {
    const failing = new Error('querySrv ETIMEOUT')
    const { locator, clock, logger, answers } = setUp({ [TCP]: failing })
    for (let times = 0; times < 3; times += 1) await assert.rejects(locator.locate(REALM))
    const told = () => logger.lines.map(({ level, message }) => `${level}: ${message}`)
    assert.deepEqual(told(), ['warn: The DNS could not be asked for KDCs.'])
    answers[TCP] = [srv('a')]
    await locator.locate(REALM)
    assert.deepEqual(told().slice(1), ['info: The DNS can be asked for KDCs again.'])
    answers[TCP] = failing
    for (let times = 0; times < 3; times += 1) {
      await clock.advance(300_000)
      await locator.locate(REALM)
    }
    assert.equal(logger.lines.length, 3)
  })

  it('waits a moment for a DNS that is silent, goes on with what it knew, and takes the answer when it comes', async () => {
    const late = Promise.withResolvers<readonly SrvRecord[]>()
    const answers = [Promise.resolve([srv('a')]), late.promise]
    const resolve: SrvResolver = () => answers.shift() ?? Promise.resolve([])
    const { locator, clock } = setUp({}, { resolve })
    const before = await locator.locate(REALM)
    await clock.advance(300_000)
    const settledWith: unknown[] = []
    void locator.locate(REALM).then((found) => settledWith.push(found))
    await clock.advance(1799)
    assert.deepEqual(settledWith, [])
    await clock.advance(1)
    assert.deepEqual(settledWith, [before])
    // The question is still open: nobody else waits for it, and it is not asked twice.
    assert.equal(await locator.locate(REALM), before)
    assert.deepEqual([answers.length, clock.pending], [0, 0])
    late.resolve([srv('b')])
    await settled()
    assert.equal(await located(locator), 'b:88')
  })

  it('fails where it knew nothing, and asks again the next time', async () => {
    const { locator, asked } = setUp({ [TCP]: new Error('querySrv ETIMEOUT') })
    await assert.rejects(locator.locate(REALM), /ETIMEOUT/)
    await assert.rejects(locator.locate(REALM), /ETIMEOUT/)
    assert.equal(asked.length, 2)
  })

  it('holds a bounded number of realms and KDCs', async () => {
    const many = Array.from({ length: 40 }, (_, i) => srv(`kdc${i}`))
    const { locator, asked } = setUp({ [TCP]: many }, { maxRealms: 2 })
    assert.equal((await locator.locate(REALM)).length, 32)
    await locator.locate('A.EXAMPLE')
    await locator.locate('B.EXAMPLE')
    await locator.locate(REALM)
    assert.equal(asked.filter((name) => name === TCP).length, 2)
  })

  it('asks for no realm that is no domain name', async () => {
    const { locator, asked } = setUp({})
    for (const realm of ['', 'A B', 'a..b', 'é.example', 'x\0y', '.', `${'a.'.repeat(100)}a`]) {
      assert.deepEqual(await locator.locate(realm), [])
    }
    assert.deepEqual(asked, [])
  })

  it('refuses settings that make no sense', () => {
    assert.throws(() => setUp({}, { maxRealms: 0 }), RangeError)
    assert.throws(() => setUp({}, { minTtlMs: 2, maxTtlMs: 1 }), RangeError)
  })
})

describe('NetworkKdcTransport with a locator', () => {
  const refused = { code: 'ERR_KRB_KDC_UNREACHABLE' }
  const exchange = (locator: KdcLocator, signal?: AbortSignal) =>
    new NetworkKdcTransport({ locator, totalTimeoutMs: 50 }).exchange(REALM, Buffer.of(1), signal)

  it('says why it has nobody to ask', async () => {
    await assert.rejects(exchange({ locate: () => Promise.resolve([]) }), {
      ...refused,
      message: /none is listed or found/,
    })
    await assert.rejects(exchange({ locate: () => Promise.reject(new Error('ETIMEOUT')) }), {
      ...refused,
      message: /looked up: ETIMEOUT/,
    })
    assert.throws(() => new NetworkKdcTransport({}), RangeError)
  })

  it('waits no longer for the locator than for KDCs, and not for a caller who gave up', async () => {
    const never: KdcLocator = { locate: () => Promise.withResolvers<never>().promise }
    await assert.rejects(exchange(never), { ...refused, message: /no answer in time/ })
    await assert.rejects(exchange(never, AbortSignal.abort()), { code: 'ERR_KRB_ABORTED' })
  })
})
