/**
 * The Kerberos client and a read-only domain controller, which keeps the keys of CONN1, alice and svc-iwa. What it does not keep
 * it passes on to a writable one; what it issues itself is under a key of its own.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { furtherControllersMissing } from '../../docker/lab/further.ts'
import { startJoinedLab, type JoinedLab } from '../../docker/lab/joined.ts'
import type { KerberosClient } from '../../src/kerberos/index.ts'
import { decodeTicket } from '../../src/kerberos/messages/index.ts'
import { patientTransport } from '../support/kerberos-clients.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'

const SPN = 'HTTP/iwa.corp.example'
const NOT_KEPT = 'HTTP/bound.corp.example'
const skip = sharedLab() ? furtherControllersMissing() : NO_LAB

describe('the Kerberos client, at a read-only domain controller', { skip }, () => {
  let lab: JoinedLab
  before(async () => {
    lab = await startJoinedLab()
    await lab.rodc.start()
  })
  after(() => lab.stop())

  const clientAt = (name: string, ...kdcs: readonly string[]) => {
    const transport = patientTransport(lab.env.realm, ...kdcs)
    return connectorClient(lab.env, name, { transport })
  }
  const impersonate = (client: KerberosClient, name: string) =>
    client.impersonate({ name, realm: lab.env.realm })
  const act = async (client: KerberosClient, name: string, spn: string) =>
    client.delegate(await impersonate(client, name), spn)
  const kvnoOfTgt = async (client: KerberosClient): Promise<number> =>
    decodeTicket((await client.armorTicket()).ticket).encPart.kvno ?? 0

  it('gets a ticket-granting ticket under the controller’s own key', async () => {
    const client = await clientAt('CONN1', lab.rodc.kdc)
    assert.notEqual((await kvnoOfTgt(client)) >>> 16, 0)
    assert.ok(await client.ownTicket(SPN))
    assert.ok(await client.ownTicket(NOT_KEPT))
  })

  it('acts for a user whom it keeps, at services that it keeps and does not keep', async () => {
    const client = await clientAt('CONN1', lab.rodc.kdc)
    const evidence = await impersonate(client, 'alice')
    for (const spn of [SPN, NOT_KEPT]) {
      assert.deepEqual((await client.delegate(evidence, spn)).client.nameString, ['alice'])
    }
  })

  it('says why it cannot act for a user whom it does not keep', async () => {
    const client = await clientAt('CONN1', lab.rodc.kdc)
    await assert.rejects(impersonate(client, 'bob'), {
      code: 'ERR_KRB_CLIENT_UNKNOWN',
      mend: /name writable ones among the KDCs/,
    })
    assert.ok(await act(client, 'alice', SPN))
  })

  it('turns to a writable controller for a user whom it does not keep', async () => {
    const client = await clientAt('CONN1', lab.rodc.kdc, lab.env.kdc)
    assert.notEqual((await kvnoOfTgt(client)) >>> 16, 0)
    assert.ok(await act(client, 'bob', NOT_KEPT))
    assert.equal((await kvnoOfTgt(client)) >>> 16, 0)
    assert.ok(await act(client, 'alice', SPN))
  })

  it('gets all it needs through it when it keeps nothing of the connector', async () => {
    const client = await clientAt('CONN3', lab.rodc.kdc)
    assert.equal((await kvnoOfTgt(client)) >>> 16, 0)
    assert.ok(await client.ownTicket(SPN))
    assert.equal((await impersonate(client, 'bob')).accountName, 'bob')
  })

  describe('while no writable controller is there', () => {
    before(() => lab.stopDc())

    it('acts for users whom it keeps, at services that it keeps', async () => {
      assert.ok(await act(await clientAt('CONN1', lab.rodc.kdc), 'alice', SPN))
    })

    it('is told that the rest is not to be had now', async () => {
      const unavailable = { code: 'ERR_KRB_KDC_REPLY', krbErrorCode: 29 }
      const client = await clientAt('CONN1', lab.rodc.kdc)
      await assert.rejects(impersonate(client, 'bob'), unavailable)
      await assert.rejects(client.ownTicket(NOT_KEPT), unavailable)
      const notKept = await clientAt('CONN3', lab.rodc.kdc)
      await assert.rejects(notKept.ownTicket(SPN), unavailable)
    })

    it('goes on where a writable controller is among the KDCs again', async () => {
      const client = await clientAt('CONN3', lab.rodc.kdc, lab.env.kdc)
      await assert.rejects(client.ownTicket(SPN), { code: 'ERR_KRB_KDC_REPLY' })
      await lab.startDc()
      assert.ok(await client.ownTicket(SPN))
    })
  })
})
