/**
 * The Kerberos client of a Samba domain that trusts the realm of an MIT KDC. Tickets for ourselves come by referral; Samba
 * delegates neither for users nor to services of a trusted realm.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'node:test'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import { formatPrincipal, type KerberosClient } from '../../src/kerberos/index.ts'
import { NetworkKdcTransport } from '../../src/kerberos/io/index.ts'
import { clientOfPrincipal, PATIENCE } from '../support/kerberos-clients.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { runMit } from '../support/mit-process.ts'
import { hasMitKdc, NO_MIT_KDC, startMitRealms, type MitRealms } from '../support/mit-realms.ts'

const SCRIPT = fileURLToPath(new URL('../support/samba-trust.py', import.meta.url))
const OTHER = 'ONE.TEST'
const SPN = 'HTTP/web.one.test'
const SECRET = 'Shared-Secret-1'

function whyNot(): string | false {
  if (sharedLab() === undefined) return NO_LAB
  if (!hasMitKdc()) return NO_MIT_KDC
  const { way } = labAvailability()
  return way !== 'on this machine' && 'the trust is written on this machine itself alone'
}

describe(
  'the Kerberos client, in a Samba domain that trusts another realm',
  { skip: whyNot() },
  () => {
    let lab: Lab
    let realms: MitRealms
    let conn1: KerberosClient
    let transport: NetworkKdcTransport
    before(async () => {
      ;[lab, realms] = await Promise.all([startLab({ services: ['dc'] }), startMitRealms()])
      const { realm } = lab.env
      const smbConf = join(lab.env.directory, 'dc', 'smb.conf')
      runMit({
        env: {},
        command: '/usr/bin/python3',
        args: [SCRIPT, smbConf, OTHER, 'ONE', SECRET],
      })
      realms.addPrincipal(OTHER, `krbtgt/${realm}@${OTHER}`, SECRET)
      realms.addPrincipal(OTHER, `krbtgt/${OTHER}@${realm}`, SECRET)
      realms.addPrincipal(OTHER, SPN)
      realms.addPrincipal(OTHER, 'alice', 'Wonderland-1')
      realms.addPrincipal(OTHER, 'alice\\@one.test', 'Wonderland-1')
      await lab.samba(['delegation', 'add-service', 'CONN1$', SPN])
      const kdcs = { ...realms.kdcs, [realm]: [lab.env.kdc] }
      transport = new NetworkKdcTransport({ kdcs, ...PATIENCE })
      conn1 = await connectorClient(lab.env, 'CONN1', { transport })
    })
    after(() => Promise.all([lab.stop(), realms.stop()]))

    for (const spn of [SPN, `${SPN}@${OTHER}`]) {
      it(`gets a ticket to ${spn} for itself, by Samba’s referral`, async () => {
        const ticket = await conn1.ownTicket(spn)
        assert.equal(formatPrincipal(ticket.server, ticket.serverRealm), `${SPN}@${OTHER}`)
        assert.equal(formatPrincipal(ticket.client, ticket.clientRealm), `CONN1$@${lab.env.realm}`)
      })
    }

    it('says which realm does not know a service', async () => {
      await assert.rejects(conn1.ownTicket('HTTP/nowhere.one.test'), {
        code: 'ERR_KRB_SPN_UNKNOWN',
        realm: OTHER,
      })
    })

    it('reports that Samba takes no ticket of a user whose PAC says no SID', async () => {
      const client = clientOfPrincipal('alice', OTHER, {
        keys: { password: 'Wonderland-1' },
        transport,
      })
      assert.ok(await client.ownTicket(SPN))
      await assert.rejects(client.ownTicket(`HTTP/iwa.corp.example@${lab.env.realm}`), {
        code: 'ERR_KRB_KDC_REPLY',
        realm: lab.env.realm,
      })
    })

    it('cannot act for a user of that realm, and says what the realm lacks', async () => {
      await assert.rejects(conn1.impersonate({ name: 'alice', realm: OTHER }), {
        code: 'ERR_KRB_FOREIGN_USER',
        realm: OTHER,
        mend: /frontEndKerberos/,
      })
    })

    it('follows a user principal name to that realm (68)', async () => {
      const user = { name: 'alice@one.test', realm: lab.env.realm, enterprise: true }
      await assert.rejects(conn1.impersonate(user), { code: 'ERR_KRB_FOREIGN_USER', realm: OTHER })
    })

    it('cannot delegate to a service of that realm though it is listed, and says why', async () => {
      const evidence = await conn1.impersonate({ name: 'alice', realm: lab.env.realm })
      await assert.rejects(conn1.delegate(evidence, SPN), {
        code: 'ERR_KRB_DELEGATION_REFUSED',
        krbErrorCode: 13,
        mend: /Samba delegates to no trusted one/,
      })
      assert.equal((await conn1.diagnose(evidence, SPN)).finding, 'not-granted')
    })
  },
)
