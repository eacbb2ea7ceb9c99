/** Every lie under armour and about it (FAST, RFC 6113) is found out. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KerberosErrorCode } from '../../../../src/kerberos/errors.ts'
import { KdcReplyError } from '../../../../src/kerberos/index.ts'
import { PaType } from '../../../../src/kerberos/iana/index.ts'
import {
  decodeKdcRep,
  decodeKrbError,
  encodeEtypeInfo2,
  encodeKrbError,
  encodeMethodData,
  findPaData,
  isKrbError,
  type KrbFastResponse,
} from '../../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM } from '../../../support/kerberos-world.ts'
import type { Kind, Tricks } from '../../../support/memory-kdc/index.ts'
import { alice, armoredWorld, byPassword, machineOf } from './armored-world.ts'

const INFO = encodeEtypeInfo2([{ etype: 18, salt: `${REALM}salt-of-alice` }])

const lie = (change: (response: KrbFastResponse) => KrbFastResponse): Tricks => ({ fast: change })
const finished = (change: Partial<NonNullable<KrbFastResponse['finished']>>): Tricks =>
  lie((r) => (r.finished ? { ...r, finished: { ...r.finished, ...change } } : r))
const anotherKey = { etype: 18, value: random.bytes(32) }

interface Lie {
  readonly name: string
  readonly tricks: Tricks
  readonly code: KerberosErrorCode
  readonly says: RegExp
}

const LIES: readonly Lie[] = [
  {
    name: 'another nonce under the armour',
    tricks: lie((response) => ({ ...response, nonce: response.nonce ^ 1 })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /another nonce under the armour/,
  },
  {
    name: 'no end of the conversation',
    tricks: lie((response) => ({ ...response, finished: undefined })),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /nothing under the armour names the ticket/,
  },
  {
    name: 'a checksum of another ticket',
    tricks: finished({ ticketChecksum: { cksumtype: 16, checksum: new Uint8Array(12) } }),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /about another ticket/,
  },
  {
    name: 'a checksum without a key',
    tricks: finished({ ticketChecksum: { cksumtype: 14, checksum: new Uint8Array(20) } }),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /about another ticket/,
  },
  {
    name: 'another client under the armour',
    tricks: finished({ cname: { nameType: 1, nameString: ['bob'] } }),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /a ticket for bob@CORP.EXAMPLE, not for/,
  },
  {
    name: 'another client realm under the armour',
    tricks: finished({ crealm: 'EVIL.EXAMPLE' }),
    code: 'ERR_KRB_REPLY_MISMATCH',
    says: /@EVIL.EXAMPLE/,
  },
  {
    name: 'another strengthen-key than was used',
    tricks: lie((r) => (r.strengthenKey ? { ...r, strengthenKey: anotherKey } : r)),
    code: 'ERR_KRB_INTEGRITY',
    says: /decryption failed|none of our keys opens/,
  },
  {
    name: 'a strengthen-key that was used and not said',
    tricks: lie((r) => ({ ...r, strengthenKey: undefined })),
    code: 'ERR_KRB_INTEGRITY',
    says: /decryption failed|none of our keys opens/,
  },
  {
    name: 'a reply’s key that is not strengthened as is said',
    tricks: { strengthenOtherwise: true },
    code: 'ERR_KRB_INTEGRITY',
    says: /decryption failed|none of our keys opens/,
  },
  {
    name: 'an armour under another key',
    tricks: {
      reply: (reply) => ({
        ...reply,
        padata: (reply.padata ?? []).map((piece) => ({
          ...piece,
          padataValue: flipLast(piece.padataValue),
        })),
      }),
    },
    code: 'ERR_KRB_INTEGRITY',
    says: /decryption failed|none of our keys opens/,
  },
]

function flipLast(octets: Uint8Array): Uint8Array {
  const flipped = new Uint8Array(octets)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  return flipped
}

describe('under armour', () => {
  for (const { name, tricks, code, says } of LIES) {
    it(`finds out ${name}, in AS`, async () => {
      const world = armoredWorld()
      const armor = await machineOf(world)
      world.kdc.tricks = tricks
      const user = byPassword(world, 'Wonderland-1', { armor, canonicalize: false })
      await assert.rejects(user.armorTicket(), { code, message: says })
    })

    it(`finds out ${name}, in S4U2Self`, async () => {
      const world = armoredWorld()
      const connector = world.client()
      await connector.armorTicket()
      world.kdc.tricks = tricks
      await assert.rejects(connector.impersonate(alice), { code, message: says })
    })
  }

  it('finds out a KDC’s challenge that is not under our key', async () => {
    const world = armoredWorld()
    const armor = await machineOf(world)
    world.kdc.tricks = { challengeKey: anotherKey }
    await assert.rejects(byPassword(world, 'Wonderland-1', { armor }).armorTicket(), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the KDC’s own challenge is not under our key/,
    })
  })

  it('finds out who takes the armour off a reply', async () => {
    const world = armoredWorld()
    const connector = world.client()
    await connector.armorTicket()
    world.kdc.tricks = { reply: (reply) => ({ ...reply, padata: undefined }) }
    await assert.rejects(connector.impersonate(alice), {
      code: 'ERR_KRB_FAST',
      message: /S4U2Self: the KDC answered an armoured request without armour/,
    })
  })

  it('finds out an armoured error that holds none, or belongs to another request', async () => {
    for (const [change, says] of [
      [(r: KrbFastResponse) => ({ ...r, padata: [] }), /no error under the armour/],
      [(r: KrbFastResponse) => ({ ...r, nonce: r.nonce ^ 1 }), /another nonce under the armour/],
    ] as const) {
      const world = armoredWorld()
      const connector = world.client()
      await connector.armorTicket()
      const refuse: Tricks['refuse'] = (kind) => (kind === 'S4U2Self' ? { code: 6 } : undefined)
      world.kdc.tricks = { refuse, fast: change }
      await assert.rejects(connector.impersonate(alice), {
        code: 'ERR_KRB_REPLY_MISMATCH',
        message: says,
      })
    }
  })

  it('tells an error in the open from the KDC’s word', async () => {
    const world = armoredWorld()
    const connector = world.client()
    await connector.armorTicket()
    const refuse: Tricks['refuse'] = (kind) => (kind === 'S4U2Self' ? { code: 18 } : undefined)
    world.kdc.tricks = { refuse }
    const honest = world.kdc.exchange.bind(world.kdc)
    world.kdc.exchange = async (realm, octets) => {
      const reply = await honest(realm, octets)
      return encodeKrbError({ ...decodeKrbError(reply), errorCode: 6, eData: undefined })
    }
    await assert.rejects(connector.impersonate(alice), (error) => {
      assert.ok(error instanceof KdcReplyError)
      assert.deepEqual([error.krbErrorCode, error.armored], [6, false])
      return true
    })
  })

  it('believes no error in the open where armour is required', async () => {
    const world = armoredWorld()
    const connector = world.client('CONN1$', { fast: 'required' })
    await connector.armorTicket()
    world.kdc.tricks = { refuse: (kind) => (kind === 'S4U2Self' ? { code: 18 } : undefined) }
    await assert.rejects(connector.impersonate(alice), { code: 'ERR_KRB_CLIENT_REVOKED' })
    const honest = world.kdc.exchange.bind(world.kdc)
    world.kdc.exchange = async (realm, octets) => {
      const reply = await honest(realm, octets)
      return isKrbError(reply)
        ? encodeKrbError({ ...decodeKrbError(reply), errorCode: 6, eData: undefined })
        : reply
    }
    await assert.rejects(connector.impersonate(alice), {
      code: 'ERR_KRB_FAST',
      message: /S4U2Self: the KDC refused an armoured request in the open: .*\(6\)/,
    })
  })

  it('but one that says the ticket-granting ticket is stale: no KDC can armour that', async () => {
    const world = armoredWorld()
    const connector = world.client('CONN1$', { fast: 'required' })
    await connector.armorTicket()
    world.kdc.changeKrbtgtKey()
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    assert.equal(world.kdc.counts.AS, 4)
  })

  it('reads methods that an old KDC sends as TYPED-DATA', async () => {
    const world = armoredWorld()
    const armor = await machineOf(world)
    const honest = world.kdc.exchange.bind(world.kdc)
    world.kdc.exchange = async (realm, octets) => asTypedData(await honest(realm, octets))
    const user = byPassword(world, 'Wonderland-1', { armor })
    assert.ok(await user.armorTicket())
  })
})

/** The same e-data with the tags of TYPED-DATA: [0] and [1] instead of [1] and [2]. */
function asTypedData(reply: Uint8Array): Uint8Array {
  if (reply[0] !== 0x7e) return reply
  const error = decodeKrbError(reply)
  const eData = Buffer.from(error.eData ?? [])
  const at = eData.indexOf(Buffer.from('a10402020088a2', 'hex'))
  if (at < 0) return reply
  eData[at] = 0xa0
  eData[at + 6] = 0xa1
  return encodeKrbError({ ...error, eData })
}

describe('what the KDC saw of an AS-REQ', () => {
  const AS_ONLY = (kind: Kind): boolean => kind === 'AS'

  it('is compared with what was sent, where it says so', async () => {
    const world = armoredWorld()
    world.kdc.tricks = { requestSeen: (octets) => octets.subarray(1) }
    await assert.rejects(world.client().armorTicket(), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the KDC got another request than we sent/,
    })
  })

  it('must be told by who promised it', async () => {
    const world = armoredWorld()
    world.kdc.tricks = {
      replyPart: (part, kind) => (AS_ONLY(kind) ? { ...part, encryptedPaData: [] } : part),
    }
    await assert.rejects(world.client().armorTicket(), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /no checksum of the request/,
    })
  })

  it('shows who hid that the KDC armours', async () => {
    const world = armoredWorld()
    const armor = await machineOf(world)
    const honest = world.kdc.exchange.bind(world.kdc)
    world.kdc.exchange = async (realm, octets) => withoutOffer(await honest(realm, octets))
    await assert.rejects(byPassword(world, 'Wonderland-1', { armor }).armorTicket(), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the KDC offers armour \(FAST\), but its first answer did not/,
    })
  })

  it('ends with the ticket: later ones are known by it to be armoured', async () => {
    const world = armoredWorld()
    const ticket = await world.client().armorTicket()
    assert.equal(ticket.fastAvailable, true)
    assert.equal((await newWorld().client().armorTicket()).fastAvailable, undefined)
  })

  /** Someone on the way answers armoured requests as a KDC does that knows no armour. */
  function withoutOffer(reply: Uint8Array): Uint8Array {
    if (reply[0] !== 0x7e) {
      assert.equal(findPaData(decodeKdcRep(reply, 11).padata, PaType.PA_FX_FAST), undefined)
      return reply
    }
    const error = decodeKrbError(reply)
    const salt = { padataType: PaType.PA_ETYPE_INFO2, padataValue: INFO }
    return encodeKrbError({ ...error, errorCode: 25, eData: encodeMethodData([salt]) })
  }
})
