import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { errorCode } from '../../../src/platform/index.ts'
import type { PreparedTicket, TicketWish } from '../../../src/sso/ticket-types.ts'
import { settled } from '../../support/manual-clock.ts'
import { KeeperWorld, SPN } from '../../support/sso/keeper-world.ts'

const USERS = ['alice', 'bob'] as const
const SPNS = [SPN, 'HTTP/other.corp.example'] as const
const TICKET_MS = 3_600_000
const MARGIN_MS = 120_000

const user = fc.constantFrom(...USERS)
const spn = fc.constantFrom(...SPNS)
const what = fc.oneof(
  { weight: 16, arbitrary: fc.constant('request' as const) },
  { weight: 10, arbitrary: fc.constant('wait' as const) },
  { weight: 6, arbitrary: fc.constantFrom('refuse' as const, 'signIn' as const) },
  { weight: 2, arbitrary: fc.constant('allow' as const) },
  {
    weight: 5,
    arbitrary: fc.constantFrom('signOut', 'flushUser', 'flushSpn', 'kdcs', 'newKeys'),
  },
)
/** An exchange takes 50 ms: most waits let one or two end, few let tickets end. */
const ms = fc.constantFrom(1, 40, 100, 100, 100, 100, 2000, 60_000, 600_000, 2_400_000)
const step = fc.record({ do: what, user, spn, oldSession: fc.boolean(), ms, down: fc.boolean() })
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Requests as the pipeline makes them, and what must be true of each ticket that is used. */
class Watch {
  readonly world = new KeeperWorld({ kdcExchanges: 2, kdcQueue: 4 })
  readonly used: PreparedTicket[] = []
  readonly codes = new Set<string>()
  /** When each user signed in last. */
  readonly #signedInMs = new Map<string, number>()
  /** Since which exchange something may be used: of a user, and of a user's service. */
  readonly #notBefore = new Map<string, number>()
  /** When a KDC last failed to answer about a user, or nobody had room to ask it. */
  readonly #silentAtMs = new Map<string, number>()
  readonly #pending: Promise<void>[] = []

  constructor() {
    const { world } = this
    world.kerberos.delayMs = 50
    world.kerberos.onAnswer = (name, answer) => {
      if (answer === 'refused') this.#forbid(name)
      if (answer === 'silent') this.#silentAtMs.set(name, world.clock.nowMs())
    }
  }

  #forbid(...whose: readonly string[]): void {
    this.#notBefore.set(whose.join(' '), this.world.kerberos.exchanges)
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      await this.#step(each)
      await settled()
    }
    await this.world.clock.advance(120_000)
    await Promise.all(this.#pending)
    assert.ok(this.world.kerberos.mostInFlight <= 2)
  }

  async #step(each: Step): Promise<void> {
    const { world } = this
    const { clock, kerberos, keeper } = world
    switch (each.do) {
      case 'request':
        this.#request(each.user, each.spn, each.oldSession)
        return
      case 'wait':
        return clock.advance(each.ms)
      case 'refuse':
        kerberos.refused.add(each.user)
        return
      case 'allow':
        kerberos.refused.delete(each.user)
        return
      case 'signIn':
        this.#signedInMs.set(each.user, clock.nowMs())
        return
      case 'signOut':
        this.#forbid(each.user)
        keeper.dropUser(world.identity(each.user).user, 'ended')
        return
      case 'flushUser':
        this.#forbid(each.user)
        keeper.flush(({ account }) => account.sAMAccountName === each.user)
        return
      case 'flushSpn':
        for (const name of USERS) this.#forbid(name, each.spn)
        keeper.flush(() => true, each.spn)
        return
      case 'kdcs':
        kerberos.down = each.down
        return
      case 'newKeys':
        kerberos.keyVersion += 1
    }
  }

  #request(name: string, service: string, oldSession: boolean): void {
    const { keeper } = this.world
    const signedInMs = oldSession ? 0 : (this.#signedInMs.get(name) ?? 0)
    const wish = this.world.wish(name, { spn: service, signedInMs })
    const use = (ticket: PreparedTicket): void => {
      this.#check(ticket, wish, name)
      this.used.push(ticket)
    }
    const known = keeper.known(wish)
    if (known !== undefined) {
      use(known)
      return
    }
    const pending = keeper.obtain(wish).then(use, (error: unknown) => {
      const code = errorCode(error)
      this.codes.add(code)
      assert.ok(EXPECTED.has(code), `unexpected ${code}`)
    })
    // What it finds is told at the end; until then nobody listens.
    pending.catch(() => undefined)
    this.#pending.push(pending)
  }

  #check(ticket: PreparedTicket, wish: TicketWish, name: string): void {
    const { clock, kerberos } = this.world
    const now = clock.nowMs()
    const issued = kerberos.issueOf(ticket.initiator.createToken({ mutual: false }).token)
    assert.ok(issued)
    assert.deepEqual(
      [issued.user, issued.spn],
      [name, wish.spn],
      "another user's or service's ticket",
    )
    assert.ok(now - issued.cameAtMs < TICKET_MS, 'used for more than its hour')
    assert.ok(now < issued.endsAtMs - MARGIN_MS, 'used past its end')
    for (const whose of [name, `${name} ${wish.spn}`]) {
      const since = this.#notBefore.get(whose) ?? 0
      assert.ok(issued.exchange > since, `used after a refusal, a flush or a sign-out of ${whose}`)
    }
    const silentAtMs = this.#silentAtMs.get(name) ?? -1
    const queueFull = this.world.keeper.counters.queue
    const mayStandIn = silentAtMs >= wish.signedInMs || queueFull.full + queueFull.late > 0
    const askedMs = Math.min(issued.atMs, issued.evidenceAtMs)
    assert.ok(askedMs >= wish.signedInMs || mayStandIn, 'not fetched afresh at a newer sign-in')
  }
}

const EXPECTED = new Set([
  'ERR_KRB_KDC_UNREACHABLE',
  'ERR_KRB_CLIENT_REVOKED',
  'ERR_SSO_KDC_QUEUE_FULL',
  'ERR_SSO_KDC_QUEUE_TIMEOUT',
  'ERR_BACKEND_ABORTED',
])

describe('invariant 9, whatever happens in whatever order', () => {
  it('uses no ticket past its end, after a refusal, of another user, or older than the sign-in', async () => {
    let used = 0
    const codes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 100, size: 'max' }),
        async (steps) => {
          const watch = new Watch()
          await watch.run(steps)
          used += watch.used.length
          for (const code of watch.codes) codes.add(code)
        },
      ),
      { numRuns: 100 },
    )
    // The property says something only where tickets were used and refused.
    assert.ok(used > 200, String(used))
    for (const code of ['ERR_KRB_KDC_UNREACHABLE', 'ERR_KRB_CLIENT_REVOKED']) {
      assert.ok(codes.has(code), code)
    }
  })
})
