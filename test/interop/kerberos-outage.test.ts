/** The Kerberos client while the domain changes under it: a lab of its own, with the domain controller alone. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startLab, type Lab } from '../../docker/lab.ts'
import type { KerberosClient } from '../../src/kerberos/index.ts'
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
  },
)
