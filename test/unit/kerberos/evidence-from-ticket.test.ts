/** Evidence out of the ticket that a user presented to us. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KerberosErrorCode } from '../../../src/kerberos/errors.ts'
import type { KerberosClient } from '../../../src/kerberos/index.ts'
import { TicketFlag } from '../../../src/kerberos/iana/index.ts'
import { formatPrincipal } from '../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM, SPN, type World } from '../../support/kerberos-world.ts'
import type { Tricks } from '../../support/memory-kdc/index.ts'

const US = 'HTTP/portal.corp.example'

/** The connector's account has a service name of its own, at which browsers sign in. */
function portalWorld(): World {
  const world = newWorld()
  world.kdc.add({ name: 'PORTAL$', spns: [US], allowedTo: [SPN] })
  return world
}

function aliceOf({ client }: World): KerberosClient {
  const principal = { nameType: 1, nameString: ['alice'] }
  const identity = { principal, realm: REALM, keys: { password: 'Wonderland-1' } }
  return client('CONN1$', { identity })
}

async function presented(world: World, tricks: Tricks = {}): Promise<Uint8Array> {
  const alice = aliceOf(world)
  await alice.armorTicket()
  world.kdc.tricks = tricks
  const { ticket } = await alice.ownTicket(US)
  world.kdc.tricks = {}
  return ticket
}

describe('the ticket that a user presented', () => {
  it('is evidence, without protocol transition', async () => {
    const world = portalWorld()
    const portal = world.client('PORTAL$')
    const evidence = portal.evidenceFrom(await presented(world), world.kdc.sidOf('alice'))
    assert.equal(formatPrincipal(evidence.client, evidence.clientRealm), `alice@${REALM}`)
    assert.equal(formatPrincipal(evidence.server, evidence.serverRealm), `${US}@${REALM}`)
    assert.deepEqual([evidence.accountName, evidence.forwardable], ['alice', true])
    assert.deepEqual(evidence.groupSids, ['S-1-5-21-1000-2000-3000-513'])
    const ticket = await portal.delegate(evidence, SPN)
    assert.deepEqual(ticket.client.nameString, ['alice'])
    assert.equal(world.kdc.counts.S4U2Self, 0)
  })

  it('that is not forwardable is told from one that is', async () => {
    const world = portalWorld()
    const portal = world.client('PORTAL$')
    const octets = await presented(world, {
      ticketPart: (part) => ({ ...part, flags: (part.flags & ~TicketFlag.FORWARDABLE) >>> 0 }),
      replyPart: (part) => ({ ...part, flags: (part.flags & ~TicketFlag.FORWARDABLE) >>> 0 }),
    })
    const evidence = portal.evidenceFrom(octets)
    assert.equal(evidence.forwardable, false)
    await assert.rejects(portal.delegate(evidence, SPN), { code: 'ERR_KRB_NOT_FORWARDABLE' })
  })

  it('must be of the account that the directory found', async () => {
    const world = portalWorld()
    const ticket = await presented(world)
    const portal = world.client('PORTAL$', { requireSid: true })
    assert.throws(() => portal.evidenceFrom(ticket, world.kdc.sidOf('bob')), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /AP-REQ: .*the PAC is of S-1-5-21-1000-2000-3000-\d+, the directory says/,
    })
    assert.throws(() => portal.evidenceFrom(ticket), TypeError)
  })

  it('is a copy: the octets it came in may change', async () => {
    const world = portalWorld()
    const octets = await presented(world)
    const evidence = world.client('PORTAL$').evidenceFrom(octets)
    const before = Buffer.from(evidence.ticket).toString('hex')
    octets.fill(0)
    assert.equal(Buffer.from(evidence.ticket).toString('hex'), before)
  })

  const faults: readonly (readonly [string, Tricks, KerberosErrorCode, RegExp])[] = [
    ['without a PAC', { pac: () => undefined }, 'ERR_KRB_REPLY_MISMATCH', /no PAC/],
    [
      'with a PAC of another client',
      { pac: (content) => ({ ...content, clientName: 'bob' }) },
      'ERR_KRB_REPLY_MISMATCH',
      /names another client/,
    ],
    [
      'with a PAC that we did not sign',
      { pacSigner: (signer) => ({ ...signer, sign: (d) => signer.sign(d).map((o) => o ^ 1) }) },
      'ERR_KRB_INTEGRITY',
      /AP-REQ: the PAC’s server signature is wrong/,
    ],
    [
      'that is invalid',
      { ticketPart: (part) => ({ ...part, flags: (part.flags | TicketFlag.INVALID) >>> 0 }) },
      'ERR_KRB_REPLY_MISMATCH',
      /an invalid ticket/,
    ],
    [
      'of the future',
      { ticketPart: (part) => ({ ...part, startTimeMs: part.authTimeMs + 600_000 }) },
      'ERR_KRB_REPLY_MISMATCH',
      /not valid yet/,
    ],
    [
      'of the past',
      { ticketPart: (part) => ({ ...part, endTimeMs: part.authTimeMs }) },
      'ERR_KRB_REPLY_MISMATCH',
      /has ended already/,
    ],
    [
      'with a key of RC4',
      { ticketPart: (part) => ({ ...part, key: { etype: 23, value: random.bytes(16) } }) },
      'ERR_KRB_ETYPE',
      /rc4-hmac/,
    ],
  ]
  for (const [name, tricks, code, says] of faults) {
    it(`${name} is none`, async () => {
      const world = portalWorld()
      const ticket = await presented(world, tricks)
      assert.throws(() => world.client('PORTAL$').evidenceFrom(ticket), { code, message: says })
    })
  }

  it('to another account is none', async () => {
    const world = portalWorld()
    const ticket = await presented(world)
    assert.throws(() => world.client('CONN1$').evidenceFrom(ticket), { code: 'ERR_KRB_INTEGRITY' })
  })

  it('cut off anywhere is refused, changed anywhere never crashes', async () => {
    const world = portalWorld()
    const octets = await presented(world)
    const portal = world.client('PORTAL$')
    for (let length = 0; length < octets.length; length++) {
      assert.throws(() => portal.evidenceFrom(octets.subarray(0, length)), {
        code: 'ERR_KRB_DECODE',
      })
    }
    const names = new Set<string>()
    for (let at = 0; at < octets.length; at++) {
      const changed = Uint8Array.from(octets)
      changed[at] = (changed[at] ?? 0) ^ 0x20
      try {
        const { client } = portal.evidenceFrom(changed)
        names.add(client.nameString.join('/'))
      } catch (error) {
        assert.match((error as { code?: string }).code ?? '', /^ERR_KRB_/)
      }
    }
    // Only what stands around the cipher can change without notice, and it is not whom it names.
    assert.deepEqual([...names], ['alice'])
  })
})
