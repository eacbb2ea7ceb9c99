import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KerberosError } from '../../../src/kerberos/index.ts'
import type { TicketWish } from '../../../src/sso/ticket-types.ts'
import { settled } from '../../support/manual-clock.ts'
import { KeeperWorld, SPN } from '../../support/sso/keeper-world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NO_KDC = new KerberosError('ERR_KRB_KDC_UNREACHABLE', 'no KDC')
const REVOKED = new KerberosError('ERR_KRB_CLIENT_REVOKED', 'disabled')

const exchanges = ({ kerberos }: KeeperWorld): readonly number[] => [
  kerberos.impersonations,
  kerberos.delegations,
]

/** As the pipeline does. */
const get = (world: KeeperWorld, wish: TicketWish) =>
  world.keeper.known(wish) ?? world.keeper.obtain(wish)

describe('renewal ahead of the end', () => {
  // With the jitter in its middle, a ticket of an hour is renewed from the 45th minute on.
  it('renews a ticket that is in use, and no request waits', async () => {
    const world = new KeeperWorld()
    const wish = world.wish('alice')
    const first = await get(world, wish)
    await world.clock.advance(44 * MINUTE)
    assert.equal(world.keeper.known(wish), first)
    await settled()
    assert.deepEqual(exchanges(world), [1, 1])
    await world.clock.advance(MINUTE + 1000)
    for (let count = 0; count < 5; count++) assert.equal(world.keeper.known(wish), first)
    await settled()
    assert.deepEqual(exchanges(world), [2, 2])
    const second = world.keeper.known(wish)
    assert.notEqual(second, first)
    await world.clock.advance(HOUR - 15 * MINUTE)
    assert.equal(world.keeper.known(wish), second)
    assert.deepEqual([world.keeper.counts.refreshes, world.keeper.counts.misses], [2, 1])
  })

  it('does not renew what nobody uses, nor anything where the setting is 0', async () => {
    for (const limits of [{}, { refreshAheadPercent: 0 }]) {
      const world = new KeeperWorld(limits)
      const wish = world.wish('alice')
      await get(world, wish)
      await world.clock.advance(HOUR - 1)
      if ('refreshAheadPercent' in limits) assert.ok(world.keeper.known(wish))
      await world.clock.advance(1)
      assert.equal(world.keeper.known(wish), undefined)
      assert.deepEqual(exchanges(world), [1, 1])
    }
  })

  it('spreads renewals by chance', async () => {
    const begins = new Set<number>()
    const world = new KeeperWorld()
    for (let count = 0; count < 256; count += 16) {
      world.random = { bytes: (octets) => new Uint8Array(octets).fill(count) }
      begins.add((await get(world, world.wish(`user${count}`))).refreshFromMs)
    }
    assert.equal(begins.size, 16)
    assert.ok(Math.max(...begins) - Math.min(...begins) > 5 * MINUTE)
  })

  it('evicts at a refusal, as any refusal does', async () => {
    const world = new KeeperWorld()
    const wish = world.wish('alice')
    await get(world, wish)
    await get(world, world.wish('alice', { spn: 'HTTP/other.corp.example' }))
    await world.clock.advance(50 * MINUTE)
    world.kerberos.failDelegate = new KerberosError('ERR_KRB_DELEGATION_REFUSED', 'not any more')
    assert.ok(world.keeper.known(wish))
    await settled()
    assert.equal(world.keeper.known(wish), undefined)
    assert.deepEqual(world.reported, [wish.identity.user])
    assert.equal(world.keeper.counters.kept, 0)
  })

  it('evicts at a refusal of the user though the evidence had been pushed out', async () => {
    const world = new KeeperWorld({ ticketCount: 1 })
    const wish = world.wish('alice')
    await get(world, wish)
    // Bob's evidence takes the place of hers, his refused ticket does not.
    world.kerberos.failDelegate = new KerberosError('ERR_KRB_DELEGATION_REFUSED', 'no')
    await assert.rejects(async () => get(world, world.wish('bob')))
    assert.ok(world.keeper.known(wish))
    await world.clock.advance(50 * MINUTE)
    world.kerberos.failImpersonate = new KerberosError('ERR_KRB_KDC_REPLY', 'no')
    assert.ok(world.keeper.known(wish))
    await settled()
    assert.equal(world.keeper.known(wish), undefined)
  })

  it('keeps the ticket to its end while no KDC answers, and tries again later', async () => {
    const world = new KeeperWorld()
    const wish = world.wish('alice')
    const first = await get(world, wish)
    world.kerberos.failImpersonate = NO_KDC
    await world.clock.advance(50 * MINUTE)
    for (let count = 0; count < 10; count++) {
      assert.equal(world.keeper.known(wish), first)
      await settled()
    }
    assert.deepEqual(exchanges(world), [2, 1])
    await world.clock.advance(10_000)
    assert.equal(world.keeper.known(wish), first)
    await settled()
    assert.deepEqual(exchanges(world), [3, 1])
    await world.clock.advance(10 * MINUTE)
    assert.equal(world.keeper.known(wish), undefined)
    await assert.rejects(world.keeper.obtain(wish), { code: 'ERR_KRB_KDC_UNREACHABLE' })
    assert.equal(world.keeper.counts.refreshFailures, 2)
  })

  it('does not bring back whose session ended meanwhile', async () => {
    const world = new KeeperWorld()
    const wish = world.wish('alice')
    await get(world, wish)
    await world.clock.advance(50 * MINUTE)
    world.kerberos.delayMs = 100
    world.keeper.known(wish)
    world.keeper.dropUser(wish.identity.user, 'ended')
    await world.clock.advance(1000)
    assert.equal(world.keeper.known(wish), undefined)
    assert.deepEqual([world.keeper.counters.kept, world.keeper.counts.ended], [0, 2])
  })
})

describe('a ticket that cannot be had', () => {
  it('is stood in for by the one at hand at a newer sign-in, without waiting for the KDC again and again', async () => {
    const world = new KeeperWorld()
    const first = await get(world, world.wish('alice'))
    world.kerberos.failImpersonate = NO_KDC
    const newer = world.wish('alice', { signedInMs: 1 })
    assert.equal(await get(world, newer), first)
    assert.equal(world.keeper.known(newer), first)
    assert.deepEqual([world.keeper.counts.standIns, world.kerberos.impersonations], [1, 2])
    world.kerberos.failImpersonate = undefined
    await world.clock.advance(10_000)
    world.keeper.known(newer)
    await settled()
    assert.notEqual(world.keeper.known(newer), first)
  })

  it('leaves the one at hand in use after a 401 when no KDC answers', async () => {
    const world = new KeeperWorld()
    const wish = world.wish('alice')
    const first = await get(world, wish)
    await world.clock.advance(MINUTE)
    world.kerberos.failDelegate = NO_KDC
    assert.equal(await world.keeper.renew(first, wish), first)
    world.kerberos.failDelegate = undefined
    const second = await world.keeper.renew(first, wish)
    assert.notEqual(second, first)
    assert.equal(world.keeper.known(wish), second)
  })

  it('is another question once our own keys have changed', async () => {
    const world = new KeeperWorld()
    const wish = world.wish('alice')
    await get(world, wish)
    world.kerberos.keyVersion = 2
    assert.equal(world.keeper.known(wish), undefined)
    await get(world, wish)
    assert.deepEqual(exchanges(world), [2, 2])
  })

  it('does not cost other tickets of the user when it was never granted', async () => {
    const world = new KeeperWorld()
    const wish = world.wish('alice')
    await get(world, wish)
    world.kerberos.failDelegate = new KerberosError('ERR_KRB_DELEGATION_REFUSED', 'no')
    const other = world.wish('alice', { spn: 'HTTP/other.corp.example' })
    await assert.rejects(world.keeper.obtain(other))
    await assert.rejects(world.keeper.obtain(other))
    assert.ok(world.keeper.known(wish))
    assert.deepEqual(exchanges(world), [1, 2])
    assert.deepEqual(world.keeper.counters.refusalHits, {
      policy: 1,
      unknown: 0,
      transport: 0,
      other: 0,
    })
  })
})

describe('a flush', () => {
  it('forgets refusals of the user or the service that it names, and of no other', async () => {
    const world = new KeeperWorld()
    world.kerberos.failImpersonate = REVOKED
    const names = ['alice', 'bob']
    for (const name of names) await assert.rejects(world.keeper.obtain(world.wish(name)))
    world.kerberos.failImpersonate = undefined
    world.keeper.flush(({ account }) => account.sAMAccountName === 'alice')
    assert.ok(await world.keeper.obtain(world.wish('alice')))
    await assert.rejects(world.keeper.obtain(world.wish('bob')), { code: REVOKED.code })
    world.keeper.flush(() => true, 'HTTP/elsewhere.corp.example')
    await assert.rejects(world.keeper.obtain(world.wish('bob')), { code: REVOKED.code })
    world.keeper.flush(() => true, 'http/IWA.corp.example')
    assert.ok(await world.keeper.obtain(world.wish('bob')))
  })
})

describe('a look at what is kept', () => {
  const everybody = () => true

  it('names each ticket and its times, and nothing else of it', async () => {
    const world = new KeeperWorld()
    const start = world.clock.nowMs()
    await get(world, world.wish('alice'))
    await world.clock.advance(MINUTE)
    assert.ok(world.keeper.known(world.wish('alice')))
    const { entries, more } = world.keeper.inspect(everybody)
    assert.deepEqual(entries, [
      {
        user: 'alice@CORP.EXAMPLE',
        servicePrincipalName: SPN,
        expiresMs: start + HOUR,
        refreshFromMs: entries[0]?.refreshFromMs,
        lastUsedMs: start + MINUTE,
        octets: entries[0]?.octets,
      },
    ])
    assert.equal(more, 0)
    const { octets = 0, refreshFromMs = 0 } = entries[0] ?? {}
    assert.ok(octets > 0 && Number.isInteger(refreshFromMs))
    assert.ok(refreshFromMs > start + 44 * MINUTE && refreshFromMs < start + 46 * MINUTE)
  })

  it('lists what is chosen, used last first, no more than the setting, and uses nothing by that', async () => {
    const world = new KeeperWorld({ cacheShowEntries: 2 })
    const elsewhere = 'HTTP/elsewhere.corp.example'
    for (const name of ['alice', 'bob', 'carol']) {
      await get(world, world.wish(name))
      await world.clock.advance(1000)
    }
    await get(world, world.wish('alice', { spn: elsewhere }))
    const show = (matches: (name: string) => boolean, spn?: string) => {
      const found = world.keeper.inspect(({ account }) => matches(account.sAMAccountName), spn)
      return [
        ...found.entries.map(({ user, servicePrincipalName: service }) => [user, service]),
        found.more,
      ]
    }
    const listed = show(everybody)
    assert.deepEqual(listed, [['alice@CORP.EXAMPLE', elsewhere], ['carol@CORP.EXAMPLE', SPN], 2])
    assert.deepEqual(show(everybody), listed)
    assert.deepEqual(
      show((name) => name === 'bob'),
      [['bob@CORP.EXAMPLE', SPN], 0],
    )
    assert.deepEqual(show(everybody, elsewhere.toUpperCase()), [
      ['alice@CORP.EXAMPLE', elsewhere],
      0,
    ])
    assert.deepEqual(
      show((name) => name === 'dave'),
      [0],
    )
    const { hits, misses } = world.keeper.counts
    assert.deepEqual([hits, misses], [0, 4])
  })

  it('names nobody where the setting is 0', async () => {
    const world = new KeeperWorld({ cacheShowEntries: 0 })
    await get(world, world.wish('alice'))
    const { entries, more } = world.keeper.inspect(everybody)
    assert.deepEqual([entries, more], [[], 1])
  })

  it('tells what has been done, what is kept, refused, and waits', async () => {
    const world = new KeeperWorld({ kdcExchanges: 1 })
    await get(world, world.wish('alice'))
    assert.ok(world.keeper.known(world.wish('alice')))
    world.kerberos.refused.add('bob')
    for (let time = 0; time < 2; time++) {
      await assert.rejects(world.keeper.obtain(world.wish('bob')))
    }
    world.kerberos.delayMs = 1000
    const both = ['carol', 'dave'].map((name) => world.keeper.obtain(world.wish(name)))
    await settled()
    const { tickets } = world.keeper.inspect(everybody)
    assert.deepEqual([tickets.hits, tickets.misses], [1, 5])
    assert.deepEqual(tickets.refusals, { policy: 1, unknown: 0, transport: 0, other: 0 })
    assert.deepEqual(tickets.refusalHits, { policy: 1, unknown: 0, transport: 0, other: 0 })
    assert.deepEqual(tickets.queue, { running: 1, waiting: 1 })
    assert.deepEqual([tickets.kept, tickets.evidenceKept], [1, 1])
    assert.ok(tickets.octets > 0 && tickets.evidenceOctets > 0)
    for (let turn = 0; turn < 4; turn++) {
      await settled()
      await world.clock.advance(1000)
    }
    await Promise.all(both)
    world.keeper.flush(everybody)
    const { evicted, kept } = world.keeper.inspect(everybody).tickets
    assert.deepEqual([evicted.flushed, kept], [6, 0])
  })

  it('leaves out when a ticket is due that is being renewed', async () => {
    const world = new KeeperWorld()
    await get(world, world.wish('alice'))
    await world.clock.advance(46 * MINUTE)
    world.kerberos.delayMs = 1000
    assert.ok(world.keeper.known(world.wish('alice')))
    const [entry] = world.keeper.inspect(everybody).entries
    assert.ok(entry !== undefined && !('refreshFromMs' in entry))
  })
})

describe('a ticket past its end', () => {
  it('is counted as expired, whatever makes it leave, and once', async () => {
    const world = new KeeperWorld()
    for (const name of ['alice', 'bob']) await get(world, world.wish(name))
    await world.clock.advance(60 * MINUTE)
    await get(world, world.wish('alice'))
    assert.equal(world.keeper.counts.expired, 2)
    world.keeper.dropUser(world.identity('bob').user, 'ended')
    world.keeper.dropUser(world.identity('alice').user, 'ended')
    const { expired, ended, pushedOut } = world.keeper.counts
    assert.deepEqual([expired, ended, pushedOut], [4, 2, 0])
  })
})

describe('a full cache', () => {
  it('pushes out what was used least, by count and by octets, and counts it', async () => {
    for (const limits of [{ ticketCount: 2 }, { ticketOctets: 2 * (2048 + 62) }]) {
      const world = new KeeperWorld(limits)
      for (const name of ['alice', 'bob', 'carol']) await get(world, world.wish(name))
      const { kept, pushedOut, keptOctets } = world.keeper.counters
      assert.deepEqual([kept, pushedOut, keptOctets], [2, 2, 4 * (2048 + 62)])
      assert.equal(world.keeper.known(world.wish('alice')), undefined)
      assert.ok(world.keeper.known(world.wish('carol')))
    }
  })

  it('serves who wants more than it holds', async () => {
    const world = new KeeperWorld({ ticketOctets: 1 })
    assert.ok(await get(world, world.wish('alice')))
    assert.equal(world.keeper.counters.kept, 0)
  })
})
