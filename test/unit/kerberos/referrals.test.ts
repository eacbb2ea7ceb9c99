/** The Kerberos client across realms: CORP.EXAMPLE trusts HUB.EXAMPLE, HUB.EXAMPLE trusts FAR.EXAMPLE. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Acceptor,
  type KerberosClientOptions,
  type ServiceTicket,
} from '../../../src/kerberos/index.ts'
import { formatPrincipal } from '../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM, SPN } from '../../support/kerberos-world.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryKdc, MemoryRealms, trust } from '../../support/memory-kdc/index.ts'

const HUB = 'HUB.EXAMPLE'
const FAR = 'FAR.EXAMPLE'
const FAR_SPN = 'HTTP/web.far.example'
const zoe = { name: 'zoe', realm: FAR }

function otherRealm(realm: string, clock: ManualClock, sid: string): MemoryKdc {
  const kdc = new MemoryKdc(realm, { clock, random })
  kdc.directory.domainSid = sid
  return kdc.add({ name: 'krbtgt', spns: [`krbtgt/${realm}`] })
}

/** Three realms; FAR's clock may be wrong. */
function threeRealms(farClockOffMs = 0) {
  const { kdc: corp, clock, client } = newWorld()
  const hub = otherRealm(HUB, clock, 'S-1-5-21-4000-5000-6000')
  const farClock = new ManualClock(clock.nowMs() + farClockOffMs)
  const far = otherRealm(FAR, farClock, 'S-1-5-21-7000-8000-9000')
    .add({ name: 'zoe' })
    .add({ name: 'svc-web', spns: [FAR_SPN], delegators: [`CONN1$@${REALM}`] })
    .add({ name: 'svc-shut', spns: ['HTTP/shut.far.example'] })
  trust(corp, hub, random)
  trust(hub, far, random)
  corp.trusts.route(FAR, HUB)
  far.trusts.route(REALM, HUB)
  const realms = new MemoryRealms().add(corp, hub, far)
  const connector = (options: Partial<KerberosClientOptions> = {}) =>
    client('CONN1$', { transport: realms, ...options })
  return { corp, hub, far, farClock, realms, connector }
}

const named = (ticket: ServiceTicket): string =>
  `${formatPrincipal(ticket.client, ticket.clientRealm)} to ${formatPrincipal(ticket.server, ticket.serverRealm)}`

describe('a service of another realm', () => {
  it('is found by referrals', async () => {
    const { connector, realms } = threeRealms()
    const ticket = await connector().ownTicket(FAR_SPN)
    assert.equal(named(ticket), `CONN1$@${REALM} to ${FAR_SPN}@${FAR}`)
    assert.deepEqual(realms.asked, [REALM, REALM, REALM, HUB, FAR])
  })

  it('is asked for in the realm that is written, whose ticket-granting ticket is kept', async () => {
    const { connector, realms } = threeRealms()
    const client = connector()
    assert.equal((await client.ownTicket(`${FAR_SPN}@${FAR}`)).serverRealm, FAR)
    assert.deepEqual(realms.asked.slice(2), [REALM, HUB, FAR])
    await client.ownTicket(`HTTP/shut.far.example@${FAR}`)
    assert.deepEqual(realms.asked.slice(5), [FAR])
  })

  it('is asked for in the realm of its host, over the realms that capaths names', async () => {
    const { corp, connector, realms } = threeRealms()
    const wanted: string[] = []
    corp.tricks = {
      refuse: (_, { body }) => {
        wanted.push((body.sname?.nameString ?? []).join('/'))
        return undefined
      },
    }
    const client = connector({
      realmOfHost: (host) => (host.endsWith('.far.example') ? FAR : undefined),
      capaths: (from, to) => (from === REALM && to === FAR ? [HUB] : []),
    })
    assert.equal((await client.ownTicket(FAR_SPN)).serverRealm, FAR)
    assert.equal(wanted.at(-1), `krbtgt/${HUB}`)
    assert.deepEqual(realms.asked.slice(2), [REALM, HUB, FAR])
  })

  it('is given up when the KDCs refer in a circle', async () => {
    const { corp, hub, connector, realms } = threeRealms()
    corp.trusts.route('lost.example', HUB)
    hub.trusts.route('lost.example', REALM)
    await assert.rejects(connector().ownTicket('HTTP/web.lost.example'), {
      code: 'ERR_KRB_REFERRAL',
      message: `the KDCs refer us in a circle: ${REALM}, ${HUB}, ${REALM}`,
    })
    assert.equal(realms.asked.length, 4)
  })

  it('is given up when it is further away than the setting allows', async () => {
    const { connector } = threeRealms()
    const client = connector({ maxReferrals: 1 })
    for (const spn of [FAR_SPN, `${FAR_SPN}@${FAR}`]) {
      await assert.rejects(client.ownTicket(spn), { code: 'ERR_KRB_REFERRAL', message: /too far/ })
    }
  })

  it('is unknown when the realm that should have it does not', async () => {
    const { connector } = threeRealms()
    await assert.rejects(connector().ownTicket('HTTP/nowhere.far.example'), {
      code: 'ERR_KRB_SPN_UNKNOWN',
      realm: FAR,
    })
  })

  it('gets new ticket-granting tickets when another realm calls ours stale', async () => {
    const { connector, far } = threeRealms()
    const client = connector()
    await client.ownTicket(`${FAR_SPN}@${FAR}`)
    let refusals = 0
    far.tricks = { refuse: () => (refusals++ === 0 ? { code: 32 } : undefined) }
    assert.equal((await client.ownTicket(`HTTP/shut.far.example@${FAR}`)).serverRealm, FAR)
  })

  it('whose clock differs is asked with its own time, and gets tokens of that time', async () => {
    const { connector, farClock, corp, far } = threeRealms(3_000_000)
    const client = connector()
    const ticket = await client.ownTicket(FAR_SPN)
    assert.equal(client.tokenClock(FAR).nowMs(), farClock.nowMs())
    const keys = far.keytab('svc-web')
    const acceptor = new Acceptor({ keys, services: [FAR_SPN] }, { clock: farClock, random })
    const { token } = client.initiator(ticket).createToken()
    assert.equal(acceptor.accept(token, {}).clientRealm, REALM)
    assert.equal(client.clockSkewMs, 0)
    assert.equal(corp.counts.AS, 2)
  })

  it('is not believed under another realm’s name', async () => {
    const { connector, hub } = threeRealms()
    hub.tricks = { replyPart: (part) => ({ ...part, srealm: FAR }) }
    await assert.rejects(connector().ownTicket(FAR_SPN), { code: 'ERR_KRB_REPLY_MISMATCH' })
  })
})

describe('a user of another realm', () => {
  it('is acted for by way of the user’s realm and back (MS-SFU 4.2)', async () => {
    const { connector, far, realms } = threeRealms()
    const client = connector()
    const evidence = await client.impersonate({ ...zoe, sid: far.sidOf('zoe') })
    assert.equal(named(evidence), `zoe@${FAR} to CONN1$@${REALM}`)
    assert.equal(evidence.sid, 'S-1-5-21-7000-8000-9000-1001')
    assert.equal(evidence.forwardable, true)
    assert.deepEqual(realms.asked.slice(2), [REALM, HUB, FAR, HUB, REALM])
    assert.equal(named(await client.delegate(evidence, SPN)), `zoe@${FAR} to ${SPN}@${REALM}`)
  })

  it('is refused when the ticket has another SID than the directory', async () => {
    const { connector, corp } = threeRealms()
    await assert.rejects(connector().impersonate({ ...zoe, sid: corp.sidOf('alice') }), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the PAC is of S-1-5-21-7000/,
    })
  })

  it('unknown to the own realm is unknown there', async () => {
    const { connector } = threeRealms()
    await assert.rejects(connector().impersonate({ name: 'nobody', realm: FAR }), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      realm: FAR,
    })
  })

  it('whom our own KDC does not take is told from one who is unknown: so Samba answers', async () => {
    const { connector, corp } = threeRealms()
    const client = connector()
    await client.ownTicket(FAR_SPN)
    corp.tricks = { refuse: (kind) => (kind === 'S4U2Self' ? { code: 6 } : undefined) }
    await assert.rejects(client.impersonate(zoe), {
      code: 'ERR_KRB_FOREIGN_USER',
      realm: REALM,
      krbErrorCode: 6,
      mend: /frontEndKerberos/,
    })
    await assert.rejects(client.impersonate({ name: 'alice', realm: REALM }), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
    })
  })

  it('whose KDC does not refer us back is told so: so MIT krb5 answers', async () => {
    const { connector, far } = threeRealms()
    far.tricks = { refuse: (kind) => (kind === 'S4U2Self' ? { code: 7 } : undefined) }
    await assert.rejects(connector().impersonate(zoe), {
      code: 'ERR_KRB_FOREIGN_USER',
      realm: FAR,
    })
  })

  it('of a realm that no trust leads to is refused with what to look at', async () => {
    const { connector } = threeRealms()
    await assert.rejects(connector().impersonate({ name: 'zoe', realm: 'LOST.EXAMPLE' }), {
      code: 'ERR_KRB_SPN_UNKNOWN',
      mend: /trusts of the connector’s domain/,
    })
  })

  it('is not taken from a referral that names anyone but us', async () => {
    const { connector, far } = threeRealms()
    const cname = { nameType: 1, nameString: ['root'] }
    far.tricks = { reply: (reply, kind) => (kind === 'S4U2Self' ? { ...reply, cname } : reply) }
    await assert.rejects(connector().impersonate(zoe), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /a ticket for root@CORP.EXAMPLE, not for CONN1\$@CORP.EXAMPLE/,
    })
  })
})

describe('delegation to a service of another realm', () => {
  const alice = { name: 'alice', realm: REALM }

  it('goes by the service’s own list, with our ticket-granting ticket and the user’s as evidence', async () => {
    const { connector, realms, far } = threeRealms()
    const client = connector()
    const ticket = await client.delegate(await client.impersonate(alice), FAR_SPN)
    assert.equal(named(ticket), `alice@${REALM} to ${FAR_SPN}@${FAR}`)
    assert.deepEqual(realms.asked.slice(3), [REALM, REALM, HUB, FAR, HUB, FAR])
    assert.equal(far.counts.S4U2Proxy, 1)
  })

  it('works for a user of that realm too', async () => {
    const { connector } = threeRealms()
    const client = connector()
    const ticket = await client.delegate(await client.impersonate(zoe), FAR_SPN)
    assert.equal(named(ticket), `zoe@${FAR} to ${FAR_SPN}@${FAR}`)
  })

  it('is refused where the service does not list us', async () => {
    const { connector } = threeRealms()
    const client = connector()
    const evidence = await client.impersonate(alice)
    await assert.rejects(client.delegate(evidence, 'HTTP/shut.far.example'), {
      code: 'ERR_KRB_DELEGATION_REFUSED',
      realm: FAR,
    })
  })

  it('is refused where our KDC refers us on as if nothing were delegated', async () => {
    const { connector, corp } = threeRealms()
    const client = connector()
    const evidence = await client.impersonate(alice)
    corp.tricks = { withoutProxyReferrals: true }
    await assert.rejects(client.delegate(evidence, FAR_SPN), {
      code: 'ERR_KRB_DELEGATION_REFUSED',
      message: /cannot delegate to services there/,
    })
  })
})
