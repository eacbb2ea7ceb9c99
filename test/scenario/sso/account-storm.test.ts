/** The same Monday morning before the directory, on a virtual clock: bounds, never times of this machine. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountKey, DirectoryAccount } from '../../../src/directory/index.ts'
import { IdentityFinder } from '../../../src/sso/identity.ts'
import { resolveSsoLimits, type SsoLimits } from '../../../src/sso/index.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'

const ARRIVING = 10_000
const LOOKUP_MS = 10
const key = (value: string): AccountKey => ({ by: 'sAMAccountName', value })

/** A directory that takes its time. */
class Morning {
  readonly clock = new ManualClock()
  readonly finder: IdentityFinder
  readonly asked: string[] = []
  inFlight = 0
  mostInFlight = 0

  constructor(limits: Partial<SsoLimits>) {
    const ports = { directory: this, clock: this.clock, onRefused: () => undefined }
    this.finder = new IdentityFinder(ports, resolveSsoLimits({ identityCount: 20_000, ...limits }))
  }

  async findAccount({ value: name }: AccountKey): Promise<DirectoryAccount> {
    this.asked.push(name)
    this.inFlight += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight)
    await new Promise<void>((resolve) => this.clock.setTimer(LOOKUP_MS, resolve))
    this.inFlight -= 1
    return {
      ...{ distinguishedName: `CN=${name}`, sAMAccountName: name, sid: `S-1-5-21-${name}` },
      ...{ userPrincipalName: `${name}@corp.example`, realm: 'CORP.EXAMPLE', memberOf: [] },
      ...{ enabled: true, sensitive: false, protectedUser: false },
    }
  }
}

describe('ten thousand users whose accounts are wanted at once', () => {
  it('are all found, and never more are asked for at a time than the setting says', async () => {
    const world = new Morning({ directoryLookups: 32 })
    let found = 0
    for (let at = 0; at < ARRIVING; at++) {
      void world.finder.find(key(`user${at}`)).then(() => (found += 1))
    }
    await settled()
    for (let waited = 0; found < ARRIVING && waited < 30; waited++) await world.clock.advance(1000)
    assert.equal(found, ARRIVING)
    assert.equal(world.mostInFlight, 32)
    const { full, late, waiting, mostWaiting } = world.finder.counters.queue
    assert.deepEqual([full, late, waiting, mostWaiting], [0, 0, 0, ARRIVING - 32])
  })

  it('are kept up to the setting; whose account gave way is asked for again', async () => {
    const world = new Morning({ identityCount: 3 })
    const names = Array.from({ length: 30 }, (_, at) => `user${at}`)
    for (const name of names) {
      const finding = world.finder.find(key(name))
      await world.clock.advance(LOOKUP_MS)
      await finding
    }
    const isKnown = (name: string): boolean => world.finder.known(key(name)) !== undefined
    assert.deepEqual(names.filter(isKnown), names.slice(-3))
    assert.equal(world.finder.counters.kept, 3)
    const again = world.finder.find(key('user0'))
    await world.clock.advance(LOOKUP_MS)
    assert.equal((await again).account.sAMAccountName, 'user0')
  })

  it('do not keep those waiting who are at work already', async () => {
    const world = new Morning({ directoryLookups: 1, identityMs: 1000 })
    const holder = world.finder.find(key('holder'))
    await world.clock.advance(LOOKUP_MS)
    await holder
    await world.clock.advance(1000)
    const all = Array.from({ length: 20 }, (_, at) => world.finder.find(key(`user${at}`)))
    all.push(world.finder.find(key('holder')))
    await world.clock.advance(1000)
    await Promise.all(all)
    assert.deepEqual(world.asked.slice(0, 3), ['holder', 'user0', 'holder'])
  })

  it('are turned away with a code where the queue is full or the wait too long, and come in when they try again', async () => {
    const world = new Morning({ directoryLookups: 1, directoryQueue: 2, directoryQueueMs: 15 })
    const codes: string[] = []
    const come = (name: string) =>
      world.finder.find(key(name)).then(
        () => codes.push(`${name} in`),
        (error: unknown) => codes.push(`${name} ${(error as { code: string }).code}`),
      )
    const all = ['a', 'b', 'c', 'd'].map(come)
    await world.clock.advance(100)
    await Promise.all(all)
    assert.deepEqual(codes.toSorted(), [
      'a in',
      'b in',
      'c ERR_SSO_DIRECTORY_QUEUE_TIMEOUT',
      'd ERR_SSO_DIRECTORY_QUEUE_FULL',
    ])
    const again = come('d')
    await world.clock.advance(LOOKUP_MS)
    await again
    assert.equal(codes.at(-1), 'd in')
  })

  it('go on with the account at hand where the turn does not come', async () => {
    const world = new Morning({ directoryLookups: 1, directoryQueue: 0, identityMs: 1000 })
    const first = world.finder.find(key('holder'))
    await world.clock.advance(LOOKUP_MS)
    await first
    await world.clock.advance(1000)
    void world.finder.find(key('other'))
    assert.equal((await world.finder.find(key('holder'))).account.sAMAccountName, 'holder')
    assert.equal(world.finder.counters.standIns, 1)
  })
})
