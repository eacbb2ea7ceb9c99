/** Invariant 2, whatever someone on the wire makes of an S4U2Self reply: pieces of other replies, and octets changed anywhere. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  KerberosError,
  type Evidence,
  type KerberosClient,
} from '../../../../src/kerberos/index.ts'
import { MessageType } from '../../../../src/kerberos/iana/index.ts'
import {
  decodeKdcRep,
  decodeTicket,
  encodeKdcRep,
  type KdcRep,
} from '../../../../src/kerberos/messages/index.ts'
import { newWorld, REALM, type World } from '../../../support/kerberos-world.ts'

/** Where a piece of the reply is taken from: the true one, or one that was recorded. */
const SOURCES = ['now', 'now', 'now', 'earlier', 'bob', 'self'] as const
type Source = (typeof SOURCES)[number]

const source = fc.constantFrom(...SOURCES)
const splice = fc.record({ names: source, padata: source, ticket: source, encPart: source })
const flip = fc.option(fc.record({ place: fc.nat(), bit: fc.nat({ max: 7 }) }), { freq: 2 })

const tgsRep = (octets: Uint8Array): KdcRep => decodeKdcRep(octets, MessageType.TGS_REP)

/** The replies that someone has recorded: alice's of before, bob's, and a ticket of the connector for itself. */
async function record(
  world: World,
  connector: KerberosClient,
): Promise<Readonly<Record<Exclude<Source, 'now'>, KdcRep>>> {
  const replies: KdcRep[] = []
  world.kdc.tricks = {
    octets: (octets, kind) => {
      if (kind !== 'AS') replies.push(tgsRep(octets))
      return octets
    },
  }
  await connector.impersonate({ name: 'alice', realm: REALM, sid: world.kdc.sidOf('alice') })
  await connector.impersonate({ name: 'bob', realm: REALM, sid: world.kdc.sidOf('bob') })
  await connector.ownTicket('CONN1$')
  world.kdc.tricks = {}
  const [earlier, bob, self] = replies
  assert.ok(earlier && bob && self)
  return { earlier, bob, self }
}

const cipherOf = (ticket: Uint8Array): string =>
  Buffer.from(decodeTicket(ticket).encPart.cipher).toString('hex')

describe('an S4U2Self reply that was tampered with', () => {
  it("gives the very ticket that the KDC made for this user and request, or an error of Kerberos's", async () => {
    const world = newWorld()
    const connector = world.client()
    // By the same client: its ticket-granting ticket, and so the session key, is that of the replies which are tampered with.
    const recorded = await record(world, connector)
    const sid = world.kdc.sidOf('alice')
    const seen = { taken: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(splice, flip, async (from, flipped) => {
        let truth: KdcRep | undefined
        world.kdc.tricks = {
          octets: (octets, kind) => {
            if (kind !== 'S4U2Self') return octets
            truth = tgsRep(octets)
            const of = (piece: Source): KdcRep =>
              piece === 'now' ? tgsRep(octets) : recorded[piece]
            const { crealm, cname } = of(from.names)
            const { ticket } = of(from.ticket)
            const { padata } = of(from.padata)
            const { encPart } = of(from.encPart)
            const spliced = encodeKdcRep({ ...truth, crealm, cname, ticket, padata, encPart })
            if (flipped === null) return spliced
            const at = flipped.place % spliced.length
            spliced[at] = (spliced[at] ?? 0) ^ (1 << flipped.bit)
            return spliced
          },
        }
        let evidence: Evidence
        try {
          evidence = await connector.impersonate({ name: 'alice', realm: REALM, sid })
        } catch (error) {
          seen.refused += 1
          assert.ok(error instanceof KerberosError, String(error))
          assert.match(error.code, /^ERR_KRB_/)
          return
        }
        seen.taken += 1
        assert.ok(truth)
        assert.equal(cipherOf(evidence.ticket), cipherOf(truth.ticket))
        assert.deepEqual([evidence.accountName, evidence.sid], ['alice', sid])
        assert.deepEqual(evidence.client.nameString, ['alice'])
      }),
      { numRuns: 300 },
    )
    assert.ok(seen.taken > 5 && seen.refused > 50, JSON.stringify(seen))
  })
})
