import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AcceptedSignIn } from '../../../src/sso/accepted-sign-ins.ts'
import type { Identity } from '../../../src/sso/identity.ts'
import { TicketKeys } from '../../../src/sso/ticket-keys.ts'
import { KeeperWorld } from '../../support/sso/keeper-world.ts'
import { appOf } from '../../support/sso/world.ts'

const signIn = new AcceptedSignIn({
  ...{ id: 'sign-in-1', user: 'S-1-5-21-1-2-3-2000', ticket: new Uint8Array(8) },
  ...{ apps: [appOf('https://iwa.corp.example')], signedInMs: 0, endMs: Infinity },
})

/** The same account, copied with another name and another SID each: nothing that alice's object remembers is theirs. */
function copies(alice: Identity): readonly Identity[] {
  const renamed = { ...alice, account: { ...alice.account, sAMAccountName: 'alice2' } }
  const moved = { ...alice, account: { ...alice.account, realm: 'BRANCH.EXAMPLE' } }
  return [renamed, moved, { ...alice, user: 'S-1-5-21-1-2-3-9' }]
}

const questions = fc.array(
  fc.record({
    whose: fc.nat(4),
    spn: fc.constantFrom('HTTP/iwa.corp.example', 'HTTP/other.corp.example'),
    accepted: fc.constantFrom(undefined, signIn),
    keyVersion: fc.constantFrom(1, 2),
  }),
  { minLength: 1, maxLength: 30 },
)

describe('TicketKeys', () => {
  it('gives the same key for the same question alone, whatever was asked in between', () => {
    fc.assert(
      fc.property(questions, (asked) => {
        const world = new KeeperWorld()
        const { kerberos } = world
        const alice = world.identity('alice')
        const keys = new TicketKeys(kerberos)
        keys.ofTicket({ identity: alice, spn: 'HTTP/iwa.corp.example' })
        const identities = [alice, world.identity('bob'), ...copies(alice)]
        const questionOf = new Map<string, string>()
        for (const question of asked) {
          const identity = identities[question.whose] ?? alice
          const { spn, accepted, keyVersion } = question
          kerberos.keyVersion = keyVersion
          const key = keys.ofTicket({ identity, spn, accepted })
          const named = JSON.stringify([question.whose, spn, accepted !== undefined, keyVersion])
          assert.equal(questionOf.get(key) ?? named, named)
          questionOf.set(key, named)
          assert.equal(key, new TicketKeys(kerberos).ofTicket({ identity, spn, accepted }))
          assert.ok(key.startsWith(`${keys.ofEvidence({ identity, accepted })}\n`))
        }
      }),
    )
  })

  it('keeps the key of what a user asks for again and again', () => {
    const world = new KeeperWorld()
    const keys = new TicketKeys(world.kerberos)
    const identity = world.identity('alice')
    keys.ofTicket({ identity, spn: 'HTTP/iwa.corp.example' })
    const kept = identity.lastTicketKey
    keys.ofTicket({ identity, spn: 'HTTP/iwa.corp.example' })
    assert.ok(kept)
    assert.equal(identity.lastTicketKey, kept)
  })
})
