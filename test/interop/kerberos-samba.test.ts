/** The Kerberos client against a real Samba domain controller. Its table of refusals is docker's directory, user by user. */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import {
  formatPrincipal,
  type DelegationFindingKind,
  type KdcTransport,
  type KerberosClient,
  type KerberosErrorCode,
  type ServiceTicket,
} from '../../src/kerberos/index.ts'
import { PaType, TicketFlag } from '../../src/kerberos/iana/index.ts'
import {
  decodeKdcRep,
  decodeKdcReq,
  encodeKdcRep,
  encodeKdcReq,
  findPaData,
  isKrbError,
} from '../../src/kerberos/messages/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import { connectorClient, labTransport, userClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const lab = sharedLab()
const SPN = 'HTTP/iwa.corp.example'

const named = (ticket: ServiceTicket): string =>
  `${formatPrincipal(ticket.client, ticket.clientRealm)} to ${formatPrincipal(ticket.server, ticket.serverRealm)}`

describe('the Kerberos client, against Samba', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm } = lab
  let conn1: KerberosClient
  before(async () => {
    conn1 = await connectorClient(lab, 'CONN1')
  })
  const delegate = async (client: KerberosClient, user: string, spn: string) =>
    client.delegate(await client.impersonate({ name: user, realm }), spn)

  it('gets a ticket for itself', async () => {
    const ticket = await conn1.ownTicket('ldap/dc1.corp.example')
    assert.equal(named(ticket), `CONN1$@${realm} to ldap/dc1.corp.example@${realm}`)
    assert.equal(ticket.sessionKey.value.length, 32)
  })

  it('gets a ticket for a user by password, with the salt the KDC names', async () => {
    const ticket = await userClient(lab, 'alice', lab.users.alice.password).ownTicket(SPN)
    assert.equal(named(ticket), `alice@${realm} to ${SPN}@${realm}`)
  })

  for (const user of ['alice', 'bob', 'dave', 'heidi']) {
    it(`acts for ${user}`, async () => {
      const evidence = await conn1.impersonate({ name: user, realm })
      assert.equal(evidence.accountName, user)
      assert.match(evidence.sid ?? '', /^S-1-5-21-\d+-\d+-\d+-\d+$/)
      assert.equal(named(evidence), `${user}@${realm} to CONN1$@${realm}`)
      const again = await conn1.impersonate({ name: user, realm, sid: evidence.sid })
      const ticket = await conn1.delegate(again, SPN)
      assert.equal(named(ticket), `${user}@${realm} to ${SPN}@${realm}`)
      assert.notEqual(ticket.flags & TicketFlag.FORWARDABLE, 0)
    })
  }

  it('reads the groups of a user who is in 600', async () => {
    const { groupSids } = await conn1.impersonate({ name: 'heidi', realm })
    assert.ok(groupSids.length > 600)
  })

  it('acts for bob by his user principal name', async () => {
    const name = lab.users.bob.userPrincipalName
    const evidence = await conn1.impersonate({ name, realm, enterprise: true })
    assert.equal(evidence.accountName, 'bob')
  })

  it('takes no ticket of another SID than the directory’s', async () => {
    const { sid } = await conn1.impersonate({ name: 'bob', realm })
    await assert.rejects(conn1.impersonate({ name: 'alice', realm, sid }), {
      code: 'ERR_KRB_REPLY_MISMATCH',
    })
  })

  const selfRefusals: readonly (readonly [string, string, KerberosErrorCode])[] = [
    ['unknown', 'nobody', 'ERR_KRB_CLIENT_UNKNOWN'],
    ['disabled', 'erin', 'ERR_KRB_CLIENT_REVOKED'],
    ['expired', 'frank', 'ERR_KRB_CLIENT_REVOKED'],
  ]
  for (const [what, user, code] of selfRefusals) {
    it(`is refused a user who is ${what}, at S4U2Self`, async () => {
      await assert.rejects(conn1.impersonate({ name: user, realm }), { code })
    })
  }

  const proxyRefusals: readonly (readonly [string, string, string, string, KerberosErrorCode])[] = [
    ['who is sensitive', 'CONN1', 'carol', SPN, 'ERR_KRB_NOT_FORWARDABLE'],
    ['who must change the password', 'CONN1', 'grace', SPN, 'ERR_KRB_CLIENT_KEY_EXPIRED'],
    [
      'a service that is not listed',
      'CONN1',
      'alice',
      'HTTP/other.corp.example',
      'ERR_KRB_DELEGATION_REFUSED',
    ],
    [
      'a service that does not exist',
      'CONN1',
      'alice',
      'HTTP/nowhere.corp.example',
      'ERR_KRB_SPN_UNKNOWN',
    ],
    ['without protocol transition', 'CONN2', 'alice', SPN, 'ERR_KRB_NOT_FORWARDABLE'],
    [
      'by RBCD without protocol transition',
      'CONN4',
      'alice',
      'HTTP/rbcd.corp.example',
      'ERR_KRB_NOT_FORWARDABLE',
    ],
  ]
  for (const [what, connector, user, spn, code] of proxyRefusals) {
    it(`is refused ${what}, as ${connector} for ${user}`, async () => {
      await assert.rejects(delegate(await connectorClient(lab, connector), user, spn), { code })
    })
  }

  const needsRbcd = lab.rbcd ? false : `Samba ${lab.sambaVersion} has no RBCD`
  it('delegates by RBCD', { skip: needsRbcd }, async () => {
    const ticket = await delegate(
      await connectorClient(lab, 'CONN3'),
      'alice',
      'HTTP/rbcd.corp.example',
    )
    assert.equal(named(ticket), `alice@${realm} to HTTP/rbcd.corp.example@${realm}`)
  })

  const asRefusals: readonly (readonly [string, string, KerberosErrorCode])[] = [
    ['alice', 'wrong', 'ERR_KRB_PREAUTH_FAILED'],
    ['nobody', 'any', 'ERR_KRB_CLIENT_UNKNOWN'],
    ['erin', lab.users.erin.password, 'ERR_KRB_CLIENT_REVOKED'],
    ['frank', lab.users.frank.password, 'ERR_KRB_CLIENT_REVOKED'],
    ['grace', lab.users.grace.password, 'ERR_KRB_CLIENT_KEY_EXPIRED'],
  ]
  for (const [user, password, code] of asRefusals) {
    it(`has ${user} refused with ${code}`, async () => {
      await assert.rejects(userClient(lab, user, password).ownTicket(SPN), { code })
    })
  }

  for (const byMs of [-3_600_000, 3_600_000]) {
    it(`makes up for a clock that is off by ${byMs / 1000} s, and counts it`, async () => {
      const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + byMs }
      const client = await connectorClient(lab, 'CONN1', { clock })
      assert.equal(named(await delegate(client, 'alice', SPN)), `alice@${realm} to ${SPN}@${realm}`)
      assert.ok(Math.abs((client.clockSkewMs ?? 0) + byMs) < 5000)
      assert.ok(Math.abs(client.tokenClock().nowMs() - systemClock.nowMs()) < 5000)
    })
  }

  it('says by how much the clocks differ when it may not make up for it', async () => {
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() - 600_000 }
    const client = await connectorClient(lab, 'CONN1', { clock, maxClockCorrectionMs: 0 })
    await assert.rejects(client.ownTicket(SPN), {
      code: 'ERR_KRB_SKEW',
      message: /clock is (599|600|601) s ahead of ours/,
    })
  })

  const diagnoses: [string, string, DelegationFindingKind][] = [
    ['CONN1', SPN, 'granted'],
    ['CONN1', 'HTTP/other.corp.example', 'not-granted'],
    ['CONN1', 'HTTP/nowhere.corp.example', 'spn-unknown'],
    ['CONN2', SPN, 'not-forwardable'],
  ]
  for (const [name, spn, finding] of diagnoses) {
    it(`diagnoses ${name} at ${spn} as ${finding}`, async () => {
      const client = await connectorClient(lab, name)
      const evidence = await client.impersonate({ name: 'alice', realm })
      assert.equal((await client.diagnose(evidence, spn)).finding, finding)
    })
  }

  it('goes on to the next KDC when one is dead', async () => {
    const transport = labTransport(lab, ['127.0.0.1:1'])
    const client = await connectorClient(lab, 'CONN1', { transport })
    assert.ok(await client.ownTicket('ldap/dc1.corp.example'))
  })

  it('finds out who swaps the user on the way to the KDC and the names on the way back', async () => {
    const honest = labTransport(lab)
    const attacker = new Attacker(honest)
    const client = await connectorClient(lab, 'CONN1', {
      transport: attacker,
      // Under armour (FAST) there is nothing to swap.
      fast: 'off',
    })
    await client.impersonate({ name: 'bob', realm })
    attacker.attacking = true
    await assert.rejects(client.impersonate({ name: 'alice', realm }), {
      code: 'ERR_KRB_REPLY_MISMATCH',
      message: /the ticket is bob@CORP.EXAMPLE’s, the reply says alice@CORP.EXAMPLE/,
    })
    assert.equal(attacker.spliced, 1)
  })
})

/** Sits on the wire: keeps the PA-FOR-USER of the first request, then puts it into others and renames the replies. */
class Attacker implements KdcTransport {
  attacking = false
  spliced = 0
  #kept: Uint8Array | undefined
  readonly #honest: KdcTransport

  constructor(honest: KdcTransport) {
    this.#honest = honest
  }

  async exchange(realm: string, octets: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const request = decodeKdcReq(octets)
    const forUser = findPaData(request.padata, PaType.PA_FOR_USER)
    if (forUser === undefined) return this.#honest.exchange(realm, octets, signal)
    this.#kept ??= new Uint8Array(forUser)
    if (!this.attacking) return this.#honest.exchange(realm, octets, signal)
    const [proof] = request.padata ?? []
    assert.ok(proof)
    const padata = [proof, { padataType: PaType.PA_FOR_USER, padataValue: this.#kept }]
    const reply = await this.#honest.exchange(realm, encodeKdcReq({ ...request, padata }), signal)
    if (isKrbError(reply)) return reply
    this.spliced += 1
    const cname = { nameType: 1, nameString: ['alice'] }
    return encodeKdcRep({ ...decodeKdcRep(reply, 13), padata: undefined, cname })
  }
}
