/** What doctor says of users of a trusted domain, and of those who come with tickets of their own. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UserPorts } from '../../../src/doctor/index.ts'
import { fails } from '../../support/doctor-findings.ts'
import { ISSUER, issuersOf, look } from '../../support/doctor-user.ts'
import { REALM } from '../../support/kerberos-world.ts'

describe('the checks of a user who is not of the connector’s domain', () => {
  const BRANCH = 'BRANCH.EXAMPLE'
  const OLGA = {
    distinguishedName: 'CN=olga,CN=Users,DC=branch,DC=example',
    sAMAccountName: 'olga',
    realm: BRANCH,
  }
  const foreign = (frontEnd?: UserPorts['frontEnd']) => ({
    account: OLGA,
    ports: {
      frontEnd,
      issuers: issuersOf({ ...ISSUER, realms: [REALM, BRANCH], upnSuffixes: [] }),
      tickets: () =>
        Promise.resolve({
          impersonate: fails('ERR_KRB_FOREIGN_USER'),
          delegate: fails('never asked'),
          diagnose: fails('never asked'),
        }),
    },
  })
  const row = {
    services: ['HTTP/in.example'],
    maxAgeMinutes: 1,
    channelBinding: 'required',
  } as const

  it('tell that a user of a trusted domain has no way in, and the lines that make one', async () => {
    for (const frontEnd of [undefined, { ...row, realms: [REALM] }]) {
      const { codes, unwell, all, asked } = await look(foreign(frontEnd))
      assert.equal(codes, 'DOCTOR_USER_FOREIGN')
      assert.match(unwell[0]?.message ?? '', /olga@BRANCH\.EXAMPLE.* OpenID .*ERR_KRB_FOREIGN_USER/)
      const services = frontEnd ? 'HTTP/in.example' : 'HTTP/<external host>'
      const lists = `services: [${services}], realms: [${REALM}, ${BRANCH}]`
      const setting = `frontEndKerberos: { ${lists} }   # policy.yaml`
      assert.equal(unwell[0]?.mends[0]?.setting, setting)
      assert.ok(all.includes('DOCTOR_SKIPPED'))
      assert.equal(asked, 0)
    }
  })

  it('tell that a user of a trusted domain comes in with a ticket of the user’s own alone', async () => {
    const { codes, unwell, all, asked } = await look(
      foreign({ ...row, realms: ['branch.example'] }),
    )
    assert.equal(codes, 'DOCTOR_USER_OWN_TICKET')
    assert.match(unwell[0]?.message ?? '', /What works is .* at HTTP\/in\.example$/)
    assert.deepEqual(all.slice(-2), ['DOCTOR_NOT_APPLICABLE', 'DOCTOR_NOT_APPLICABLE'])
    assert.equal(asked, 0)
  })

  it('only warn of a user whom no issuer may assert, where a ticket of the user’s own is taken', async () => {
    const issuers = issuersOf({ ...ISSUER, upnSuffixes: ['contoso.test'] })
    assert.equal((await look({ ports: { issuers } })).codes, 'DOCTOR_USER_NOT_ASSERTABLE')
    const ports = { issuers, frontEnd: { ...row, realms: [REALM] } }
    const { codes, unwell } = await look({ ports })
    assert.equal(codes, 'DOCTOR_USER_NOT_BY_PROVIDER')
    assert.match(unwell[0]?.mends[0]?.setting ?? '', /^upnSuffixes: /)
  })

  it('name the domain in commands for a user of another one: its own may have a namesake', async () => {
    const setting = foreign()
    const { unwell } = await look({ ...setting, account: { ...OLGA, enabled: false } })
    const [mend] = unwell.find(({ code }) => code === 'DOCTOR_USER_DISABLED')?.mends ?? []
    assert.match(mend?.text ?? '', /In the domain branch\.example/)
    assert.match(mend?.powershell ?? '', /^Enable-ADAccount .* -Server 'branch\.example'$/)
    const isThere = 'testparm -s --parameter-name=realm 2>/dev/null | grep -qixF BRANCH.EXAMPLE'
    assert.equal(mend?.sambaTool, `${isThere} && samba-tool user enable olga`)
  })
})
