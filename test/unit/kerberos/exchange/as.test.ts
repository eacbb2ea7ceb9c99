import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KerberosErrorCode } from '../../../../src/kerberos/errors.ts'
import { KerberosClient } from '../../../../src/kerberos/client.ts'
import { encodeEtypeInfo2, encodeMethodData } from '../../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM, SPN, type World } from '../../../support/kerberos-world.ts'
import type { Tricks } from '../../../support/memory-kdc/index.ts'

function byPassword({ kdc, clock }: World, name: string, password: string): KerberosClient {
  const identity = {
    principal: { nameType: 1, nameString: [name] },
    realm: REALM,
    keys: { password },
  }
  return new KerberosClient({ identity, transport: kdc, clock, random })
}

/** The KDC asks for proof by a key of this kind. */
function demanding(etype: number, s2kparams?: Uint8Array): Tricks {
  const info = encodeEtypeInfo2([{ etype, salt: 'salt', s2kparams }])
  const eData = encodeMethodData([{ padataType: 19, padataValue: info }])
  return { refuse: () => ({ code: 25, eData }) }
}

describe('the AS exchange', () => {
  it('needs one round trip where the KDC demands no proof', async () => {
    const world = newWorld()
    world.kdc.add({ name: 'open$', withoutProof: true }).add({
      name: 'open-by-password',
      withoutProof: true,
      password: 'Secret-1',
    })
    assert.ok(await world.client('open$').ownTicket(SPN))
    assert.equal(world.kdc.counts.AS, 1)
    assert.ok(await byPassword(world, 'open-by-password', 'Secret-1').ownTicket(SPN))
    assert.equal(world.kdc.counts.AS, 2)
  })

  it('leads to S4U2Self for a connector with a password too', async () => {
    const world = newWorld()
    world.kdc.add({ name: 'CONN9$', password: 'Secret-9', trustedToAuth: true })
    const evidence = await byPassword(world, 'CONN9$', 'Secret-9').impersonate({
      name: 'alice',
      realm: REALM,
      sid: world.kdc.sidOf('alice'),
    })
    assert.equal(evidence.accountName, 'alice')
  })

  it('says which key is missing when the KDC wants another type', async () => {
    const world = newWorld()
    world.kdc.tricks = demanding(17)
    await assert.rejects(world.client().ownTicket(SPN), {
      code: 'ERR_KRB_NO_KEY',
      message: /CONN1\$@CORP.EXAMPLE has no key of encryption type 17/,
    })
    world.kdc.tricks = demanding(23)
    for (const client of [world.client(), byPassword(world, 'alice', 'x')]) {
      await assert.rejects(client.ownTicket(SPN), { code: 'ERR_KRB_NO_KEY' })
    }
  })

  it('does not let an unsigned reply choose the work: iterations are bounded and well-formed', async () => {
    const world = newWorld()
    for (const [params, code] of [
      ['ffffffff', 'ERR_KRB_ETYPE'],
      ['00000000', 'ERR_KRB_ETYPE'],
      ['001000', 'ERR_KRB_DECODE'],
    ] as const) {
      world.kdc.tricks = demanding(18, Buffer.from(params, 'hex'))
      await assert.rejects(byPassword(world, 'alice', 'x').ownTicket(SPN), { code })
    }
  })

  it('demands METHOD-DATA that can be read', async () => {
    const world = newWorld()
    world.kdc.tricks = { refuse: () => ({ code: 25, eData: Uint8Array.of(0x30, 0x01) }) }
    await assert.rejects(world.client().ownTicket(SPN), { code: 'ERR_KRB_DECODE' })
  })

  const lies: readonly (readonly [string, Tricks, KerberosErrorCode])[] = [
    [
      'another nonce',
      { replyPart: (part) => ({ ...part, nonce: part.nonce ^ 1 }) },
      'ERR_KRB_REPLY_MISMATCH',
    ],
    [
      'another client',
      { reply: (r) => ({ ...r, cname: { nameType: 1, nameString: ['CONN2$'] } }) },
      'ERR_KRB_REPLY_MISMATCH',
    ],
    ['another client realm', { reply: (r) => ({ ...r, crealm: 'X' }) }, 'ERR_KRB_REPLY_MISMATCH'],
    [
      'another service',
      { replyPart: (p) => ({ ...p, sname: { nameType: 2, nameString: ['krbtgt', 'X'] } }) },
      'ERR_KRB_REPLY_MISMATCH',
    ],
    [
      'another service realm',
      { replyPart: (p) => ({ ...p, srealm: 'X' }) },
      'ERR_KRB_REPLY_MISMATCH',
    ],
    [
      'a reply under another key type',
      { reply: (r) => ({ ...r, encPart: { ...r.encPart, etype: 17 } }) },
      'ERR_KRB_REPLY_MISMATCH',
    ],
    [
      'changed octets',
      {
        reply: (r) => ({
          ...r,
          encPart: { ...r.encPart, cipher: r.encPart.cipher.map((o) => ~o) },
        }),
      },
      'ERR_KRB_INTEGRITY',
    ],
    ['a TGS-REP', { reply: (r) => ({ ...r, msgType: 13 }) }, 'ERR_KRB_DECODE'],
    ['a reply cut off', { octets: (octets) => octets.subarray(0, -1) }, 'ERR_KRB_DECODE'],
    ['nothing', { octets: () => new Uint8Array(0) }, 'ERR_KRB_DECODE'],
  ]
  for (const [name, tricks, code] of lies) {
    it(`finds out ${name}`, async () => {
      const world = newWorld()
      world.kdc.tricks = tricks
      await assert.rejects(world.client().ownTicket(SPN), { code })
    })
  }

  it('finds out a ticket that names another service than its reply', async () => {
    const world = newWorld()
    let first: Uint8Array | undefined
    world.kdc.tricks = {
      reply: (reply, kind) => {
        if (kind === 'AS') first = reply.ticket
        return kind === 'TGS' ? { ...reply, ticket: first ?? reply.ticket } : reply
      },
    }
    await assert.rejects(world.client().ownTicket(SPN), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the ticket names another service/,
    })
  })

  it('accepts an encrypted part that some KDCs tag 26', async () => {
    const world = newWorld()
    world.kdc.tricks = { asPartTag: 26 }
    assert.ok(await world.client().ownTicket(SPN))
  })
})

describe('opening the evidence', () => {
  it('says which key is missing for a ticket of another type', async () => {
    const world = newWorld()
    const client = world.client()
    world.kdc.tricks = {
      reply: (reply, kind) => {
        if (kind !== 'S4U2Self') return reply
        const ticket = Buffer.from(reply.ticket)
        // etype [0] 18 in front of kvno [1]
        ticket[ticket.indexOf(Buffer.from('a003020112a103', 'hex')) + 4] = 17
        return { ...reply, ticket }
      },
    }
    await assert.rejects(client.impersonate({ name: 'alice', realm: REALM }), {
      code: 'ERR_KRB_NO_KEY',
      message: /of encryption type 17/,
    })
  })
})
