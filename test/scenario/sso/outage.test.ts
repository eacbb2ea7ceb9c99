/** Invariant 9 in the whole pipeline while no domain controller and no directory server can be reached, on a virtual clock. */

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { EncKdcRepPart, EncTicketPart } from '../../../src/kerberos/messages/index.ts'
import type { Proof, SsoLimits } from '../../../src/sso/index.ts'
import { settled } from '../../support/manual-clock.ts'
import type { Kind } from '../../support/memory-kdc/index.ts'
import { OutageWorld } from '../../support/sso/outage-world.ts'
import type { Outcome } from '../../support/sso/sink.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** KDC_ERR_CLIENT_REVOKED. */
const REVOKED = 18

const worlds: OutageWorld[] = []
async function start(users: readonly string[], limits?: Partial<SsoLimits>): Promise<OutageWorld> {
  const world = await OutageWorld.start(users, limits)
  worlds.push(world)
  return world
}
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop()
})

/** What came of a request: a stable code, or whom the backend saw. */
const seen = ({ code, body }: Outcome): string => code ?? body.toString()
const get = async (world: OutageWorld, proof: Proof, service: 0 | 1 = 0): Promise<string> =>
  seen(await world.get(proof, service))

const KDC_DOWN = 'ERR_KRB_KDC_UNREACHABLE'
const DIRECTORY_DOWN = 'ERR_DIRECTORY_UNREACHABLE'

/** Service tickets of users end so long after they were issued; all others stay as they are. */
function issueTickets(world: OutageWorld, lifetimeMs: number): void {
  const shortened = <T extends EncTicketPart | EncKdcRepPart>(part: T, kind: Kind): T =>
    kind === 'S4U2Proxy' ? { ...part, endTimeMs: world.clock.nowMs() + lifetimeMs } : part
  world.kdc.tricks = { ticketPart: shortened, replyPart: shortened }
}

describe('an outage of all domain controllers and the directory', () => {
  const ends = [
    { why: 'the setting of an hour', lifetimeMs: 10 * HOUR, limits: {}, endMs: HOUR },
    {
      why: 'a setting of half an hour',
      lifetimeMs: 10 * HOUR,
      limits: { ticketMs: 30 * MINUTE },
      endMs: 30 * MINUTE,
    },
    {
      why: "the ticket's own end less the margin",
      lifetimeMs: 20 * MINUTE,
      limits: {},
      endMs: 18 * MINUTE,
    },
    {
      why: "the ticket's own end",
      lifetimeMs: 20 * MINUTE,
      limits: { ticketMarginMs: 0 },
      endMs: 20 * MINUTE,
    },
  ]
  for (const { why, lifetimeMs, limits, endMs } of ends) {
    it(`lets a user with a ticket work up to ${why}, and not a millisecond longer`, async () => {
      const world = await start(['alice'], limits)
      issueTickets(world, lifetimeMs)
      const alice = await world.signIn('alice')
      assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
      world.cut()
      for (let ageMs = MINUTE; ageMs < endMs; ageMs += MINUTE) {
        await world.clock.advance(MINUTE)
        assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE', `at the age of ${ageMs} ms`)
      }
      await world.clock.advance(MINUTE - 1)
      assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
      await world.clock.advance(1)
      const refused = await world.get(alice)
      assert.equal(seen(refused), KDC_DOWN)
      assert.match(String((refused.error as { mend?: string }).mend), /domain controllers/)
      for (const waitMs of [1, MINUTE, HOUR]) {
        await world.clock.advance(waitMs)
        assert.equal(await get(world, alice), KDC_DOWN)
      }
    })
  }

  it('gives a ticket no longer life at a newer sign-in', async () => {
    const world = await start(['alice'])
    assert.equal(await get(world, await world.signIn('alice')), 'alice@CORP.EXAMPLE')
    world.cut()
    await world.clock.advance(30 * MINUTE)
    const anew = await world.signIn('alice')
    assert.equal(await get(world, anew), 'alice@CORP.EXAMPLE')
    await world.clock.advance(30 * MINUTE - 1)
    assert.equal(await get(world, anew), 'alice@CORP.EXAMPLE')
    await world.clock.advance(1)
    assert.equal(await get(world, anew), KDC_DOWN)
    assert.equal(await get(world, await world.signIn('alice')), KDC_DOWN)
  })

  it('tells who has no ticket which of the two is silent and what to do, and asks every 2 s', async () => {
    const world = await start(['bob', 'carol'])
    const bob = await world.signIn('bob')
    const carol = await world.signIn('carol')
    assert.equal(await get(world, carol, 1), 'carol@CORP.EXAMPLE')
    world.cut()
    const [unknown, known] = [await world.get(bob), await world.get(carol)]
    assert.deepEqual([seen(unknown), seen(known)], [DIRECTORY_DOWN, KDC_DOWN])
    assert.match(String((unknown.error as { mend?: string }).mend), /the directory/)
    assert.match(String((known.error as { mend?: string }).mend), /domain controllers/)
    const asked = (): readonly number[] => [world.directory.lookups, world.wire.lost]
    const before = asked()
    const both = async () => [await get(world, bob), await get(world, carol)]
    await world.clock.advance(2 * SECOND - 1)
    for (let count = 0; count < 5; count++)
      assert.deepEqual(await both(), [DIRECTORY_DOWN, KDC_DOWN])
    assert.deepEqual(asked(), before)
    await world.clock.advance(1)
    assert.deepEqual(await both(), [DIRECTORY_DOWN, KDC_DOWN])
    assert.deepEqual(
      asked(),
      before.map((count) => count + 1),
    )
  })

  it('is no storm: who works on has the directory asked every 10 s, and a KDC every 5 to 10 s', async () => {
    const world = await start(['alice'])
    const alice = await world.signIn('alice')
    await get(world, alice)
    world.cut()
    await world.clock.advance(50 * MINUTE)
    const { lookups } = world.directory
    for (let second = 0; second < 300; second++) {
      assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
      await world.clock.advance(SECOND)
    }
    const asked = { directory: world.directory.lookups - lookups, kdc: world.wire.lost }
    assert.ok(asked.directory >= 30 && asked.directory <= 31, JSON.stringify(asked))
    assert.ok(asked.kdc >= 30 && asked.kdc <= 61, JSON.stringify(asked))
  })
})

/** Everybody who must not work, made so before the outage; each with the code that the outage begins with. */
async function shutOut(world: OutageWorld) {
  const [carol, erin, frank] = [
    await world.signIn('carol'),
    await world.signIn('erin'),
    await world.signIn('frank'),
  ]
  const dave = await world.signIn('dave')
  assert.equal(await get(world, erin), 'erin@CORP.EXAMPLE')
  assert.equal(await get(world, frank), 'frank@CORP.EXAMPLE')
  // The directory says so at its next look-up; the KDC when it is asked to renew the ticket in use.
  world.directory.change('erin', { enabled: false })
  world.kdc.directory.refuse('frank', REVOKED)
  world.kdc.directory.refuse('carol', REVOKED)
  await world.clock.advance(50 * MINUTE)
  assert.equal(await get(world, frank), 'frank@CORP.EXAMPLE', 'a renewal makes nobody wait')
  const outcasts: readonly (readonly [string, Proof, string])[] = [
    ['carol, whom the KDC refused', carol, 'ERR_KRB_CLIENT_REVOKED'],
    ['dave, whom the directory does not know', dave, 'ERR_SSO_ACCOUNT_UNKNOWN'],
    ['erin, whom the directory says is disabled', erin, 'ERR_SSO_ACCOUNT_DISABLED'],
    ['frank, whose renewal the KDC refused', frank, 'ERR_KRB_CLIENT_REVOKED'],
  ]
  for (const [who, proof, code] of outcasts) assert.equal(await get(world, proof), code, who)
  return outcasts
}

const USERS = ['alice', 'bob', 'carol', 'erin', 'frank', 'grace'] as const

describe('an outage and those who may not work', () => {
  it('lets nobody in who was refused or disabled before it', async () => {
    const world = await start(USERS)
    const outcasts = await shutOut(world)
    const alice = await world.signIn('alice')
    assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
    world.cut()
    for (const [who, proof, code] of outcasts) assert.equal(await get(world, proof), code, who)
    for (const waitMs of [SECOND, MINUTE, 10 * MINUTE, 40 * MINUTE, HOUR, 8 * HOUR]) {
      await world.clock.advance(waitMs)
      for (const [who, proof, code] of outcasts) {
        // Once the refusal is forgotten, nobody can say more than that nobody answers.
        const expected = waitMs === SECOND ? [code] : [DIRECTORY_DOWN, KDC_DOWN]
        assert.ok(expected.includes(await get(world, proof)), `${who}, after ${waitMs} ms`)
      }
      const works = waitMs <= 40 * MINUTE
      assert.equal(await get(world, alice), works ? 'alice@CORP.EXAMPLE' : KDC_DOWN)
    }
  })

  it('has no ticket left for whom the directory refused before, though it vouches for them again', async () => {
    const world = await start(USERS)
    const outcasts = await shutOut(world)
    const alice = await world.signIn('alice')
    await get(world, alice)
    world.cutKdcs()
    world.directory.change('erin', { enabled: true })
    await world.clock.advance(MINUTE)
    const erin = outcasts.find(([who]) => who.startsWith('erin'))?.[1]
    assert.ok(erin)
    assert.deepEqual(
      [await get(world, alice), await get(world, erin)],
      ['alice@CORP.EXAMPLE', KDC_DOWN],
    )
  })

  it('ends what a user does who signs out in it, and brings nothing of theirs back', async () => {
    const world = await start(USERS)
    const [alice, grace] = [await world.signIn('alice'), await world.signIn('grace')]
    for (const proof of [alice, grace]) await world.get(proof)
    world.cut()
    await world.clock.advance(MINUTE)
    assert.equal(await get(world, grace), 'grace@CORP.EXAMPLE')
    const gate = Promise.withResolvers<undefined>()
    world.gate = gate.promise
    const underWay = [get(world, grace), get(world, alice)]
    await settled()
    world.pipeline.forget([grace.id])
    gate.resolve(undefined)
    assert.deepEqual(await Promise.all(underWay), ['ERR_SSO_SESSION_ENDED', 'alice@CORP.EXAMPLE'])
    for (const waitMs of [0, MINUTE, 30 * MINUTE]) {
      await world.clock.advance(waitMs)
      for (const proof of [grace, await world.signIn('grace')])
        assert.equal(await get(world, proof), DIRECTORY_DOWN)
      assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
    }
  })

  it('is over without a restart', async () => {
    const world = await start(USERS)
    const outcasts = await shutOut(world)
    const [alice, bob] = [await world.signIn('alice'), await world.signIn('bob')]
    const grace = await world.signIn('grace')
    for (const proof of [alice, grace]) await world.get(proof)
    world.cut()
    // By its end our own ticket-granting ticket has ended too.
    await world.clock.advance(11 * HOUR)
    world.pipeline.forget([grace.id])
    const down = [await get(world, alice), await get(world, bob), await get(world, grace)]
    assert.deepEqual(down, [KDC_DOWN, DIRECTORY_DOWN, DIRECTORY_DOWN])
    world.restore()
    await world.clock.advance(2 * SECOND - 1)
    assert.deepEqual([await get(world, alice), await get(world, bob)], [KDC_DOWN, DIRECTORY_DOWN])
    await world.clock.advance(1)
    for (const proof of [alice, bob, await world.signIn('grace')])
      assert.equal(await get(world, proof), `${proof.id.split('-')[0]}@CORP.EXAMPLE`)
    for (const [who, proof, code] of outcasts) assert.equal(await get(world, proof), code, who)
    world.directory.change('erin', { enabled: true })
    world.kdc.directory.refuse('frank')
    await world.clock.advance(MINUTE)
    for (const [, proof] of outcasts.slice(2))
      assert.equal(await get(world, proof), `${proof.id.split('-')[0]}@CORP.EXAMPLE`)
  })

  it('that ends in time is noticed by nobody who works', async () => {
    const world = await start(['alice'])
    const alice = await world.signIn('alice')
    await get(world, alice)
    await world.clock.advance(50 * MINUTE)
    world.cut()
    assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
    await world.clock.advance(MINUTE)
    assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
    assert.ok(world.wire.lost > 0, 'no renewal was tried')
    world.restore()
    await world.clock.advance(10 * SECOND)
    assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
    await world.clock.advance(40 * MINUTE)
    world.cut()
    assert.equal(await get(world, alice), 'alice@CORP.EXAMPLE')
  })
})
