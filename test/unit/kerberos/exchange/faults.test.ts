/** Every way in which a KDC, or someone on the way to it, can lie about an S4U2Self or S4U2Proxy is found out. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PaType } from '../../../../src/kerberos/iana/index.ts'
import {
  decodeKdcReq,
  encodeKdcReq,
  findPaData,
  type PaData,
} from '../../../../src/kerberos/messages/index.ts'
import { newWorld, REALM, SPN, type World } from '../../../support/kerberos-world.ts'
import { BOB, S4U2PROXY, S4U2SELF } from './faults.ts'

const alice = { name: 'alice', realm: REALM }

async function evidenceOf(world: World) {
  return world.client().impersonate({ ...alice, sid: world.kdc.sidOf('alice') })
}

describe('S4U2Self', () => {
  for (const { name, tricks, code, says } of S4U2SELF) {
    it(`finds out ${name}`, async () => {
      const world = newWorld()
      world.kdc.tricks = tricks
      await assert.rejects(evidenceOf(world), { code, message: says })
    })
  }

  it('finds out a signed PA-S4U-X509-USER of another request', async () => {
    const world = newWorld()
    let earlier: readonly PaData[] | undefined
    world.kdc.tricks = {
      reply: (reply, kind) => {
        if (kind !== 'S4U2Self') return reply
        const answer = { ...reply, padata: earlier ?? reply.padata }
        earlier = reply.padata
        return answer
      },
    }
    const connector = world.client()
    await connector.impersonate(alice)
    await assert.rejects(connector.impersonate(alice), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /another nonce in PA-S4U-X509-USER/,
    })
  })

  it('finds out who swaps the user in the request and the names in the reply', async () => {
    const world = newWorld()
    const connector = world.client()
    let bobs: readonly PaData[] = []
    world.kdc.tricks = {
      request: (octets) => {
        bobs = (decodeKdcReq(octets).padata ?? []).slice(1)
        return octets
      },
    }
    await connector.impersonate({ name: 'bob', realm: REALM })
    assert.ok(findPaData(bobs, PaType.PA_FOR_USER))
    const [bobForUser] = bobs
    world.kdc.tricks = {
      request: (octets) => {
        const request = decodeKdcReq(octets)
        const [ours] = request.padata ?? []
        assert.ok(ours && bobForUser)
        return encodeKdcReq({ ...request, padata: [ours, bobForUser] })
      },
      reply: (reply) => ({ ...reply, cname: { nameType: 1, nameString: ['alice'] } }),
    }
    await assert.rejects(connector.impersonate(alice), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the ticket is bob@CORP.EXAMPLE’s, the reply says alice@CORP.EXAMPLE/,
    })
  })

  it('finds out the reply to another request of the same client', async () => {
    const world = newWorld()
    const connector = world.client()
    let earlier: Uint8Array | undefined
    world.kdc.tricks = {
      octets: (octets, kind) => (kind === 'S4U2Self' ? (earlier ??= octets) : octets),
    }
    await connector.impersonate(alice)
    await assert.rejects(connector.impersonate(alice), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /another nonce/,
    })
  })

  it('finds out a UPN that leads to an account of another UPN', async () => {
    const world = newWorld()
    world.kdc.tricks = {
      ticketPart: (part, kind) => (kind === 'S4U2Self' ? { ...part, cname: BOB } : part),
      reply: (reply, kind) => (kind === 'S4U2Self' ? { ...reply, cname: BOB } : reply),
      pac: (content) => ({
        ...content,
        clientName: 'bob',
        upn: { name: 'else@contoso.test', dnsDomainName: 'corp.example', extended: true },
      }),
    }
    const user = { name: 'robert@contoso.test', realm: REALM, enterprise: true }
    await assert.rejects(world.client().impersonate(user), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /user principal name/,
    })
    const sid = world.kdc.sidOf('bob')
    assert.equal((await world.client().impersonate({ ...user, sid })).sid, sid)
  })

  it('says that the keytab is stale when the ticket does not open', async () => {
    const world = newWorld()
    const [known] = world.kdc.keytab('CONN1$')
    assert.ok(known)
    let asked = 0
    const identity = { principal: known.principal, realm: REALM, keys: [known] }
    const connector = world.client('CONN1$', { identity })
    world.kdc.tricks = {
      reply: (reply, kind) => {
        if (kind !== 'S4U2Self') return reply
        asked += 1
        const ticket = new Uint8Array(reply.ticket)
        ticket[ticket.length - 1] = (ticket.at(-1) ?? 0) ^ 1
        return { ...reply, ticket }
      },
    }
    await assert.rejects(connector.impersonate(alice), {
      code: 'ERR_KRB_INTEGRITY',
      message: /none of our keys of etype 18 opens the ticket, key version 2/,
    })
    assert.equal(asked, 1)
  })
})

describe('S4U2Proxy', () => {
  it('asks no KDC for a ticket that may not be forwarded', async () => {
    for (const [name, user] of [
      ['CONN1$', 'carol'],
      ['CONN2$', 'alice'],
    ] as const) {
      const { kdc, client } = newWorld()
      const connector = client(name)
      const evidence = await connector.impersonate({ name: user, realm: REALM })
      assert.equal(evidence.forwardable, false)
      await assert.rejects(connector.delegate(evidence, SPN), { code: 'ERR_KRB_NOT_FORWARDABLE' })
      assert.equal(kdc.counts.S4U2Proxy, 0)
    }
  })

  for (const { name, tricks, code, says } of S4U2PROXY) {
    it(`finds out ${name}`, async () => {
      const world = newWorld()
      const connector = world.client()
      const evidence = await connector.impersonate(alice)
      world.kdc.tricks = tricks
      await assert.rejects(connector.delegate(evidence, SPN), { code, message: says })
    })
  }
})
