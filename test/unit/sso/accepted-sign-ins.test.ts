import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AcceptedSignIns } from '../../../src/sso/accepted-sign-ins.ts'
import { appOf } from '../../support/sso/world.ts'

describe('sign-ins with Kerberos that are kept', () => {
  const store = (acceptedCount: number, acceptedPerUser: number, acceptedOctets = 1_000_000) => {
    const kept = new AcceptedSignIns({ acceptedCount, acceptedPerUser, acceptedOctets })
    const add = (user: string, id: string, octets = 100) =>
      kept.add({
        ...{
          id,
          user,
          ticket: new Uint8Array(octets),
          apps: [appOf('http://a.example/')] as const,
        },
        ...{ signedInMs: 0, endMs: 1 },
      })
    return { kept, add }
  }

  it('leave each user a share: one who signs in again and again pushes nobody else out', () => {
    const { kept, add } = store(10, 3)
    const bob = add('bob', 'b')
    const first = add('alice', 'a0')
    for (let count = 1; count < 50; count++) add('alice', `a${count}`)
    assert.equal(kept.size, 4)
    assert.equal(bob.live, true)
    assert.equal(first.live, false)
    assert.equal(first.ticket, undefined)
    assert.deepEqual(
      ['a46', 'a47', 'a48', 'a49'].map((id) => kept.get(id)?.live),
      [undefined, true, true, true],
    )
  })

  it('give the share back when they end, and end with their user', () => {
    const { kept, add } = store(10, 2)
    const alice = [add('alice', 'a1'), add('alice', 'a2')]
    kept.drop('a1')
    alice.push(add('alice', 'a3'))
    assert.deepEqual(
      alice.map(({ live }) => live),
      [false, true, true],
    )
    const bob = add('bob', 'b1')
    kept.dropUser('alice')
    assert.deepEqual(
      alice.map(({ live }) => live),
      [false, false, false],
    )
    assert.equal(bob.live, true)
    assert.equal(kept.size, 1)
  })

  it('are bounded together all the same', () => {
    const { kept, add } = store(4, 3)
    for (let count = 0; count < 20; count++) add(`user${count}`, `${count}`)
    assert.equal(kept.size, 4)
    kept.dropUser('user0')
    assert.equal(kept.size, 4)
  })

  it('give way by the octets of their tickets, the oldest first', () => {
    const { kept, add } = store(10_000, 10_000, 65_536)
    const signIns = Array.from({ length: 1000 }, (_, at) => add(`user${at}`, `${at}`))
    const live = signIns.filter((signIn) => signIn.live)
    assert.equal(live.length, kept.size)
    assert.ok(live.length > 10 && live.length * 100 < 65_536, `${live.length} sign-ins`)
    assert.deepEqual(live, signIns.slice(-live.length))
  })

  it('take no share, nor live, where one is larger than the room for all', () => {
    const { kept, add } = store(10, 1, 4000)
    assert.equal(add('alice', 'large', 5000).live, false)
    const [first, second] = [add('alice', 'a1'), add('alice', 'a2')]
    assert.deepEqual([first.live, second.live, kept.size], [false, true, 1])
  })
})
