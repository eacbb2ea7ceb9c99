import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NOT_LISTED, Roster, type RosterMember } from '../../../src/platform/index.ts'

describe('Roster', () => {
  it('holds whom a Set would hold, after any sequence of adding and deleting', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(11)), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (sequence) => {
        const people: RosterMember[] = Array.from({ length: 12 }, () => ({
          rosterSlot: NOT_LISTED,
        }))
        const roster = new Roster<RosterMember>()
        const set = new Set<RosterMember>()
        for (const [adds, who] of sequence) {
          const member = people[who]
          if (member === undefined) continue
          if (!adds) {
            roster.delete(member)
            set.delete(member)
          } else if (!set.has(member)) {
            roster.add(member)
            set.add(member)
          }
          assert.equal(roster.size, set.size)
        }
        assert.deepEqual(new Set(roster.list()), set)
      }),
    )
  })

  it('lets nobody go who is in another roster', () => {
    const [one, two] = [new Roster<RosterMember>(), new Roster<RosterMember>()]
    const [a, b] = [{ rosterSlot: NOT_LISTED }, { rosterSlot: NOT_LISTED }]
    one.add(a)
    two.add(b)
    one.delete(b)
    assert.deepEqual([one.list(), two.list()], [[a], [b]])
  })
})
