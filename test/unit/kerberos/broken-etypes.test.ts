/** DES and RC4 are refused, and the error names the account whose keys must be renewed. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KerberosClientOptions } from '../../../src/kerberos/index.ts'
import { decodeTicket, encodeTicket, type KdcRep } from '../../../src/kerberos/messages/index.ts'
import { newWorld, REALM, SPN, type World } from '../../support/kerberos-world.ts'
import type { Kind } from '../../support/memory-kdc/index.ts'

/** The KDC puts tickets of this exchange under a key of another type. */
function sealing(world: World, only: Kind, etype: number): void {
  world.kdc.tricks = {
    reply: (reply, kind): KdcRep => {
      if (kind !== only) return reply
      const ticket = decodeTicket(reply.ticket)
      const encPart = { ...ticket.encPart, etype }
      return { ...reply, ticket: encodeTicket({ ...ticket, encPart }) }
    },
  }
}

const alice = { name: 'alice', realm: REALM }

describe('a ticket under RC4 or DES', () => {
  for (const [etype, name] of [
    [23, 'rc4-hmac'],
    [24, 'rc4-hmac-exp'],
    [3, 'des-cbc-md5'],
    [16, 'des3-cbc-sha1-kd'],
  ] as const) {
    it(`is refused by the name of its service: ${name}`, async () => {
      const world = newWorld()
      const connector = world.client()
      const evidence = await connector.impersonate(alice)
      sealing(world, 'S4U2Proxy', etype)
      await assert.rejects(connector.delegate(evidence, SPN), {
        code: 'ERR_KRB_ETYPE',
        message: `S4U2Proxy: the KDC put the ticket for ${SPN}@${REALM} under ${name} (etype ${etype}): ${SPN}@${REALM} has no AES keys, or may not use them`,
        mend: /^The account is HTTP\/iwa.corp.example@CORP.EXAMPLE. .*msDS-SupportedEncryptionTypes/,
      })
    })
  }

  it('is let pass where the setting says so, for we never open it', async () => {
    const world = newWorld()
    const connector = world.client('CONN1$', { brokenTicketKeys: 'accept' })
    const evidence = await connector.impersonate(alice)
    sealing(world, 'S4U2Proxy', 23)
    assert.deepEqual((await connector.delegate(evidence, SPN)).client.nameString, ['alice'])
  })

  it('to ourselves is refused whatever the setting says', async () => {
    const world = newWorld()
    for (const brokenTicketKeys of ['accept', 'refuse'] as const) {
      const connector = world.client('CONN1$', { brokenTicketKeys })
      sealing(world, 'S4U2Self', 23)
      await assert.rejects(connector.impersonate(alice), {
        code: 'ERR_KRB_ETYPE',
        message: /CONN1\$@CORP.EXAMPLE has no AES keys/,
      })
    }
  })

  it('of a type that we do not know is none of our business', async () => {
    const world = newWorld()
    const connector = world.client()
    const evidence = await connector.impersonate(alice)
    sealing(world, 'S4U2Proxy', 26)
    assert.ok(await connector.delegate(evidence, SPN))
  })
})

describe('a KDC’s reply under RC4', () => {
  it('is refused by our own name', async () => {
    const world = newWorld()
    world.kdc.tricks = {
      reply: (reply) => ({ ...reply, encPart: { ...reply.encPart, etype: 23 } }),
    }
    await assert.rejects(world.client().armorTicket(), {
      code: 'ERR_KRB_ETYPE',
      message: /its reply to CONN1\$@CORP.EXAMPLE under rc4-hmac/,
    })
  })
})

describe('KDC_ERR_ETYPE_NOSUPP', () => {
  const refused = (only: Kind, options: Partial<KerberosClientOptions> = {}) => {
    const world = newWorld()
    world.kdc.tricks = { refuse: (kind) => (kind === only ? { code: 14 } : undefined) }
    return world.client('CONN1$', options)
  }

  it('names the account whose keys must be renewed', async () => {
    await assert.rejects(refused('AS').armorTicket(), {
      code: 'ERR_KRB_ETYPE',
      mend: /^Renew the AES keys of CONN1\$@CORP.EXAMPLE: /,
    })
    await assert.rejects(refused('S4U2Self').impersonate(alice), {
      code: 'ERR_KRB_ETYPE',
      mend: /^Renew the AES keys of CONN1\$@CORP.EXAMPLE: /,
    })
    const connector = refused('S4U2Proxy')
    await assert.rejects(connector.delegate(await connector.impersonate(alice), SPN), {
      code: 'ERR_KRB_ETYPE',
      mend: /^Renew the AES keys of HTTP\/iwa.corp.example@CORP.EXAMPLE: /,
    })
    await assert.rejects(refused('TGS').ownTicket(SPN), {
      code: 'ERR_KRB_ETYPE',
      mend: /^Renew the AES keys of HTTP\/iwa.corp.example@CORP.EXAMPLE: /,
    })
  })
})
