import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KerberosErrorCode } from '../../../../src/kerberos/errors.ts'
import { KerberosClient } from '../../../../src/kerberos/client.ts'
import type { KerberosClientOptions } from '../../../../src/kerberos/client-options.ts'
import { decrypt, encrypt, stringToKey } from '../../../../src/kerberos/crypto/index.ts'
import {
  decodeTicket,
  encodeEtypeInfo2,
  encodeMethodData,
  encodeTicket,
  findPaData,
} from '../../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM, SPN, type World } from '../../../support/kerberos-world.ts'
import type { Tricks } from '../../../support/memory-kdc/index.ts'

function byPassword(
  { kdc, clock }: World,
  ...[name, password, options = {}]: [string, string, Partial<KerberosClientOptions>?]
): KerberosClient {
  const identity = {
    principal: { nameType: 1, nameString: [name] },
    realm: REALM,
    keys: { password },
  }
  return new KerberosClient({ identity, transport: kdc, clock, random, ...options })
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
    for (const [params, code, says] of [
      ['ffffffff', 'ERR_KRB_ETYPE', /with 4294967295 iterations, allowed are 4096 to 100000/],
      // RFC 3962 section 4: 0 stands for 2^32.
      ['00000000', 'ERR_KRB_ETYPE', /with 4294967296 iterations/],
      ['000186a1', 'ERR_KRB_ETYPE', /with 100001 iterations/],
      // So few would let who listens guess the password fast.
      ['00000fff', 'ERR_KRB_ETYPE', /with 4095 iterations/],
      ['00000001', 'ERR_KRB_ETYPE', /with 1 iterations/],
      ['001000', 'ERR_KRB_DECODE', /4 octets wanted/],
    ] as const) {
      world.kdc.tricks = demanding(18, Buffer.from(params, 'hex'))
      const alice = byPassword(world, 'alice', 'x')
      await assert.rejects(alice.ownTicket(SPN), { code, message: says })
    }
  })

  it('lets settings choose the bounds of that work', async () => {
    const world = newWorld()
    world.kdc.tricks = demanding(18, Buffer.from('00000002', 'hex'))
    const few = byPassword(world, 'alice', 'x', { minStringToKeyIterations: 2 })
    await assert.rejects(few.ownTicket(SPN), { code: 'ERR_KRB_KDC_REPLY' })
    world.kdc.tricks = demanding(18)
    const short = byPassword(world, 'alice', 'x', { maxSaltOctets: 3 })
    await assert.rejects(short.ownTicket(SPN), {
      code: 'ERR_KRB_ETYPE',
      message: /with a salt of 4 octets, allowed are 3/,
    })
    const nonsense = { minStringToKeyIterations: 9, maxStringToKeyIterations: 8 }
    assert.throws(() => byPassword(world, 'alice', 'x', nonsense), RangeError)
  })

  it('lets a keytab alone with that work: its keys are made', async () => {
    const world = newWorld()
    let asked = 0
    world.kdc.tricks = {
      refuse: () => {
        const info = { etype: 18, salt: 'x'.repeat(2000), s2kparams: new Uint8Array(4) }
        const padata = { padataType: 19, padataValue: encodeEtypeInfo2([info]) }
        const eData = encodeMethodData([padata])
        return asked++ === 0 ? { code: 25, eData } : undefined
      },
    }
    assert.ok(await world.client().armorTicket())
  })

  it('takes the reply’s word for how its key is made, when that is of another type than the proof', async () => {
    const world = newWorld()
    const secret = 'Wonderland-1'
    const other = stringToKey(17, secret, 'pepper')
    world.kdc.tricks = {
      reply: (reply) => {
        const info = encodeEtypeInfo2([{ etype: 17, salt: 'pepper' }])
        const padata = [{ padataType: 19, padataValue: info }]
        const proven = stringToKey(18, secret, `${REALM}salt-of-alice`)
        const plain = decrypt(proven, 3, reply.encPart.cipher)
        return {
          ...reply,
          padata,
          encPart: { etype: 17, cipher: encrypt(other, 3, plain, random) },
        }
      },
    }
    assert.ok(await byPassword(world, 'alice', secret).armorTicket())
    const strict = byPassword(world, 'alice', secret, { etypes: [18] })
    await assert.rejects(strict.armorTicket(), { code: 'ERR_KRB_REPLY_MISMATCH' })
  })

  it('opens a reply to no proof with an older version of our key', async () => {
    const world = newWorld()
    world.kdc.add({ name: 'open$', withoutProof: true })
    const [known] = world.kdc.keytab('open$')
    assert.ok(known)
    const newer = { ...known, kvno: 3, key: { etype: 18, value: random.bytes(32) } }
    const identity = { principal: known.principal, realm: REALM, keys: [known, newer] }
    assert.ok(await world.client('open$', { identity }).armorTicket())
    const wrong = { ...identity, keys: [newer] }
    await assert.rejects(world.client('open$', { identity: wrong }).armorTicket(), {
      code: 'ERR_KRB_INTEGRITY',
    })
  })

  it('passes over salts in the older forms', async () => {
    const world = newWorld()
    let asked = 0
    world.kdc.tricks = {
      refuse: () => {
        const eData = encodeMethodData([
          { padataType: 3, padataValue: Buffer.from('evil') },
          { padataType: 11, padataValue: Buffer.from('3000', 'hex') },
          {
            padataType: 19,
            padataValue: encodeEtypeInfo2([{ etype: 18, salt: `${REALM}salt-of-alice` }]),
          },
        ])
        return asked++ === 0 ? { code: 25, eData } : undefined
      },
    }
    assert.ok(await byPassword(world, 'alice', 'Wonderland-1').armorTicket())
  })

  it('gives back the cookie that came with the demand for proof', async () => {
    const world = newWorld()
    const cookie = { padataType: 133, padataValue: Buffer.from('biscuit') }
    const info = encodeEtypeInfo2([{ etype: 18 }])
    const eData = encodeMethodData([{ padataType: 19, padataValue: info }, cookie])
    const seen: unknown[] = []
    world.kdc.tricks = {
      refuse: (_, { padata }) => {
        seen.push(Buffer.from(findPaData(padata, 133) ?? []).toString())
        return seen.length === 1 ? { code: 25, eData } : undefined
      },
    }
    await world.client().armorTicket()
    assert.deepEqual(seen, ['', 'biscuit'])
  })

  it('asks for exactly our name where the KDC shall not canonicalise', async () => {
    const world = newWorld()
    const asked: number[] = []
    world.kdc.tricks = {
      refuse: (_, { body }) => {
        asked.push(body.kdcOptions)
        return undefined
      },
    }
    await world.client('CONN1$', { canonicalize: false }).armorTicket()
    await world.client().armorTicket()
    assert.deepEqual(asked, [0x40000010, 0x40000010, 0x40010010, 0x40010010])
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

  it('takes no other realm’s ticket-granting ticket for an answer, whoever names it', async () => {
    const world = newWorld()
    const sname = { nameType: 2, nameString: ['krbtgt', 'EVIL.EXAMPLE'] }
    world.kdc.tricks = {
      replyPart: (part, kind) => (kind === 'AS' ? { ...part, sname } : part),
      reply: (reply, kind) => {
        if (kind !== 'AS') return reply
        return { ...reply, ticket: encodeTicket({ ...decodeTicket(reply.ticket), sname }) }
      },
    }
    await assert.rejects(world.client().ticketGrantingTicket(), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /a ticket to krbtgt\/EVIL.EXAMPLE@CORP.EXAMPLE, not to krbtgt\/CORP.EXAMPLE/,
    })
  })

  for (const late of ['AS', 'TGS'] as const) {
    it(`finds out a ticket that outlives what was asked for (${late})`, async () => {
      const world = newWorld()
      world.kdc.tricks = {
        replyPart: (part, kind) =>
          kind === late ? { ...part, endTimeMs: part.endTimeMs + 3_600_000 } : part,
      }
      await assert.rejects(world.client().ownTicket(SPN), {
        code: 'ERR_KRB_REPLY_MISMATCH',
        message: /ends later than was asked for/,
      })
    })
  }

  it('finds out a renewable ticket that nobody asked for, beyond the time asked for', async () => {
    const world = newWorld()
    world.kdc.tricks = {
      replyPart: (part, kind) =>
        kind === 'AS' ? { ...part, renewTillMs: part.endTimeMs + 86_400_000 } : part,
    }
    await assert.rejects(world.client().ownTicket(SPN), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /renewable for longer than was asked for/,
    })
  })

  it('lets no name off the wire fill a log or steer a terminal', async () => {
    const world = newWorld()
    world.kdc.tricks = { reply: (r) => ({ ...r, crealm: `\u001b[2J\r${'X'.repeat(100_000)}` }) }
    await assert.rejects(world.client().ownTicket(SPN), (error: Error) => {
      assert.match(error.message, /a ticket for CONN1\$@ \[2J X+…$/)
      assert.equal(error.message.length, 2048)
      return true
    })
  })

  it('accepts an encrypted part that some KDCs tag 26', async () => {
    const world = newWorld()
    world.kdc.tricks = { partTag: 26 }
    assert.ok(await world.client().ownTicket(SPN))
  })

  it('but in the TGS exchange none that is tagged 25', async () => {
    const world = newWorld()
    world.kdc.tricks = { partTag: 25 }
    await assert.rejects(world.client().ownTicket(SPN), {
      code: 'ERR_KRB_DECODE',
      message: /^EncKDCRepPart: tag 0x7a wanted, 0x79 found/,
    })
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
