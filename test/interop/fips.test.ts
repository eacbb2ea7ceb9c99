/** A process in FIPS mode against real KDCs: MIT's takes PA-S4U-X509-USER alone, Samba wants PA-FOR-USER and so the carve-out. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fipsProcess, fipsProvider } from '../support/fips/process.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import {
  LDAP_REALM,
  mitLdapKdcMissing,
  startMitLdapKdc,
  type MitLdapKdc,
} from '../support/mit-ldap-kdc.ts'

/** With OpenSSL's own provider where the machine has one. */
const kind = fipsProvider() === undefined ? 'stand-in' : 'provider'
const lab = sharedLab()

describe(`in FIPS mode (${kind}), against Samba`, { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { realm, kdc, connectors } = lab
  const { principal: connector, keytab } = connectors.CONN1
  const real = { realm, kdc, connector, keytab, spn: 'HTTP/iwa.corp.example' }

  it('the KDC does not understand whom it is asked for, and that is found out', async () => {
    const said = await fipsProcess(kind, { real })
    assert.deepEqual([said.hasMd5, said.failed], [false, 'ERR_KRB_REPLY_MISMATCH'])
  })

  it('all works with our own MD5', async () => {
    const said = await fipsProcess(kind, { real, ownMd5: true })
    assert.equal(said.failed, undefined)
    assert.deepEqual(
      [said.fips, said.account, said.ticket, said.boundToken],
      [1, 'alice', 'alice', 'ok'],
    )
  })
})

describe(`in FIPS mode (${kind}), against MIT krb5`, { skip: mitLdapKdcMissing() }, () => {
  const spn = 'HTTP/web.ldap.test'
  let kdc: MitLdapKdc
  before(async () => {
    kdc = await startMitLdapKdc()
    kdc.kadmin(
      'addprinc -pw Wonderland-1 alice',
      `addprinc -randkey ${spn}`,
      'addprinc -randkey +ok_to_auth_as_delegate conn1',
    )
    kdc.allow('conn1', spn)
  })
  after(() => kdc.stop())

  it('all works without MD5', async () => {
    const keytab = kdc.keytab('conn1')
    const real = { realm: LDAP_REALM, kdc: kdc.address, connector: 'conn1', keytab, spn }
    const said = await fipsProcess(kind, { real })
    assert.equal(said.failed, undefined)
    assert.deepEqual(
      [said.fips, said.hasMd5, said.account, said.ticket],
      [1, false, 'alice', 'alice'],
    )
  })
})
