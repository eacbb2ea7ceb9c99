/** The Kerberos client while the domain changes under it: a lab of its own, with the domain controller alone. */

import assert from 'node:assert/strict'
import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLab, type Lab } from '../../docker/lab.ts'
import type { KerberosClient } from '../../src/kerberos/index.ts'
import { keytabIdentity } from '../../src/kerberos/io/index.ts'
import { decodeTicket } from '../../src/kerberos/messages/index.ts'
import { systemClock } from '../../src/platform/io/index.ts'
import { clientOfPrincipal, patientTransport } from '../support/kerberos-clients.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

describe(
  'the Kerberos client, in a domain that changes',
  { skip: sharedLab() ? false : NO_LAB },
  () => {
    const spn = 'HTTP/iwa.corp.example'
    let lab: Lab
    let client: KerberosClient
    before(async () => {
      lab = await startLab({ services: ['dc'] })
      client = await connectorClient(lab.env, 'CONN1')
    })
    after(() => lab.stop())
    const user = (name: string) => ({ name, realm: lab.env.realm })

    it('says that no KDC answers while the domain controller is down, and goes on when it is back', async () => {
      const evidence = await client.impersonate(user('alice'))
      await lab.stopDc()
      await assert.rejects(client.delegate(evidence, spn), { code: 'ERR_KRB_KDC_UNREACHABLE' })
      await lab.startDc()
      assert.ok(await client.delegate(evidence, spn))
    })

    it('is refused a user from the moment the account is disabled', async () => {
      const evidence = await client.impersonate(user('victor1'))
      await lab.samba(['user', 'disable', 'victor1'])
      await assert.rejects(client.impersonate(user('victor1')), { code: 'ERR_KRB_CLIENT_REVOKED' })
      // Samba says 12 here, which elsewhere stands for trusts: the code stays general, the mend names both.
      await assert.rejects(client.delegate(evidence, spn), {
        code: 'ERR_KRB_KDC_REPLY',
        krbErrorCode: 12,
        mend: /may be disabled/,
      })
    })

    it('says that the keytab is stale once the connector account has a new password', async () => {
      await client.impersonate(user('alice'))
      await lab.samba(['user', 'setpassword', 'CONN1$', '--newpassword=Other-Secret-2'])
      await assert.rejects(client.impersonate(user('alice')), {
        code: 'ERR_KRB_INTEGRITY',
        mend: /export it again/,
      })
      const restarted = await connectorClient(lab.env, 'CONN1')
      await assert.rejects(restarted.impersonate(user('alice')), { code: 'ERR_KRB_PREAUTH_FAILED' })
    })

    it('goes on with a keytab that is written anew while it lives', async () => {
      const { realm, directory } = lab.env
      const [path, anew] = [join(directory, 'conn2.keytab'), join(directory, 'conn2-new.keytab')]
      copyFileSync(lab.env.connectors.CONN2.keytab, path)
      const owner = { principal: { nameType: 1, nameString: ['CONN2$'] }, realm }
      const { keys } = await keytabIdentity(path, owner, { clock: systemClock })
      const transport = patientTransport(realm, lab.env.kdc)
      const live = clientOfPrincipal('CONN2$', realm, { keys, transport })
      const before = await live.impersonate(user('alice'))
      await lab.samba(['user', 'setpassword', 'CONN2$', '--newpassword=Other-Secret-2'])
      await assert.rejects(live.impersonate(user('alice')), { code: 'ERR_KRB_INTEGRITY' })
      await lab.samba(['domain', 'exportkeytab', anew, '--principal=CONN2$'])
      renameSync(anew, path)
      // It looks at the file once a second at most, and then it has both keys.
      const after = await eventually(() => live.impersonate(user('alice')))
      const versions = [before, after].map(({ ticket }) => decodeTicket(ticket).encPart.kvno ?? 0)
      assert.ok((versions[1] ?? 0) > (versions[0] ?? 0), versions.join(' then '))
    })
  },
)

/** Tries again for as long as a loaded machine may take; the last failure is the test's. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let triesLeft = 60; ; triesLeft--) {
    try {
      return await work()
    } catch (error) {
      if (triesLeft === 0) throw error
      await sleep(500)
    }
  }
}
