import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Sessions } from '../../../src/gateway/sessions.ts'
import { systemRandom } from '../../../src/platform/io/index.ts'
import { ManualClock, MemoryLogger } from '../../support/manual-clock.ts'
import { unsignedToken } from '../../support/gateway/fake-provider.ts'
import { MemorySessions } from '../../support/gateway/memory-sessions.ts'

const LIMITS = {
  ...{ idleMs: 1000, absoluteMs: 5000, cached: 16, touchMs: 100, refreshAheadMs: 60_000 },
}

function setup() {
  const clock = new ManualClock()
  const repository = new MemorySessions()
  const ended: string[] = []
  const make = () =>
    new Sessions(LIMITS, {
      ...{ repository, clock, random: systemRandom, logger: new MemoryLogger() },
      onEnded: (idHashes) => ended.push(...idHashes),
    })
  const signedIn = (user: string) => {
    const exp = clock.nowMs() / 1000 + 3600
    const idToken = unsignedToken({ sub: user, exp, iat: exp - 3600 })
    const tokens = { idToken, refreshToken: 'r' }
    return { host: 'app.example', issuer: 'https://idp.example', subject: user, user, tokens }
  }
  return { clock, repository, ended, make, signedIn }
}

interface Known {
  readonly value: string
  readonly user: string
  readonly idHash: string
  readonly createdMs: number
  seenMs: number
  over: boolean
}

/** What sessions should do, kept naively beside what they do. */
class Model {
  readonly #world = setup()
  readonly #known: Known[] = []
  #sessions = this.#world.make()

  async begin(user: string): Promise<void> {
    const { session, cookieValue } = await this.#sessions.begin(this.#world.signedIn(user))
    const nowMs = this.#world.clock.nowMs()
    const times = { createdMs: nowMs, seenMs: nowMs, over: false }
    this.#known.push({ value: cookieValue, user, idHash: session.idHash, ...times })
  }
  wait(ms: number): Promise<void> {
    return this.#world.clock.advance(ms)
  }
  async end(which: number): Promise<void> {
    const known = this.#known[which % Math.max(this.#known.length, 1)]
    if (!known) return
    await this.#sessions.end(known.idHash)
    known.over = true
  }
  async use(which: number): Promise<void> {
    const known = this.#known[which % Math.max(this.#known.length, 1)]
    if (known) await this.#check(known)
  }
  async revoke(user: string): Promise<void> {
    await this.#sessions.revokeUser(user.toUpperCase())
    for (const known of this.#known) if (known.user === user) known.over = true
  }
  sweep(): Promise<void> {
    return this.#sessions.sweep()
  }
  async restart(): Promise<void> {
    // The store may lag behind by the time between two touches: let it hear of the last use.
    await this.all()
    await this.wait(LIMITS.touchMs)
    await this.all()
    this.#sessions = this.#world.make()
  }
  async all(): Promise<void> {
    for (const known of this.#known) await this.#check(known)
  }
  async #check(known: Known): Promise<void> {
    const nowMs = this.#world.clock.nowMs()
    const idle = nowMs - known.seenMs > LIMITS.idleMs
    if (idle || nowMs - known.createdMs > LIMITS.absoluteMs) known.over = true
    const cached = this.#sessions.cached(known.value, 'app.example')
    const opened = cached ?? (await this.#sessions.open(known.value, 'app.example'))
    assert.equal(opened?.user, known.over ? undefined : known.user)
    if (opened) known.seenMs = nowMs
  }
}

type Step = (model: Model) => Promise<void>

const user = fc.constantFrom('a', 'b')
const step: fc.Arbitrary<Step> = fc.oneof(
  user.map((name) => (model: Model) => model.begin(name)),
  fc.nat(700).map((ms) => (model: Model) => model.wait(ms)),
  fc.nat(9).map((which) => (model: Model) => model.end(which)),
  fc.nat(9).map((which) => (model: Model) => model.use(which)),
  user.map((name) => (model: Model) => model.revoke(name)),
  fc.constantFrom<Step>(
    (model) => model.sweep(),
    (model) => model.restart(),
  ),
)

describe('a session in steady use', () => {
  it('ends at its absolute limit, though nothing sweeps', async () => {
    const { clock, make, signedIn } = setup()
    const sessions = make()
    const { cookieValue } = await sessions.begin(signedIn('alice'))
    for (let at = 0; at < 5; at += 1) {
      await clock.advance(LIMITS.idleMs)
      assert.ok(await sessions.open(cookieValue, 'app.example'))
    }
    await clock.advance(1)
    assert.equal(sessions.cached(cookieValue, 'app.example'), undefined)
    assert.equal(await sessions.open(cookieValue, 'app.example'), undefined)
  })
})

describe('Sessions', () => {
  it('open exactly for the holder of a live cookie, whatever happens in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const model = new Model()
        for (const each of steps) await each(model)
        await model.all()
      }),
      { numRuns: 60 },
    )
  })

  it('do not open under a cookie whose key was changed', async () => {
    const { make, signedIn } = setup()
    const { cookieValue } = await make().begin(signedIn('a'))
    const octets = Buffer.from(cookieValue, 'base64url')
    for (let at = 0; at < octets.length; at++) {
      const flipped = Buffer.from(octets)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      const opened = await make().open(flipped.toString('base64url'), 'app.example')
      assert.equal(opened, undefined)
    }
  })

  it('do not open a sealed part that was moved to another session', async () => {
    const { make, signedIn, repository } = setup()
    const sessions = make()
    const one = await sessions.begin(signedIn('a'))
    const two = await sessions.begin(signedIn('b'))
    const [rowOne, rowTwo] = [...repository.rows.values()]
    assert.ok(rowOne && rowTwo)
    repository.rows.set(rowTwo.idHash, { ...rowTwo, sealed: rowOne.sealed })
    assert.equal(await make().open(two.cookieValue, 'app.example'), undefined)
    assert.equal((await make().open(one.cookieValue, 'app.example'))?.user, 'a')
  })

  it('are bounded in memory and open again from the store', async () => {
    const { make, signedIn, repository } = setup()
    const sessions = make()
    const cookies: string[] = []
    for (let at = 0; at < 40; at++) {
      cookies.push((await sessions.begin(signedIn('a'))).cookieValue)
    }
    const cached = cookies.filter((value) => sessions.cached(value, 'app.example'))
    assert.equal(cached.length, 16)
    for (const value of cookies) assert.ok(await sessions.open(value, 'app.example'))
    assert.ok(repository.finds >= 24)
  })

  // A second object of the same session would spend the refresh token that the first one has.
  it('stay open in memory while something runs in them', async () => {
    const { make, signedIn } = setup()
    const sessions = make()
    const { session, cookieValue } = await sessions.begin(signedIn('a'))
    for (let at = 0; at < 40; at++) {
      sessions.keepOpen(session)
      await sessions.begin(signedIn('b'))
    }
    assert.equal(await sessions.open(cookieValue, 'app.example'), session)
  })

  it('tell of every session that ended, however it ended', async () => {
    const { make, signedIn, ended, clock } = setup()
    const sessions = make()
    const hashes: string[] = []
    for (const name of ['a', 'b', 'b', 'c', 'd']) {
      hashes.push((await sessions.begin(signedIn(name))).session.idHash)
    }
    await sessions.end(hashes[0] ?? '')
    await sessions.revokeUser('b')
    await clock.advance(LIMITS.idleMs + LIMITS.touchMs + 1)
    await sessions.sweep()
    assert.deepEqual(ended.sort(), hashes.sort())
  })

  it('do not begin when they are ended while the store takes them', async () => {
    const { make, signedIn, repository, ended } = setup()
    const sessions = make()
    const { promise, resolve } = Promise.withResolvers<undefined>()
    repository.insertHeld = promise
    const beginning = sessions.begin(signedIn('a'))
    const other = sessions.begin(signedIn('b'))
    assert.equal(await sessions.revokeUser('a'), 1)
    resolve(undefined)
    await assert.rejects(beginning, { code: 'ERR_GATEWAY_SESSION_ENDED' })
    assert.equal(sessions.cached((await other).cookieValue, 'app.example')?.user, 'b')
    assert.equal(ended.length, 1)
  })

  it('are over here at once when the store cannot forget them, and there once it can', async () => {
    const { make, signedIn, repository, ended } = setup()
    const sessions = make()
    const { session, cookieValue } = await sessions.begin(signedIn('a'))
    repository.fault = new Error('the database is locked')
    await assert.rejects(sessions.end(session.idHash), /locked/)
    assert.deepEqual(ended, [session.idHash])
    assert.equal(sessions.cached(cookieValue, 'app.example'), undefined)
    await assert.rejects(sessions.open(cookieValue, 'app.example'), /locked/)
    repository.fault = undefined
    assert.equal(await sessions.open(cookieValue, 'app.example'), undefined)
    assert.equal(repository.rows.size, 0)
  })

  it('keep the same proof id for the same token, another for another', async () => {
    const { make, signedIn, clock } = setup()
    const sessions = make()
    const { session, cookieValue } = await sessions.begin(signedIn('a'))
    const before = session.tokens.proof.id
    assert.equal((await make().open(cookieValue, 'app.example'))?.tokens.proof.id, before)
    await clock.advance(1)
    await sessions.replaceTokens(session, { idToken: unsignedToken({ sub: 'a', exp: 1 }) })
    assert.notEqual(session.tokens.proof.id, before)
    assert.equal(session.tokens.refreshToken, 'r')
    const reopened = await make().open(cookieValue, 'app.example')
    assert.equal(reopened?.tokens.proof.id, session.tokens.proof.id)
  })
})
