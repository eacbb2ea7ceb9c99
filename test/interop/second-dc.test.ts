/** The Kerberos client with two domain controllers, of which one may be down, or not know yet what the other knows. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { furtherControllersMissing } from '../../docker/lab/further.ts'
import { startJoinedLab, type JoinedLab } from '../../docker/lab/joined.ts'
import type { KerberosClient, KeytabEntry } from '../../src/kerberos/index.ts'
import { readKeytabFile } from '../../src/kerberos/io/index.ts'
import { clientOfPrincipal, patientTransport } from '../support/kerberos-clients.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const SPN = 'HTTP/iwa.corp.example'
const skip = sharedLab() ? furtherControllersMissing() : NO_LAB

describe('the Kerberos client, with two domain controllers', { skip }, () => {
  let lab: JoinedLab
  before(async () => {
    lab = await startJoinedLab()
    await lab.dc2.start()
  })
  after(() => lab.stop())

  const transportTo = (...kdcs: readonly string[]) => patientTransport(lab.env.realm, ...kdcs)
  const act = async (client: KerberosClient) =>
    client.delegate(await client.impersonate({ name: 'alice', realm: lab.env.realm }), SPN)

  it('does all it does at the second alone', async () => {
    const client = await connectorClient(lab.env, 'CONN1', { transport: transportTo(lab.dc2.kdc) })
    assert.deepEqual((await act(client)).client.nameString, ['alice'])
  })

  it('goes on at the second when the first ends, and at the first when the second ends', async () => {
    const transport = transportTo(lab.env.kdc, lab.dc2.kdc)
    const client = await connectorClient(lab.env, 'CONN1', { transport })
    assert.ok(await act(client))
    await lab.stopDc()
    assert.ok(await act(client))
    const anew = await connectorClient(lab.env, 'CONN1', { transport })
    assert.ok(await act(anew))
    await lab.startDc()
    await lab.dc2.stop()
    assert.ok(await act(client))
    await lab.dc2.start()
  })

  describe('after a password was changed that the second does not know', () => {
    let old: readonly KeytabEntry[]
    let newest: readonly KeytabEntry[]
    before(async () => {
      const path = join(lab.env.directory, 'conn3-new.keytab')
      await lab.samba(['user', 'setpassword', 'CONN3$', '--newpassword=Another-Secret-3'])
      await lab.samba(['domain', 'exportkeytab', path, '--principal=CONN3$'])
      // Samba exports the keys before the present ones as well.
      const all = await readKeytabFile(path)
      const latest = Math.max(...all.map(({ kvno }) => kvno))
      newest = all.filter(({ kvno }) => kvno === latest)
      old = await readKeytabFile(lab.env.connectors.CONN3.keytab)
    })
    const client = (keys: readonly KeytabEntry[], ...kdcs: readonly string[]) =>
      clientOfPrincipal('CONN3$', lab.env.realm, { keys, transport: transportTo(...kdcs) })

    it('is refused by the second alone', async () => {
      const alone = client(newest, lab.dc2.kdc)
      await assert.rejects(alone.ownTicket(SPN), { code: 'ERR_KRB_PREAUTH_FAILED' })
    })

    it('turns to the first, with the new key alone', async () => {
      const both = client(newest, lab.dc2.kdc, lab.env.kdc)
      const evidence = await both.impersonate({ name: 'alice', realm: lab.env.realm })
      assert.equal(evidence.accountName, 'alice')
    })

    it('works at either with both keys in the keytab', async () => {
      for (const kdc of [lab.dc2.kdc, lab.env.kdc]) {
        const either = client([...newest, ...old], kdc)
        const evidence = await either.impersonate({ name: 'alice', realm: lab.env.realm })
        assert.equal(evidence.accountName, 'alice')
      }
    })
  })
})
