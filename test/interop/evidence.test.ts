/** A user signs in with Kerberos at the connector, and that very ticket is the evidence for S4U2Proxy. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Acceptor, formatPrincipal, Initiator, KerberosClient } from '../../src/kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { connectorClient, userClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import {
  LDAP_REALM,
  mitLdapKdcMissing,
  startMitLdapKdc,
  type MitLdapKdc,
} from '../support/mit-ldap-kdc.ts'

const ports = { clock: systemClock, random: systemRandom }
const lab = sharedLab()

describe('a user’s own ticket as evidence, against Samba', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm, users, connectors } = lab
  const SPN = 'HTTP/iwa.corp.example'

  it('is accepted, opened and delegated', async () => {
    const alice = userClient(lab, 'alice', users.alice.password)
    const { token } = new Initiator(await alice.ownTicket('CONN1$'), ports).createToken()
    const keys = await readKeytabFile(connectors.CONN1.keytab)
    const step = new Acceptor({ keys }, ports).begin().step(token)
    assert.ok(step.done)
    const conn1 = await connectorClient(lab, 'CONN1')
    const { sid } = await conn1.impersonate({ name: 'alice', realm })
    assert.ok(sid)
    const evidence = conn1.evidenceFrom(step.accepted.ticket, sid)
    assert.deepEqual([evidence.accountName, evidence.forwardable], ['alice', true])
    const ticket = await conn1.delegate(evidence, SPN)
    assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), `alice@${realm}`)
  })

  it('needs no protocol transition, which a ticket by S4U2Self does', async () => {
    const alice = userClient(lab, 'alice', users.alice.password)
    const { ticket: presented } = await alice.ownTicket('CONN2$')
    const conn2 = await connectorClient(lab, 'CONN2')
    const byS4u = await conn2.impersonate({ name: 'alice', realm })
    await assert.rejects(conn2.delegate(byS4u, SPN), { code: 'ERR_KRB_NOT_FORWARDABLE' })
    const ticket = await conn2.delegate(conn2.evidenceFrom(presented), SPN)
    assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), `alice@${realm}`)
  })

  it('of a user who is sensitive is not forwardable', async () => {
    const carol = userClient(lab, 'carol', users.carol.password)
    const { ticket } = await carol.ownTicket('CONN1$')
    const conn1 = await connectorClient(lab, 'CONN1')
    const evidence = conn1.evidenceFrom(ticket)
    assert.equal(evidence.accountName, 'carol')
    await assert.rejects(conn1.delegate(evidence, SPN), { code: 'ERR_KRB_NOT_FORWARDABLE' })
  })

  it('to another account cannot be opened', async () => {
    const { ticket } = await userClient(lab, 'alice', users.alice.password).ownTicket('CONN1$')
    const conn2 = await connectorClient(lab, 'CONN2')
    assert.throws(() => conn2.evidenceFrom(ticket), { code: 'ERR_KRB_INTEGRITY' })
  })
})

describe('a user’s own ticket as evidence, against MIT krb5', { skip: mitLdapKdcMissing() }, () => {
  const SPN = 'HTTP/web.ldap.test'
  const PORTAL = 'HTTP/portal.ldap.test'
  let kdc: MitLdapKdc
  before(async () => {
    kdc = await startMitLdapKdc()
    kdc.kadmin(
      'addprinc -pw Wonderland-1 +requires_preauth alice',
      `addprinc -randkey ${SPN}`,
      `addprinc -randkey ${PORTAL}`,
    )
    kdc.allow(PORTAL, SPN)
  })
  after(() => kdc.stop())

  it('is opened and delegated, under AES with SHA-2', async () => {
    const transport = new NetworkKdcTransport({ kdcs: { [LDAP_REALM]: [kdc.address] } })
    const client = (
      nameString: readonly string[],
      keys: { password: string } | Awaited<ReturnType<typeof readKeytabFile>>,
    ) =>
      new KerberosClient({
        identity: { principal: { nameType: 1, nameString }, realm: LDAP_REALM, keys },
        transport,
        ...ports,
      })
    const { ticket: presented } = await client(['alice'], { password: 'Wonderland-1' }).ownTicket(
      PORTAL,
    )
    const portal = client(PORTAL.split('/'), await readKeytabFile(kdc.keytab(PORTAL)))
    const evidence = portal.evidenceFrom(presented)
    const ticket = await portal.delegate(evidence, SPN)
    assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), `alice@${LDAP_REALM}`)
    assert.equal(evidence.sessionKey.etype, 20)
  })
})
