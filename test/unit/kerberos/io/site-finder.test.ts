import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import {
  NetlogonSiteFinder,
  type NetlogonSiteFinderOptions,
} from '../../../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../../../src/platform/io/index.ts'
import type { Clock } from '../../../../src/platform/index.ts'
import {
  DomainController,
  namesOf,
  nameOctets,
  netlogonOctets,
  searchDone,
  searchEntry,
  type NetlogonFields,
} from '../../../support/domain-controller.ts'
import { MemoryLogger } from '../../../support/manual-clock.ts'

const REALM = 'CORP.EXAMPLE'

describe('NetlogonSiteFinder', () => {
  const controllers: DomainController[] = []
  after(() => {
    for (const controller of controllers) controller.stop()
  })
  /** Several have one port, as all domain controllers do, on addresses that no other process has. */
  const start = async (count = 1): Promise<readonly DomainController[]> => {
    const started: DomainController[] = []
    const net = `127.91.${(process.pid >> 8) & 0xff}`
    for (let n = 0; n < count; n++) {
      const address = `${net}.${(process.pid + controllers.length) & 0xff}`
      const one = await DomainController.start(address, started[0]?.address.port)
      started.push(one)
      controllers.push(one)
    }
    return started
  }
  const saying = (fields: NetlogonFields) => (messageId: number) =>
    Buffer.concat([searchEntry(messageId, netlogonOctets(fields)), searchDone(messageId)])
  /** Time that can be put forward; timers are the machine's. */
  const clockAhead = (): Clock & { aheadMs: number } => ({
    ...systemClock,
    aheadMs: 0,
    nowMs() {
      return systemClock.nowMs() + this.aheadMs
    },
  })
  const setUp = (
    asked: readonly DomainController[],
    options: Partial<NetlogonSiteFinderOptions> = {},
  ) => {
    const logger = new MemoryLogger()
    const clock = clockAhead()
    const port = asked[0]?.address.port ?? 1
    const ports = { clock, random: systemRandom, logger, port }
    const finder = new NetlogonSiteFinder({ ...ports, timeoutMs: 20_000, ...options })
    const find = (realm = REALM) =>
      finder.sitesOf(
        realm,
        asked.map(({ address }) => address),
      )
    return { find, clock, logger }
  }

  it('asks a domain controller once while it remembers, and again later', async () => {
    const [controller] = await start()
    assert.ok(controller)
    const { find, clock } = setUp([controller], { keepMs: 1000 })
    assert.deepEqual(await find(), ['Branch'])
    controller.answer = saying({ names: namesOf('Other') })
    assert.deepEqual(await find(), ['Branch'])
    clock.aheadMs = 1500
    assert.deepEqual(await find(), ['Other'])
    assert.equal(controller.heard.length, 2)
    const [first, second] = controller.heard
    assert.ok(first && second)
    assert.ok(first.includes('corp.example'))
    assert.ok(!first.equals(second), 'numbers of pings are drawn')
  })

  it('names the next closest site, too', async () => {
    const asked = await start()
    const { find } = setUp(asked)
    const optional = nameOctets('Hub')
    for (const one of asked) one.answer = saying({ ntVersion: 0x15, optional })
    assert.deepEqual(await find(), ['Branch', 'Hub'])
  })

  it('takes no site for an answer', async () => {
    const asked = await start()
    const { find, logger } = setUp(asked)
    for (const one of asked) one.answer = saying({ names: namesOf('') })
    assert.deepEqual(await find(), [])
    assert.deepEqual(
      logger.lines.map(({ level }) => level),
      ['debug'],
    )
  })

  it('asks others when one is silent, and lets wrong answers pass', async () => {
    const asked = await start(4)
    const { find } = setUp(asked, { nextAfterMs: 5 })
    const [silent, garbled, other] = asked
    assert.ok(silent && garbled && other)
    silent.answer = () => undefined
    garbled.answer = () => Buffer.from('nonsense')
    other.answer = saying({ names: namesOf('Elsewhere', 'other.example') })
    assert.deepEqual(await find(), ['Branch'])
  })

  it('says once why nobody told, and asks again later', async () => {
    const asked = await start(3)
    const { find, clock, logger } = setUp(asked, { retryMs: 1000 })
    const [garbled, other, without] = asked
    assert.ok(garbled && other && without)
    garbled.answer = () => Buffer.from('nonsense')
    other.answer = saying({ names: namesOf('Elsewhere', 'other.example') })
    without.answer = (messageId) => searchDone(messageId)
    assert.deepEqual(await find(), [])
    assert.deepEqual(await find(), [])
    assert.equal(logger.lines.length, 1)
    const [line] = logger.lines
    assert.equal(line?.level, 'info')
    for (const why of [
      /LDAPMessage/,
      /answers for the domain other\.example/,
      /has no domain corp/,
    ]) {
      assert.match(String(line.fields['reason']), why)
    }
    garbled.answer = saying({})
    clock.aheadMs = 1500
    assert.deepEqual(await find(), ['Branch'])
  })

  it('goes on with the site that it knew when nobody answers any more', async () => {
    const [controller] = await start()
    assert.ok(controller)
    const { find, clock, logger } = setUp([controller], { keepMs: 1000 })
    assert.deepEqual(await find(), ['Branch'])
    controller.answer = () => Buffer.from('nonsense')
    clock.aheadMs = 1500
    assert.deepEqual(await find(), ['Branch'])
    assert.equal(logger.lines.at(-1)?.level, 'info')
  })

  it('gives up in time, and without a domain controller at once', async () => {
    const asked = await start()
    for (const one of asked) one.answer = () => undefined
    const { find, logger } = setUp(asked, { timeoutMs: 30 })
    assert.deepEqual(await find(), [])
    assert.equal(logger.lines[0]?.fields['reason'], 'no domain controller answered')
    assert.deepEqual(await setUp([]).find(), [])
  })

  it('remembers a bounded number of realms', async () => {
    const [controller] = await start()
    assert.ok(controller)
    controller.answer = saying({ names: namesOf('Branch', 'a') })
    const { find } = setUp([controller], { maxRealms: 1 })
    assert.deepEqual(await find('A'), ['Branch'])
    assert.deepEqual(await find('B'), [])
    await find('A')
    assert.equal(controller.heard.length, 3)
  })

  it('refuses limits that are none', () => {
    const ports = { clock: systemClock, random: systemRandom }
    assert.throws(() => new NetlogonSiteFinder({ ...ports, timeoutMs: 0 }), RangeError)
    assert.throws(() => new NetlogonSiteFinder({ ...ports, maxControllers: 1.5 }), RangeError)
  })
})
