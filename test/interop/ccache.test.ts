/** Credential caches exchanged with MIT's tools, both ways, and used by curl against the lab's Apache. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import {
  findTgt,
  newCcache,
  parsePrincipal,
  tgsExchange,
  type Ccache,
  type ServiceTicket,
} from '../../src/kerberos/index.ts'
import { drive } from '../../src/kerberos/client-drive.ts'
import { readCcacheFile, writeCcacheFile } from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { connectorClient, labTransport, userClient } from '../support/lab-kerberos.ts'
import { mitTools, mitToolsMissing } from '../support/mit-tools.ts'

const lab = sharedLab()
const SPN = 'HTTP/iwa.corp.example'

describe('credential caches and MIT’s tools', { skip: lab ? mitToolsMissing() : NO_LAB }, () => {
  assert.ok(lab)
  const tools = mitTools(lab)
  after(() => {
    tools.remove()
  })
  const { password } = lab.users.alice
  const { iwa } = lab.backends

  it('lets klist show and curl use a ticket that our client got for alice', async () => {
    const ticket = await userClient(lab, 'alice', password).ownTicket(SPN)
    await writeCcacheFile(tools.cache('ours'), { ...newCcache([ticket]), kdcOffsetUs: 0 })
    const shown = tools.run('ours', ['klist', '-e', '-f'])
    assert.equal(shown.status, 0, shown.output)
    assert.match(shown.output, /Default principal: alice@CORP\.EXAMPLE/)
    assert.match(shown.output, /HTTP\/iwa\.corp\.example@CORP\.EXAMPLE/)
    assert.match(shown.output, /Flags: F.*A/)
    assert.match(shown.output, /aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96/)
    const page = tools.negotiate('ours', iwa, `${iwa.origin}/whoami`)
    assert.match(page.output, /"user":"alice@CORP\.EXAMPLE"/)
  })

  it('lets kinit armour a sign-in (FAST) with a ticket of a connector, and sees that it did', async () => {
    const connector = await connectorClient(lab, 'CONN1')
    const armor = tools.cache('armor')
    await writeCcacheFile(armor, newCcache([await connector.armorTicket()]))
    const { password } = lab.users.alice
    const ran = tools.run('armoured', ['kinit', '-T', armor, 'alice'], `${password}\n`)
    assert.equal(ran.status, 0, ran.output)
    const ccache = await readCcacheFile(tools.cache('armoured'))
    assert.equal(findTgt(ccache, systemClock.nowMs())?.fastAvailable, true)
  })

  it('lets curl act for bob with a delegated ticket of a connector', async () => {
    const connector = await connectorClient(lab, 'CONN1')
    const evidence = await connector.impersonate({ name: 'bob', realm: lab.realm })
    await writeCcacheFile(tools.cache('bob'), newCcache([await connector.delegate(evidence, SPN)]))
    const page = tools.negotiate('bob', iwa, `${iwa.origin}/whoami`)
    assert.match(page.output, /"user":"bob@CORP\.EXAMPLE"/)
  })

  const serviceTicketBy = async (ccache: Ccache): Promise<ServiceTicket> => {
    const tgt = findTgt(ccache, systemClock.nowMs())
    assert.ok(tgt)
    const ports = {
      clock: systemClock,
      random: systemRandom,
      maxClockSkewMs: 300_000,
      etypes: [18, 17],
      ticketLifetimeMs: 3_600_000,
    }
    const { principal: sname } = parsePrincipal(SPN)
    const exchange = tgsExchange({ exchange: 'TGS', tgt, sname }, ports)
    return (await drive(exchange, labTransport(lab))).ticket
  }

  for (const version of [3, 4]) {
    it(`takes the ticket-granting ticket out of a cache of version ${version} by kinit`, async () => {
      const name = `version${version}`
      const conf = tools.cache(`${name}.conf`)
      const text = readFileSync(lab.krb5Conf, 'utf8')
      writeFileSync(
        conf,
        text.replace('[libdefaults]', `[libdefaults]\n  ccache_type = ${version}`),
      )
      const { keytab, principal } = lab.connectors.CONN1
      const ran = tools.runWith(conf, name, ['kinit', '-k', '-t', keytab, principal])
      assert.equal(ran.status, 0, ran.output)
      const octets = readFileSync(tools.cache(name))
      assert.equal(octets.readUInt16BE(0), 0x0500 + version)
      const ccache = await readCcacheFile(tools.cache(name))
      assert.deepEqual([ccache.principal.nameString, ccache.realm], [['CONN1$'], lab.realm])
      assert.ok(ccache.settings.length > 0, 'kinit leaves settings such as pa_type')
      const ticket = await serviceTicketBy(ccache)
      assert.deepEqual(ticket.client.nameString, ['CONN1$'])
      await writeCcacheFile(tools.cache(`${name}-again`), ccache)
      assert.deepEqual(await readCcacheFile(tools.cache(`${name}-again`)), ccache)
      const shown = tools.run(`${name}-again`, ['klist', '-C'])
      assert.match(shown.output, /config: pa_type.* = 2/)
    })
  }

  it('reads a delegated ticket that kvno wrote', async () => {
    const { keytab, principal } = lab.connectors.CONN1
    assert.equal(tools.run('s4u', ['kinit', '-k', '-t', keytab, principal]).status, 0)
    const out = tools.cache('s4u-alice')
    const ran = tools.run('s4u', ['kvno', '-I', 'alice', '-P', SPN, '--out-cache', out])
    assert.equal(ran.status, 0, ran.output)
    const ccache = await readCcacheFile(`FILE:${out}`)
    assert.deepEqual(ccache.principal.nameString, ['alice'])
    const [delegated] = ccache.credentials
    assert.deepEqual(delegated?.client.nameString, ['alice'])
    assert.deepEqual(delegated.server.nameString, ['HTTP', 'iwa.corp.example'])
  })
})
