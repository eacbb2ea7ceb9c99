/** Enterprise names (RFC 6806): whose realm they belong to is found out, for ourselves and for users. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KerberosClient, KerberosClientOptions } from '../../../src/kerberos/index.ts'
import { formatPrincipal } from '../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM, SPN } from '../../support/kerberos-world.ts'
import { MemoryKdc, MemoryRealms, trust } from '../../support/memory-kdc/index.ts'

const FAR = 'FAR.EXAMPLE'
const FAR_SPN = 'HTTP/web.far.example'
const ZOE = 'zoe@branch.test'
const zoe = { name: ZOE, realm: REALM, enterprise: true }

/** CORP.EXAMPLE and FAR.EXAMPLE trust each other; names ending in branch.test are FAR.EXAMPLE's. */
function twoRealms() {
  const { kdc: corp, clock, client } = newWorld()
  const far = new MemoryKdc(FAR, { clock, random })
  far.directory.domainSid = 'S-1-5-21-7000-8000-9000'
  far
    .add({ name: 'krbtgt', spns: [`krbtgt/${FAR}`] })
    .add({ name: 'zoe', upn: ZOE, password: 'Branch-1' })
    .add({ name: 'svc-web', spns: [FAR_SPN] })
  trust(corp, far, random)
  corp.trusts.addSuffix('branch.test', FAR)
  const transport = new MemoryRealms().add(corp, far)
  const connector = (options: Partial<KerberosClientOptions> = {}): KerberosClient =>
    client('CONN1$', { transport, ...options })
  const identity = {
    principal: { nameType: 10, nameString: [ZOE] },
    realm: REALM,
    keys: { password: 'Branch-1' },
  }
  const ourselves = (options: Partial<KerberosClientOptions> = {}): KerberosClient =>
    connector({ identity, ...options })
  return { corp, far, transport, connector, ourselves }
}

describe('our own enterprise name', () => {
  it('leads to the realm that has the account, and from there to services of both', async () => {
    const { transport, ourselves } = twoRealms()
    const client = ourselves()
    const tgt = await client.armorTicket()
    assert.equal(formatPrincipal(tgt.server, tgt.serverRealm), `krbtgt/${FAR}@${FAR}`)
    assert.deepEqual(transport.asked, [REALM, FAR, FAR])
    assert.equal((await client.ownTicket(FAR_SPN)).serverRealm, FAR)
    assert.equal((await client.ownTicket(`${SPN}@${REALM}`)).serverRealm, REALM)
  })

  it('stays where it was asked when the KDC shall not canonicalise', async () => {
    const { ourselves } = twoRealms()
    await assert.rejects(ourselves({ canonicalize: false }).armorTicket(), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      clientRealm: FAR,
    })
  })

  it('is given up when the KDCs send us in a circle', async () => {
    const { far, ourselves } = twoRealms()
    far.trusts.addSuffix('branch.test', REALM)
    await assert.rejects(ourselves().armorTicket(), {
      code: 'ERR_KRB_REFERRAL',
      message: `the KDCs refer us in a circle: ${REALM}, ${FAR}, ${REALM}`,
    })
  })

  it('is given up when they send us too far', async () => {
    const { ourselves } = twoRealms()
    await assert.rejects(ourselves({ maxReferrals: 0 }).armorTicket(), {
      code: 'ERR_KRB_REFERRAL',
    })
  })

  it('is not sent on without a realm to go to', async () => {
    const { corp, ourselves } = twoRealms()
    corp.tricks = { refuse: () => ({ code: 68 }) }
    await assert.rejects(ourselves().armorTicket(), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      krbErrorCode: 68,
    })
  })

  it('alone is sent on: a plain name has its realm', async () => {
    const { corp, connector } = twoRealms()
    corp.tricks = { refuse: () => ({ code: 68, crealm: FAR }) }
    await assert.rejects(connector().armorTicket(), { krbErrorCode: 68 })
  })
})

describe('a user principal name', () => {
  it('of another realm is found there, and acted for', async () => {
    const { far, connector } = twoRealms()
    const evidence = await connector().impersonate({ ...zoe, sid: far.sidOf('zoe') })
    assert.equal(evidence.clientRealm, FAR)
    assert.equal(evidence.accountName, 'zoe')
  })

  it('is looked for where the KDC of S4U2Self says it is', async () => {
    const { corp, transport, connector } = twoRealms()
    const client = connector()
    await client.armorTicket()
    transport.asked.length = 0
    corp.tricks = {
      refuse: (kind, { body }) => {
        const toOurselves = kind === 'S4U2Self' && body.sname?.nameString[0] === 'CONN1$'
        const first = toOurselves && transport.asked.length === 1
        return first ? { code: 68, crealm: FAR } : undefined
      },
    }
    assert.equal((await client.impersonate(zoe)).clientRealm, FAR)
    // One refusal, a ticket-granting ticket for FAR, the referral there and the ticket here; no AS exchange.
    assert.deepEqual(transport.asked, [REALM, REALM, FAR, REALM])
  })

  // Samba 4.22 puts the requester's realm into the KRB-ERROR.
  it('is looked for elsewhere also where the KDC names our own realm in its refusal', async () => {
    const { corp, connector } = twoRealms()
    corp.tricks = {
      refuse: (kind, { body }) =>
        kind === 'S4U2Self' && body.sname?.nameString[0] === 'CONN1$'
          ? { code: 6, crealm: REALM }
          : undefined,
    }
    await assert.rejects(connector().impersonate(zoe), { krbErrorCode: 6, clientRealm: REALM })
    assert.ok(corp.counts.AS > 2, 'the realm was asked for by an AS exchange')
  })

  it('that nobody knows is refused as it was at first', async () => {
    const { connector } = twoRealms()
    const user = { name: 'nobody@nowhere.test', realm: REALM, enterprise: true }
    await assert.rejects(connector().impersonate(user), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      krbErrorCode: 6,
      message: /S4U2Self/,
    })
  })

  it('is not looked for elsewhere when the KDC shall not canonicalise', async () => {
    const { connector } = twoRealms()
    await assert.rejects(connector({ canonicalize: false }).impersonate(zoe), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
    })
  })

  it('that leads to another account than the directory’s is not taken', async () => {
    const { corp, connector } = twoRealms()
    await assert.rejects(connector().impersonate({ ...zoe, sid: corp.sidOf('alice') }), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the directory says/,
    })
  })

  it('is not looked for in circles', async () => {
    const { far, connector } = twoRealms()
    far.trusts.addSuffix('branch.test', REALM)
    await assert.rejects(connector().impersonate(zoe), { code: 'ERR_KRB_CLIENT_UNKNOWN' })
  })
})
