/** The suite that every implementation of GatewayStore has to pass. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type {
  GatewayStore,
  RedemptionOutcome,
  RegistrationTokenRecord,
  SessionRecord,
} from '../../../src/gateway/store.ts'

function session(idHash: string, rest: Partial<SessionRecord> = {}): SessionRecord {
  return {
    idHash,
    issuer: 'https://idp.example',
    subject: 'subject-1',
    user: 'alice@corp.example',
    createdMs: 1000,
    seenMs: 1000,
    sealed: new Uint8Array([0, 1, 255]),
    ...rest,
  }
}

function token(
  secretHash: string,
  rest: Partial<RegistrationTokenRecord> = {},
): RegistrationTokenRecord {
  return { secretHash, group: 'default', createdMs: 1000, expiresMs: 5000, ...rest }
}

function redemption(id: string, nowMs = 2000) {
  const certificate = { serial: `5e${id}`, notBeforeMs: 1500, notAfterMs: 9000 }
  return { nowMs, connector: { id, name: `name of ${id}` }, certificate }
}

const sorted = (values: readonly string[]) => [...values].sort()

function sessionTests(store: () => GatewayStore): void {
  it('finds what it inserted, octets and all', async () => {
    await store().sessions.insert(session('a'))
    const found = await store().sessions.find('a')
    assert.ok(found)
    assert.deepEqual(
      { ...found, sealed: [...found.sealed] },
      { ...session('a'), sealed: [0, 1, 255] },
    )
    assert.equal(await store().sessions.find('b'), undefined)
  })

  it('refuses a second session with the same id', async () => {
    await store().sessions.insert(session('a'))
    await assert.rejects(store().sessions.insert(session('a', { user: 'eve' })))
    assert.equal((await store().sessions.find('a'))?.user, 'alice@corp.example')
  })

  it('touches and reseals one session only', async () => {
    await store().sessions.insert(session('a'))
    await store().sessions.insert(session('b'))
    await store().sessions.touch('a', 7777)
    await store().sessions.reseal('a', new Uint8Array([9]))
    const [a, b] = [await store().sessions.find('a'), await store().sessions.find('b')]
    assert.deepEqual([a?.seenMs, ...(a?.sealed ?? [])], [7777, 9])
    assert.deepEqual([b?.seenMs, ...(b?.sealed ?? [])], [1000, 0, 1, 255])
  })

  it('does not bring a deleted session back', async () => {
    await store().sessions.insert(session('a'))
    await store().sessions.delete('a')
    await store().sessions.touch('a', 1)
    await store().sessions.reseal('a', new Uint8Array([1]))
    await store().sessions.delete('a')
    assert.equal(await store().sessions.find('a'), undefined)
  })

  it('ends every session of one user and nobody else', async () => {
    await store().sessions.insert(session('a'))
    await store().sessions.insert(session('b'))
    await store().sessions.insert(session('c', { user: 'bob@corp.example' }))
    assert.deepEqual(sorted(await store().sessions.deleteByUser('alice@corp.example')), ['a', 'b'])
    assert.deepEqual(await store().sessions.deleteByUser('alice@corp.example'), [])
    assert.deepEqual(
      (await store().sessions.list()).map((row) => row.idHash),
      ['c'],
    )
  })

  it('ends the sessions of a provider’s user, of its session, or of both', async () => {
    const { sessions } = store()
    const issuer = 'https://idp.example'
    const add = (id: string, sid?: string, more: Partial<SessionRecord> = {}) =>
      sessions.insert(
        session(id, { issuer, subject: 'u1', ...(sid !== undefined && { sid }), ...more }),
      )
    await add('one', 's1')
    await add('two', 's1')
    await add('three', 's2')
    await add('unnamed')
    await add('bob', 's1', { subject: 'u2' })
    await add('elsewhere', 's1', { issuer: 'https://other.example' })
    assert.equal((await sessions.find('one'))?.sid, 's1')
    assert.equal(Object.hasOwn((await sessions.find('unnamed')) ?? {}, 'sid'), false)
    const both = await sessions.deleteByProvider({ issuer, subject: 'u1', sid: 's1' })
    assert.deepEqual(sorted(both), ['one', 'two', 'unnamed'])
    const bySid = await sessions.deleteByProvider({ issuer, subject: undefined, sid: 's1' })
    assert.deepEqual(bySid, ['bob'])
    const bySubject = await sessions.deleteByProvider({ issuer, subject: 'u1', sid: undefined })
    assert.deepEqual(bySubject, ['three'])
    assert.ok(await sessions.find('elsewhere'))
  })

  it('ends sessions that are idle or old, and keeps those at the very edge', async () => {
    await store().sessions.insert(session('idle', { createdMs: 100, seenMs: 199 }))
    await store().sessions.insert(session('old', { createdMs: 49, seenMs: 900 }))
    await store().sessions.insert(session('edge', { createdMs: 50, seenMs: 200 }))
    assert.deepEqual(sorted(await store().sessions.deleteExpired(200, 50)), ['idle', 'old'])
    assert.ok(await store().sessions.find('edge'))
  })

  it('lists the oldest first, without what is sealed', async () => {
    await store().sessions.insert(session('late', { createdMs: 2000 }))
    await store().sessions.insert(session('early', { createdMs: 500 }))
    const list = await store().sessions.list()
    assert.deepEqual(
      list.map((row) => row.idHash),
      ['early', 'late'],
    )
    assert.ok(list.every((row) => !('sealed' in row)))
  })

  it('keeps times beyond 32 bits and text as it is', async () => {
    const odd = session('x', {
      user: `'"; DROP TABLE sessions; -- ü`,
      createdMs: 4_102_444_800_000,
    })
    await store().sessions.insert(odd)
    const [row] = await store().sessions.list()
    assert.equal(row?.user, odd.user)
    assert.equal(row.createdMs, odd.createdMs)
  })
}

function tokenTests(store: () => GatewayStore): void {
  const redeem = (hash: string, id: string, nowMs?: number) =>
    store().registrationTokens.redeem(hash, redemption(id, nowMs))

  it('finds what it inserted', async () => {
    await store().registrationTokens.insert(token('t1'))
    assert.deepEqual({ ...(await store().registrationTokens.find('t1')) }, token('t1'))
    assert.equal(await store().registrationTokens.find('t2'), undefined)
  })

  it('redeems once, with connector and certificate', async () => {
    await store().registrationTokens.insert(token('t1', { group: 'dmz' }))
    const connector = { id: 'c1', name: 'name of c1', group: 'dmz', registeredMs: 2000 }
    assert.deepEqual(await redeem('t1', 'c1'), { outcome: 'redeemed', connector })
    assert.deepEqual({ ...(await store().connectors.findByCertificate('5ec1')) }, connector)
    assert.deepEqual(await redeem('t1', 'c2'), { outcome: 'used' })
    assert.equal(await store().connectors.find('c2'), undefined)
    const used = await store().registrationTokens.find('t1')
    assert.deepEqual([used?.usedMs, used?.usedBy], [2000, 'c1'])
  })

  it('lets one win of ten at once', async () => {
    await store().registrationTokens.insert(token('t1'))
    const ids = Array.from({ length: 10 }, (_, index) => `c${index}`)
    const outcomes = await Promise.all(ids.map((id) => redeem('t1', id)))
    const won = outcomes.filter(({ outcome }: RedemptionOutcome) => outcome === 'redeemed')
    assert.equal(won.length, 1)
    assert.equal((await store().connectors.list()).length, 1)
  })

  it('refuses unknown and expired tokens, and leaves no trace', async () => {
    await store().registrationTokens.insert(token('t1', { expiresMs: 5000 }))
    assert.deepEqual(await redeem('nope', 'c1'), { outcome: 'unknown' })
    assert.deepEqual(await redeem('t1', 'c1', 5000), { outcome: 'expired' })
    assert.deepEqual(await store().connectors.list(), [])
    assert.equal((await redeem('t1', 'c1', 4999)).outcome, 'redeemed')
  })

  it('keeps a token unused when the connector cannot be kept', async () => {
    await store().registrationTokens.insert(token('t1'))
    await store().registrationTokens.insert(token('t2'))
    await redeem('t1', 'c1')
    await assert.rejects(redeem('t2', 'c1'))
    assert.equal((await store().registrationTokens.find('t2'))?.usedMs, undefined)
    assert.equal((await redeem('t2', 'c2')).outcome, 'redeemed')
  })

  it('forgets tokens that expired before a time', async () => {
    await store().registrationTokens.insert(token('old', { expiresMs: 99 }))
    await store().registrationTokens.insert(token('edge', { expiresMs: 100 }))
    assert.equal(await store().registrationTokens.deleteExpired(100), 1)
    assert.equal(await store().registrationTokens.find('old'), undefined)
    assert.ok(await store().registrationTokens.find('edge'))
  })
}

function connectorTests(store: () => GatewayStore): void {
  async function register(id: string, nowMs: number): Promise<void> {
    await store().registrationTokens.insert(token(`t-${id}`, { expiresMs: nowMs + 1 }))
    const { outcome } = await store().registrationTokens.redeem(`t-${id}`, redemption(id, nowMs))
    assert.equal(outcome, 'redeemed')
  }

  it('lists the oldest first', async () => {
    await register('b', 2000)
    await register('a', 3000)
    assert.deepEqual(
      (await store().connectors.list()).map((row) => row.id),
      ['b', 'a'],
    )
  })

  it('revokes once and keeps the first time', async () => {
    await register('a', 2000)
    assert.equal((await store().connectors.find('a'))?.revokedMs, undefined)
    assert.equal(await store().connectors.revoke('a', 4000), true)
    assert.equal(await store().connectors.revoke('a', 5000), true)
    assert.equal((await store().connectors.find('a'))?.revokedMs, 4000)
    assert.equal((await store().connectors.findByCertificate('5ea'))?.revokedMs, 4000)
    assert.equal(await store().connectors.revoke('nobody', 1), false)
  })

  it('keeps further certificates of a known connector, each serial once', async () => {
    await register('a', 2000)
    await register('b', 2000)
    const renewed = { serial: '77', notBeforeMs: 5000, notAfterMs: 20_000 }
    await store().connectors.addCertificate('a', renewed)
    assert.equal((await store().connectors.findByCertificate('77'))?.id, 'a')
    await assert.rejects(store().connectors.addCertificate('b', renewed))
    await assert.rejects(store().connectors.addCertificate('nobody', { ...renewed, serial: '78' }))
    const serials = (await store().connectors.certificates('a')).map((row) => row.serial)
    assert.deepEqual(serials, ['77', '5ea'])
    assert.equal(await store().connectors.findByCertificate('79'), undefined)
  })
}

/**
 * Declares the suite for one implementation.
 *
 * @param name - Names the implementation in the output.
 * @param openEmpty - Opens a store that holds nothing; the suite closes it.
 */
export function gatewayStoreSuite(name: string, openEmpty: () => GatewayStore): void {
  describe(`GatewayStore: ${name}`, () => {
    let current: GatewayStore | undefined
    const store = () => {
      assert.ok(current)
      return current
    }
    beforeEach(() => {
      current = openEmpty()
    })
    afterEach(() => store().close())
    describe('sessions', () => {
      sessionTests(store)
    })
    describe('registration tokens', () => {
      tokenTests(store)
    })
    describe('connectors', () => {
      connectorTests(store)
    })
  })
}
