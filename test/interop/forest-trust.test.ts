/**
 * The Kerberos client in two forests of Samba that trust each other. What Samba allows across such a trust is written down in
 * native-notes/login-identity.md.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startForestsLab, type ForestsLab } from '../../docker/lab/forests.ts'
import { furtherControllersMissing } from '../../docker/lab/further.ts'
import {
  Acceptor,
  formatPrincipal,
  Initiator,
  verifyPac,
  type Accepted,
  type KerberosClient,
  type ServiceTicket,
} from '../../src/kerberos/index.ts'
import { NetworkKdcTransport, readKeytabFile } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { clientOfPrincipal, PATIENCE } from '../support/kerberos-clients.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const ports = { clock: systemClock, random: systemRandom }
const CORP = 'CORP.EXAMPLE'
const BRANCH = 'BRANCH.EXAMPLE'
const IWA = 'HTTP/iwa.corp.example'
const WEB = 'HTTP/web.branch.example'
const skip = sharedLab() ? furtherControllersMissing() : NO_LAB

describe('the Kerberos client, in two forests of Samba that trust each other', { skip }, () => {
  let lab: ForestsLab
  let transport: NetworkKdcTransport
  let conn1: KerberosClient
  let conn5: KerberosClient
  before(async () => {
    lab = await startForestsLab()
    const { env, branch } = lab
    const kdcs = { [CORP]: [env.kdc], [BRANCH]: [branch.kdc] }
    transport = new NetworkKdcTransport({ kdcs, ...PATIENCE })
    conn1 = await connectorClient(env, 'CONN1', { transport })
    const keys = await readKeytabFile(branch.keytab('conn5'))
    conn5 = clientOfPrincipal('CONN5$', BRANCH, { keys, transport })
  })
  after(() => lab.stop())

  const user = (name: string, realm: string): KerberosClient =>
    clientOfPrincipal(name, realm, { keys: { password: `Lab-${name}-1` }, transport })

  /** The service's own judgement. */
  async function accept(ticket: ServiceTicket, keytab: string): Promise<Accepted> {
    const { token } = new Initiator(ticket, ports).createToken()
    const keys = await readKeytabFile(keytab)
    return new Acceptor({ keys, requirePac: true }, ports).accept(token)
  }

  /** Whom the PAC names, once its server signature is verified. */
  function accountIn({ pac, serviceKey, encTicketPart }: Accepted) {
    assert.ok(pac)
    const { server } = verifyPac(pac, { service: serviceKey, ticket: encTicketPart })
    assert.equal(server, 'verified')
    return pac
  }

  const named = (ticket: ServiceTicket): string =>
    `${formatPrincipal(ticket.client, ticket.clientRealm)} to ${formatPrincipal(ticket.server, ticket.serverRealm)}`

  for (const spn of [IWA, `${IWA}@${CORP}`]) {
    it(`gets olga of BRANCH a ticket to ${spn} by referral, with her PAC`, async () => {
      const ticket = await user('olga', BRANCH).ownTicket(spn)
      assert.equal(named(ticket), `olga@${BRANCH} to ${IWA}@${CORP}`)
      const pac = accountIn(await accept(ticket, lab.env.backends.iwa.keytab))
      assert.deepEqual(
        [pac.logonInfo?.effectiveName, pac.logonInfo?.logonDomainName, pac.upnDnsInfo?.upn],
        ['olga', 'BRANCH', 'olga@branch.example'],
      )
    })
  }

  it('gets alice of CORP a ticket to a service of BRANCH, the other way round', async () => {
    const ticket = await user('alice', CORP).ownTicket(WEB)
    assert.equal(named(ticket), `alice@${CORP} to ${WEB}@${BRANCH}`)
    const pac = accountIn(await accept(ticket, lab.branch.keytab('svc-web')))
    assert.equal(pac.logonInfo?.logonDomainName, 'CORP')
  })

  it('keeps the two alices apart by their SIDs', async () => {
    const sids = await Promise.all(
      [CORP, BRANCH].map(async (realm) => {
        const ticket = await user('alice', realm).ownTicket(`${IWA}@${CORP}`)
        return accountIn(await accept(ticket, lab.env.backends.iwa.keytab)).logonInfo?.userSid
      }),
    )
    assert.match(sids[0] ?? '', /^S-1-5-21-/)
    assert.notEqual(sids[0], sids[1])
  })

  // Samba 4.22 answers so whether or not the user exists: its KDC takes no user of another realm in S4U2Self.
  it('acts for no user of the other forest, and says why and what helps', async () => {
    const refused = (realm: string) => ({
      code: 'ERR_KRB_FOREIGN_USER',
      realm,
      krbErrorCode: 6,
      mend: /frontEndKerberos/,
    })
    for (const name of ['olga', 'alice', 'nobody']) {
      await assert.rejects(conn1.impersonate({ name, realm: BRANCH }), refused(CORP))
    }
    await assert.rejects(conn5.impersonate({ name: 'alice', realm: CORP }), refused(BRANCH))
  })

  for (const name of ['olga@branch.example', 'robert@fabrikam.test']) {
    it(`is led to the forest of ${name} by her or his UPN suffix (68), and refused there too`, async () => {
      const upn = { name, realm: CORP, enterprise: true }
      await assert.rejects(conn1.impersonate(upn), {
        code: 'ERR_KRB_FOREIGN_USER',
        message: new RegExp(`@${BRANCH.replace('.', '\\.')} to`),
      })
    })
  }

  const delegations = [
    { connector: 'CONN1', way: 'its own list', spn: IWA, site: 'iwa' },
    { connector: 'CONN2', way: 'its own list, without protocol transition', spn: IWA, site: 'iwa' },
    { connector: 'CONN4', way: 'the service’s list', spn: 'HTTP/rbcd.corp.example', site: 'rbcd' },
  ] as const
  for (const { connector, way, spn, site } of delegations) {
    it(`delegates with olga’s own ticket, by ${way}`, async (t) => {
      if (site === 'rbcd' && !lab.env.rbcd) {
        t.skip('this Samba has no RBCD')
        return
      }
      const client = await connectorClient(lab.env, connector, { transport })
      const presented = await user('olga', BRANCH).ownTicket(`${connector}$@${CORP}`)
      const evidence = client.evidenceFrom(presented.ticket)
      assert.deepEqual([evidence.accountName, evidence.forwardable], ['olga', true])
      const ticket = await client.delegate(evidence, spn)
      assert.equal(named(ticket), `olga@${BRANCH} to ${spn}@${CORP}`)
      const pac = accountIn(await accept(ticket, lab.env.backends[site].keytab))
      assert.equal(pac.logonInfo?.userSid, evidence.sid)
      assert.deepEqual(pac.delegationInfo?.transitedServices, [`${connector}$@${CORP}`])
    })
  }

  it('does not delegate carol of BRANCH, who is sensitive there', async () => {
    const { ticket } = await user('carol', BRANCH).ownTicket(`CONN1$@${CORP}`)
    const evidence = conn1.evidenceFrom(ticket)
    assert.equal(evidence.accountName, 'carol')
    await assert.rejects(conn1.delegate(evidence, IWA), { code: 'ERR_KRB_NOT_FORWARDABLE' })
  })

  it('delegates to no service of the other forest, by either list', async () => {
    const evidence = await conn1.impersonate({ name: 'alice', realm: CORP })
    await lab.samba(['delegation', 'add-service', 'CONN1$', WEB])
    for (const spn of [WEB, `${WEB}@${BRANCH}`]) {
      await assert.rejects(conn1.delegate(evidence, spn), {
        code: 'ERR_KRB_DELEGATION_REFUSED',
        krbErrorCode: 13,
        mend: /Samba delegates to no trusted one/,
      })
    }
  })

  it('says that no trust leads to a realm', async () => {
    await assert.rejects(conn1.impersonate({ name: 'zoe', realm: 'LOST.EXAMPLE' }), {
      code: 'ERR_KRB_SPN_UNKNOWN',
      realm: CORP,
      mend: /domain trust list/,
    })
  })
})
