import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KerberosClient } from '../../../src/kerberos/client.ts'
import { KerberosError } from '../../../src/kerberos/errors.ts'
import { KrbErrorCode as Krb, TicketFlag } from '../../../src/kerberos/iana/index.ts'
import { formatPrincipal } from '../../../src/kerberos/messages/index.ts'
import { newWorld, random, REALM, SPN } from '../../support/kerberos-world.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'

const HOUR_MS = 3_600_000
const alice = { name: 'alice', realm: REALM }

describe('KerberosClient', () => {
  it('acts for a user at a service', async () => {
    const { kdc, client } = newWorld()
    const connector = client()
    const evidence = await connector.impersonate({ ...alice, sid: kdc.sidOf('alice') })
    assert.equal(evidence.sid, kdc.sidOf('alice'))
    assert.equal(evidence.accountName, 'alice')
    assert.equal(evidence.forwardable, true)
    assert.deepEqual(evidence.groupSids, ['S-1-5-21-1000-2000-3000-513'])
    const ticket = await connector.delegate(evidence, SPN)
    assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), 'alice@CORP.EXAMPLE')
    assert.equal(formatPrincipal(ticket.server, ticket.serverRealm), `${SPN}@CORP.EXAMPLE`)
    assert.notEqual(ticket.flags & TicketFlag.FORWARDABLE, 0)
    assert.equal(connector.name, 'CONN1$@CORP.EXAMPLE')
  })

  it('delegates by the service’s own list', async () => {
    const connector = newWorld().client('CONN3$')
    const ticket = await connector.delegate(
      await connector.impersonate(alice),
      'HTTP/rbcd.corp.example',
    )
    assert.deepEqual(ticket.client.nameString, ['alice'])
  })

  it('acts for a user principal name, by whatever name the KDC then calls the account', async () => {
    const { kdc, client } = newWorld()
    const user = { name: 'robert@contoso.test', realm: REALM, enterprise: true }
    assert.equal((await client().impersonate(user)).accountName, 'bob')
    const bob = { nameType: 1, nameString: ['bob'] }
    kdc.tricks = {
      ticketPart: (part, kind) => (kind === 'S4U2Self' ? { ...part, cname: bob } : part),
      reply: (reply, kind) => (kind === 'S4U2Self' ? { ...reply, cname: bob } : reply),
      pac: (content) => ({ ...content, clientName: 'bob' }),
    }
    assert.deepEqual((await client().impersonate(user)).client.nameString, ['bob'])
  })

  it('takes a PAC without accounts, as MIT krb5 writes it, unless a SID was given', async () => {
    const { kdc, client } = newWorld()
    kdc.tricks = { pac: (content) => ({ ...content, withoutLogonInfo: true }) }
    const evidence = await client().impersonate(alice)
    assert.equal(evidence.sid, undefined)
    assert.equal(evidence.accountName, 'alice')
    assert.deepEqual(evidence.groupSids, [])
    assert.ok(await client().delegate(evidence, SPN))
    await assert.rejects(client().impersonate({ ...alice, sid: kdc.sidOf('alice') }), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the PAC is of an account without a SID/,
    })
  })

  it('proves itself by a password with the KDC’s salt', async () => {
    const { kdc, clock } = newWorld()
    const identity = { principal: { nameType: 1, nameString: ['alice'] }, realm: REALM }
    const open = (password: string) =>
      new KerberosClient({
        identity: { ...identity, keys: { password } },
        transport: kdc,
        clock,
        random,
      })
    const ticket = await open('Wonderland-1').ownTicket(SPN)
    assert.deepEqual(ticket.client.nameString, ['alice'])
    await assert.rejects(open('wrong').ownTicket(SPN), { code: 'ERR_KRB_PREAUTH_FAILED' })
  })

  it('asks for forwardable tickets only if its ticket-granting ticket is', async () => {
    const asked: number[] = []
    for (const forwardable of [true, false]) {
      const { kdc, client } = newWorld()
      const kept = forwardable ? 0xffffffff : ~TicketFlag.FORWARDABLE
      kdc.tricks = {
        ticketPart: (part) => ({ ...part, flags: (part.flags & kept) >>> 0 }),
        replyPart: (part) => ({ ...part, flags: (part.flags & kept) >>> 0 }),
        refuse: (kind, { body }) => {
          if (kind !== 'AS') asked.push(body.kdcOptions)
          return undefined
        },
      }
      await client().ownTicket(SPN)
    }
    assert.deepEqual(asked, [0x40010000, 0x00010000])
  })

  it('asks for one ticket-granting ticket however many need it', async () => {
    const { kdc, client } = newWorld()
    const connector = client()
    await Promise.all(Array.from({ length: 20 }, () => connector.impersonate(alice)))
    assert.deepEqual([kdc.counts.AS, kdc.counts.S4U2Self], [2, 20])
  })

  it('keeps its own tickets until shortly before their end, one exchange for each', async () => {
    const { kdc, client, clock } = newWorld()
    const connector = client()
    const [first, second] = await Promise.all([connector.ownTicket(SPN), connector.ownTicket(SPN)])
    assert.equal(first, second)
    assert.equal(await connector.ownTicket(SPN), first)
    assert.equal(kdc.counts.TGS, 1)
    await clock.advance(first.endTimeMs - clock.nowMs() - 1000)
    assert.notEqual(await connector.ownTicket(SPN), first)
  })

  it('replaces the ticket-granting ticket ahead of its end, using the old one meanwhile', async () => {
    const { kdc, client, clock } = newWorld()
    const connector = client()
    await connector.impersonate(alice)
    await clock.advance(9 * HOUR_MS)
    await connector.impersonate(alice)
    assert.equal(kdc.counts.AS, 2)
    await clock.advance(0.9 * HOUR_MS)
    await connector.impersonate(alice)
    await connector.impersonate(alice)
    assert.equal(kdc.counts.AS, 4)
    await clock.advance(HOUR_MS)
    await connector.impersonate(alice)
    assert.equal(kdc.counts.AS, 4)
  })

  it('goes on with the old one, warns and tries again later when it cannot be replaced', async () => {
    const { kdc, client, clock } = newWorld()
    const logger = new MemoryLogger()
    const connector = client('CONN1$', { logger })
    await connector.impersonate(alice)
    await clock.advance(9.9 * HOUR_MS)
    kdc.tricks = { refuse: (kind) => (kind === 'AS' ? { code: Krb.KRB_ERR_GENERIC } : undefined) }
    await connector.impersonate(alice)
    await connector.impersonate(alice)
    await clock.advance(1)
    assert.equal(logger.lines.filter((line) => line.level === 'warn').length, 1)
    assert.equal(kdc.counts.AS, 3)
    await clock.advance(30_000)
    kdc.tricks = {}
    await connector.impersonate(alice)
    await clock.advance(1)
    assert.equal(kdc.counts.AS, 5)
  })

  it('gets one new ticket-granting ticket when the KDC calls the old one stale', async () => {
    const { kdc, client } = newWorld()
    const connector = client()
    const evidence = await connector.impersonate(alice)
    kdc.changeKrbtgtKey()
    await connector.delegate(evidence, SPN)
    assert.equal(kdc.counts.AS, 4)
    assert.equal(kdc.counts.S4U2Proxy, 2)
  })

  const stale = {
    31: 'ERR_KRB_KDC_REPLY',
    32: 'ERR_KRB_KDC_REPLY',
    33: 'ERR_KRB_SKEW',
    41: 'ERR_KRB_KDC_REPLY',
  }
  for (const [number, name] of Object.entries(stale)) {
    const code = Number(number)
    it(`reports ${code} when the new ticket-granting ticket does not help`, async () => {
      const { kdc, client } = newWorld()
      kdc.tricks = { refuse: (kind) => (kind === 'S4U2Self' ? { code } : undefined) }
      await assert.rejects(client().impersonate(alice), {
        code: name,
        krbErrorCode: code,
      })
      assert.equal(kdc.counts.AS, 4)
      assert.equal(kdc.counts.S4U2Self, 2)
    })
  }

  it('tries the key version before the newest when the KDC does not know that one yet', async () => {
    const { kdc, clock, client } = newWorld()
    const [known] = kdc.keytab('CONN1$')
    assert.ok(known)
    const newer = { ...known, kvno: 3, key: { etype: 18, value: random.bytes(32) } }
    const principal = known.principal
    const identity = { principal, realm: REALM, keys: [known, newer] }
    const connector = client('CONN1$', { identity, clock })
    assert.equal((await connector.impersonate(alice)).accountName, 'alice')
    assert.equal(kdc.counts.AS, 3)
  })

  it('refuses a keytab without keys of the principal, and names it', () => {
    const { kdc, client } = newWorld()
    const identity = {
      principal: { nameType: 1, nameString: ['CONN1$'] },
      realm: REALM,
      keys: kdc.keytab('alice'),
    }
    assert.throws(
      () => client('CONN1$', { identity }),
      (error) =>
        error instanceof KerberosError &&
        error.code === 'ERR_KRB_NO_KEY' &&
        error.message.includes('CONN1$@CORP.EXAMPLE'),
    )
  })

  it('lets one caller give up without harm to the others', async () => {
    const { client } = newWorld()
    const connector = client()
    const controller = new AbortController()
    const given = connector.ownTicket(SPN, controller.signal)
    const other = connector.ownTicket(SPN)
    controller.abort()
    await assert.rejects(given, { code: 'ERR_KRB_ABORTED' })
    assert.ok(await other)
    await assert.rejects(connector.impersonate(alice, controller.signal), {
      code: 'ERR_KRB_ABORTED',
    })
  })

  it('refuses a user without SID when told so', async () => {
    const connector = newWorld().client('CONN1$', { requireSid: true })
    await assert.rejects(connector.impersonate(alice), TypeError)
  })

  it('refuses settings that make no sense', () => {
    const { client } = newWorld()
    assert.throws(() => client('CONN1$', { etypes: [23] }), RangeError)
    assert.throws(() => client('CONN1$', { etypes: [] }), RangeError)
    assert.throws(() => client('CONN1$', { maxClockSkewMs: -1 }), RangeError)
    assert.throws(() => client('CONN1$', { maxClockCorrectionMs: -1 }), RangeError)
  })

  it('asks for the way to a realm that is named; none known, it says so', async () => {
    await assert.rejects(newWorld().client().ownTicket(`${SPN}@OTHER.EXAMPLE`), {
      code: 'ERR_KRB_SPN_UNKNOWN',
      message: /krbtgt\/OTHER.EXAMPLE/,
    })
  })
})
