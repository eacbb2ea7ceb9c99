/** When one KDC of a realm refuses what another grants: changes that have not reached it yet, and read-only controllers. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKey } from '../../../src/kerberos/crypto/index.ts'
import { KrbErrorCode as Krb, PaType } from '../../../src/kerberos/iana/index.ts'
import {
  decodeApReq,
  decodeTicket,
  encodeTicket,
  findPaData,
  type DecodedKdcReq,
} from '../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM, SPN } from '../../support/kerberos-world.ts'
import type { Tricks } from '../../support/memory-kdc/index.ts'
import { SeveralKdcs } from '../../support/several-kdcs.ts'

const alice = { name: 'alice', realm: REALM }
const RODC_KVNO = 0x70010001

/** It does not know our newest key yet. */
const behind: Tricks = {
  refuse: (kind, request) =>
    kind === 'AS' && findPaData(request.padata, PaType.PA_ENC_TIMESTAMP) !== undefined
      ? { code: Krb.KDC_ERR_PREAUTH_FAILED }
      : undefined,
}

function isWithReadOnlyTgt(request: DecodedKdcReq): boolean {
  const value = findPaData(request.padata, PaType.PA_TGS_REQ)
  if (value === undefined) return false
  return decodeTicket(decodeApReq(value).ticket).encPart.kvno === RODC_KVNO
}

/** As Samba does it, be the controller that is asked read-only or not. */
const samba: Tricks = {
  refuse: (kind, request) =>
    kind === 'S4U2Self' && isWithReadOnlyTgt(request)
      ? { code: Krb.KDC_ERR_C_PRINCIPAL_UNKNOWN }
      : undefined,
}

const readOnly: Tricks = {
  ...samba,
  reply: (reply, kind) => {
    if (kind !== 'AS') return reply
    const ticket = decodeTicket(reply.ticket)
    const encPart = { ...ticket.encPart, kvno: RODC_KVNO }
    return { ...reply, ticket: encodeTicket({ ...ticket, encPart }) }
  },
}

const setUp = (...faces: readonly Tricks[]) => {
  const world = newWorld()
  const transport = new SeveralKdcs(world.kdc, faces)
  return { ...world, transport, client: world.client('CONN1$', { transport }) }
}

describe('KDCs that learn one after the other', () => {
  it('lets the next KDC decide about a key that the first does not know', async () => {
    const { client, transport } = setUp(behind, {})
    assert.ok(await client.ownTicket(SPN))
    assert.deepEqual(transport.asked, [0, 0, 1, 1, 0])
  })

  it('asks one other alone, for a wrong password counts at each', async () => {
    const { client, transport } = setUp(behind, behind, {})
    await assert.rejects(client.ownTicket(SPN), { code: 'ERR_KRB_PREAUTH_FAILED' })
    assert.deepEqual(transport.asked, [0, 0, 1, 1])
  })

  it('reports what the first said when there is no other', async () => {
    const { client, transport } = setUp(behind)
    await assert.rejects(client.ownTicket(SPN), { code: 'ERR_KRB_PREAUTH_FAILED' })
    assert.deepEqual(transport.asked, [0, 0])
  })

  it('asks no other about anything else', async () => {
    const revoked: Tricks = { refuse: () => ({ code: Krb.KDC_ERR_CLIENT_REVOKED }) }
    const { client, transport } = setUp(revoked, {})
    await assert.rejects(client.ownTicket(SPN), { code: 'ERR_KRB_CLIENT_REVOKED' })
    assert.deepEqual(transport.asked, [0])
  })

  it('gets evidence that its key opens from the next KDC', async () => {
    const foreign = generateKey(18, random)
    const other: Tricks = {
      reply: (reply, kind) => {
        if (kind !== 'S4U2Self') return reply
        const ticket = decodeTicket(reply.ticket)
        const cipher = random.bytes(ticket.encPart.cipher.length)
        return {
          ...reply,
          ticket: encodeTicket({ ...ticket, encPart: { etype: foreign.etype, cipher } }),
        }
      },
    }
    const { client, transport } = setUp(other, {})
    assert.equal((await client.impersonate(alice)).accountName, 'alice')
    assert.deepEqual(transport.asked, [0, 0, 0, 1])
    assert.deepEqual(
      transport.distrusted.map(([kdc]) => kdc),
      [0],
    )
  })

  it('gives up when told to, without asking the next', async () => {
    const { client, transport } = setUp(behind, {})
    const signal = AbortSignal.abort(new Error('enough'))
    await assert.rejects(client.impersonate(alice, signal), { code: 'ERR_KRB_ABORTED' })
    assert.ok(!transport.asked.includes(1))
  })
})

describe('a KDC that lies beside one that does not', () => {
  /** Another's name outside the encrypted part of these replies. */
  const lying = (...kinds: readonly string[]): Tricks => ({
    reply: (reply, kind) =>
      kinds.includes(kind) ? { ...reply, cname: { nameType: 1, nameString: ['mallory'] } } : reply,
  })

  for (const kind of ['AS', 'TGS', 'S4U2Self', 'S4U2Proxy']) {
    it(`costs one more exchange, and is told of, for a reply to ${kind}`, async () => {
      const { client, transport } = setUp(lying(kind), {})
      const evidence = await client.impersonate(alice)
      assert.ok(await client.delegate(evidence, SPN))
      assert.ok(await client.ownTicket(SPN))
      assert.deepEqual(
        transport.distrusted.map(([kdc]) => kdc),
        [0],
      )
      assert.match(transport.distrusted[0]?.[1] ?? '', /mallory/)
    })
  }

  it('is not told of when the others say the same: then it is not the KDC', async () => {
    const { client, transport } = setUp(lying('S4U2Self'), lying('S4U2Self'), {})
    await assert.rejects(client.impersonate(alice), { code: 'ERR_KRB_REPLY_MISMATCH' })
    assert.deepEqual(transport.distrusted, [])
    assert.deepEqual(transport.asked, [0, 0, 0, 1])
  })
})

describe('read-only domain controllers', () => {
  it('acts for users with a writable controller’s ticket when that of a read-only one does not do', async () => {
    const { client, transport } = setUp(readOnly, readOnly, samba)
    const [one, two] = await Promise.all([client.impersonate(alice), client.impersonate(alice)])
    assert.deepEqual([one.accountName, two.accountName], ['alice', 'alice'])
    const asTwice = [0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 0, 0]
    assert.deepEqual(transport.asked, asTwice)
    assert.ok(await client.delegate(one, SPN))
  })

  it('keeps to the read-only controller’s as long as it does', async () => {
    const { client, transport } = setUp({ ...readOnly, refuse: () => undefined }, samba)
    assert.equal((await client.impersonate(alice)).accountName, 'alice')
    assert.deepEqual(transport.asked, [0, 0, 0])
  })

  it('says what to do when no writable one is there, and tries again only later', async () => {
    const { client, transport, clock } = setUp(readOnly)
    const refused = { code: 'ERR_KRB_CLIENT_UNKNOWN', krbErrorCode: 6, mend: /read-only/ }
    await assert.rejects(client.impersonate(alice), refused)
    assert.deepEqual(transport.asked, [0, 0, 0, 0, 0])
    await assert.rejects(client.impersonate(alice), refused)
    assert.deepEqual(transport.asked.length, 6)
    await clock.advance(30_000)
    await assert.rejects(client.impersonate(alice), refused)
    assert.deepEqual(transport.asked.length, 9)
  })

  it('believes a writable controller that a user is unknown', async () => {
    const { client, transport } = setUp(samba, samba)
    await assert.rejects(client.impersonate({ name: 'nobody', realm: REALM }), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      mend: /Windows Authorization Access Group/,
    })
    assert.deepEqual(transport.asked, [0, 0, 0])
  })
})
