/** Keytabs exchanged with MIT's tools, both ways, and ticket-granting tickets that kvno goes on with. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import {
  decodeKeytab,
  encodeKeytab,
  newCcache,
  stringToKey,
  type KeytabEntry,
} from '../../src/kerberos/index.ts'
import { readKeytabFile, writeCcacheFile } from '../../src/kerberos/io/index.ts'
import { clientOfPrincipal, patientTransport } from '../support/kerberos-clients.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import {
  LDAP_REALM,
  mitLdapKdcMissing,
  startMitLdapKdc,
  type MitLdapKdc,
} from '../support/mit-ldap-kdc.ts'
import { mitTools, mitToolsMissing, type MitTools } from '../support/mit-tools.ts'

const lab = sharedLab()
const SPN = 'HTTP/iwa.corp.example'
const ETYPE_NAMES = {
  17: 'aes128-cts-hmac-sha1-96',
  18: 'aes256-cts-hmac-sha1-96',
  19: 'aes128-cts-hmac-sha256-128',
  20: 'aes256-cts-hmac-sha384-192',
} as const

/** A key of alice's, made from a password with the default salt (RFC 4120 section 4). */
function entryOf(realm: string, etype: number, password: string): KeytabEntry {
  return {
    principal: { nameType: 1, nameString: ['alice'] },
    realm,
    kvno: 1,
    timestampMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    key: stringToKey(etype, password, `${realm}alice`),
  }
}

describe('keytabs and MIT’s tools, at Samba', { skip: lab ? mitToolsMissing() : NO_LAB }, () => {
  assert.ok(lab)
  const tools = mitTools(lab)
  const { realm } = lab
  const { password } = lab.users.alice
  after(() => {
    tools.remove()
  })

  it('lets klist read and kinit use a keytab that we wrote', () => {
    const entries = [18, 17].map((etype) => entryOf(realm, etype, password))
    writeFileSync(tools.cache('ours.keytab'), encodeKeytab(entries))
    const shown = tools.run('alice', ['klist', '-k', '-e', '-t', tools.cache('ours.keytab')])
    assert.equal(shown.status, 0, shown.output)
    for (const etype of [17, 18] as const) {
      assert.ok(shown.output.includes(`alice@${realm} (${ETYPE_NAMES[etype]})`), shown.output)
    }
    assert.match(shown.output, / 1 01\/02\/26 03:04:05 alice@/)
    const ran = tools.run('alice', ['kinit', '-k', '-t', tools.cache('ours.keytab'), 'alice'])
    assert.equal(ran.status, 0, ran.output)
  })

  it('signs in with a keytab that ktutil made of a password', async () => {
    const path = tools.cache('ktutil.keytab')
    const add = (etype: 17 | 18) =>
      `add_entry -password -p alice@${realm} -k 1 -e ${ETYPE_NAMES[etype]} -s ${realm}alice\n${password}\n`
    const ran = tools.run('none', ['ktutil'], `${add(18)}${add(17)}wkt ${path}\nquit\n`)
    assert.equal(ran.status, 0, ran.output)
    const keys = await readKeytabFile(path)
    assert.deepEqual(
      keys.map(({ key }) => key),
      [18, 17].map((etype) => entryOf(realm, etype, password).key),
    )
    const transport = patientTransport(realm, lab.kdc)
    assert.ok(await clientOfPrincipal('alice', realm, { keys, transport }).ownTicket(SPN))
  })

  it('reads what ktutil made of a keytab that we wrote, its version wider than 8 bits too', () => {
    const [ours, theirs] = [tools.cache('before.keytab'), tools.cache('after.keytab')]
    const entries = [1, 255, 300].map((kvno) => ({ ...entryOf(realm, 18, 'x'), kvno }))
    writeFileSync(ours, encodeKeytab(entries))
    const ran = tools.run('none', ['ktutil'], `rkt ${ours}\nwkt ${theirs}\nquit\n`)
    assert.equal(ran.status, 0, ran.output)
    // It writes the present time into every entry.
    const timeless = (all: readonly KeytabEntry[]) => all.map((one) => ({ ...one, timestampMs: 0 }))
    assert.deepEqual(timeless(decodeKeytab(readFileSync(theirs))), timeless(entries))
  })

  it('lets kvno go on with our ticket-granting ticket, for itself and for a user', async () => {
    const transport = patientTransport(realm, lab.kdc)
    const client = await connectorClient(lab, 'CONN1', { transport })
    await writeCcacheFile(tools.cache('conn1'), newCcache([await client.armorTicket()]))
    const own = tools.run('conn1', ['kvno', SPN])
    assert.equal(own.status, 0, own.output)
    const { keytab } = lab.connectors.CONN1
    const user = tools.run('conn1', ['kvno', '-k', keytab, '-I', 'alice', '-P', SPN])
    assert.equal(user.status, 0, user.output)
  })
})

describe(
  'keytabs and MIT’s tools, at an MIT KDC',
  { skip: mitLdapKdcMissing() || mitToolsMissing() },
  () => {
    let kdc: MitLdapKdc
    let tools: MitTools
    before(async () => {
      kdc = await startMitLdapKdc()
      kdc.kadmin(
        'addprinc -pw Wonderland-1 +requires_preauth alice',
        'addprinc -randkey HTTP/web.ldap.test',
      )
      tools = mitTools({ krb5Conf: kdc.krb5Conf })
    })
    after(async () => {
      tools.remove()
      await kdc.stop()
    })

    for (const etype of [17, 18, 19, 20] as const) {
      it(`lets kinit use a key of etype ${etype} that we made of a password`, () => {
        const name = `alice-${etype}`
        const path = tools.cache(`${name}.keytab`)
        writeFileSync(path, encodeKeytab([entryOf(LDAP_REALM, etype, 'Wonderland-1')]))
        const ran = tools.run(name, ['kinit', '-k', '-t', path, 'alice'])
        assert.equal(ran.status, 0, ran.output)
        const shown = tools.run(name, ['klist', '-e'])
        assert.match(shown.output, /krbtgt\/LDAP\.TEST@LDAP\.TEST/)
      })
    }

    it('lets kvno go on with our ticket-granting ticket of AES with SHA-2', async () => {
      const transport = patientTransport(LDAP_REALM, kdc.address)
      const keys = { password: 'Wonderland-1' }
      const tgt = await clientOfPrincipal('alice', LDAP_REALM, { keys, transport }).armorTicket()
      assert.equal(tgt.sessionKey.etype, 20)
      await writeCcacheFile(tools.cache('sha2'), newCcache([tgt]))
      const ran = tools.run('sha2', ['kvno', 'HTTP/web.ldap.test'])
      assert.equal(ran.status, 0, ran.output)
    })
  },
)
