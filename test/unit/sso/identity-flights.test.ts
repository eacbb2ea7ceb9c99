import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AccountKey, DirectoryAccount } from '../../../src/directory/index.ts'
import { Departures } from '../../../src/sso/departures.ts'
import { IdentityFinder } from '../../../src/sso/identity.ts'
import { resolveSsoLimits, type SsoLimits } from '../../../src/sso/index.ts'
import { ManualClock, settled } from '../../support/manual-clock.ts'
import { FakeDirectory } from '../../support/sso/world.ts'

const USERS = ['alice', 'bob']

/** Each user has two logins; the directory answers when it is told to, in any order, with what it saw when it was asked. */
class World {
  readonly clock = new ManualClock()
  readonly finder: IdentityFinder
  readonly #accounts = new FakeDirectory()
  readonly #open: (() => void)[] = []
  /** Moments: look-ups and departures in their order. */
  moment = 0
  asked = 0

  constructor(limits: Partial<SsoLimits> = {}) {
    for (const name of USERS) this.#accounts.add(name)
    this.finder = new IdentityFinder(
      { directory: this, clock: this.clock, onRefused: () => undefined },
      resolveSsoLimits(limits),
    )
  }

  async findAccount(key: AccountKey): Promise<DirectoryAccount> {
    this.asked += 1
    const distinguishedName = String((this.moment += 1))
    await new Promise<void>((resolve) => this.#open.push(resolve))
    return { ...(await this.#accounts.findAccount(key)), distinguishedName }
  }

  key(at: number): AccountKey {
    const name = USERS[at >> 1] ?? ''
    return at & 1
      ? { by: 'sAMAccountName', value: name }
      : { by: 'userPrincipalName', value: `${name}@corp.example` }
  }

  sid(at: number): string {
    return this.#accounts.accounts[at >> 1]?.sid ?? ''
  }

  async answer(at: number): Promise<void> {
    const [open] = this.#open.splice(at % Math.max(1, this.#open.length), 1)
    open?.()
    await settled()
  }

  async answerAll(): Promise<void> {
    while (this.#open.length > 0) await this.answer(0)
  }
}

type Step =
  'flush' | { readonly find: number } | { readonly drop: number } | { readonly answer: number }

const askedAt = (account: DirectoryAccount): number => Number(account.distinguishedName)

describe('accounts that are looked up while users leave', () => {
  const step = fc.oneof(
    fc.record({ find: fc.nat(3) }),
    fc.record({ drop: fc.nat(3) }),
    fc.record({ answer: fc.nat(5) }),
    fc.constant('flush' as const),
  )
  it('are never of before the departure, whatever happens in whatever order', async () => {
    const run = async (steps: readonly Step[]): Promise<void> => {
      const world = new World({ identityMs: 1_000_000 })
      const left = [0, 0]
      const check = (at: number, account: DirectoryAccount): void => {
        assert.ok(askedAt(account) > (left[at >> 1] ?? 0), 'an older look-up has outlived it')
      }
      const ends: Promise<void>[] = []
      const find = async (at: number): Promise<void> => {
        try {
          check(at, (await world.finder.find(world.key(at))).account)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_BACKEND_ABORTED')
        }
      }
      for (const each of steps) {
        if (each === 'flush') {
          world.finder.flush()
          left.fill((world.moment += 1))
        } else if ('find' in each) ends.push(find(each.find))
        else if ('answer' in each) await world.answer(each.answer)
        else {
          world.finder.dropUser(world.sid(each.drop))
          left[each.drop >> 1] = world.moment += 1
        }
        for (const at of [0, 1, 2, 3]) {
          const known = world.finder.known(world.key(at))
          if (known !== undefined) check(at, known.account)
        }
      }
      await world.answerAll()
      await Promise.all(ends)
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), run))
  })

  it('are asked for once by all who want the same, and not again while they are fresh', async () => {
    const world = new World()
    const both = [world.finder.find(world.key(0)), world.finder.find(world.key(0))]
    await settled()
    await world.answerAll()
    const [first, second] = await Promise.all(both)
    assert.equal(first, second)
    assert.equal(world.finder.known(world.key(0)), first)
    assert.equal(world.asked, 1)
  })

  it('are asked for again for whoever waited when the user left', async () => {
    const world = new World()
    const waiting = world.finder.find(world.key(0))
    await settled()
    world.finder.dropUser(world.sid(0))
    const { moment } = world
    await world.answerAll()
    assert.ok(askedAt((await waiting).account) > moment)
    assert.equal(world.asked, 2)
  })
})

describe('Departures', () => {
  it('are remembered no longer than a question is under way that began before', () => {
    const departures = new Departures()
    departures.leave('nobody asks')
    const first = departures.begin()
    departures.leave('alice')
    departures.leave('alice')
    const second = departures.begin()
    departures.leave('bob')
    assert.equal(departures.size, 2)
    assert.deepEqual(
      [departures.hasLeft('alice', first), departures.hasLeft('alice', second)],
      [true, false],
    )
    departures.end(first)
    assert.equal(departures.size, 1)
    assert.ok(departures.hasLeft('bob', second))
    departures.end(second)
    assert.equal(departures.size, 0)
  })
})
