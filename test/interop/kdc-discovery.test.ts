/** KDCs found by the SRV records of Samba's DNS, and in the lab's krb5.conf. */

import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { describe, it } from 'node:test'
import {
  DnsKdcLocator,
  dnsSrvResolver,
  krb5ConfLocator,
  loadKrb5Conf,
  NetworkKdcTransport,
  openKdcAccess,
  type KdcLocator,
} from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { MemoryLogger } from '../support/manual-clock.ts'

const lab = sharedLab()

describe('finding KDCs', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const names = new Resolver()
  names.setServers([lab.dnsServer])
  const lookup: LookupFunction = (name, _options, done) => {
    names.resolve4(name).then(
      ([address = '']) => {
        done(null, [{ address, family: 4 }])
      },
      (error: unknown) => {
        done(error as Error, '')
      },
    )
  }
  const dns = new DnsKdcLocator({
    resolve: dnsSrvResolver({
      servers: [lab.dnsServer],
      random: systemRandom,
      timeoutMs: 20_000,
    }),
    clock: systemClock,
    random: systemRandom,
  })
  const clientBy = (locator: KdcLocator) => {
    const transport = new NetworkKdcTransport({ locator, lookup })
    return connectorClient(lab, 'CONN1', { transport })
  }

  it('asks Samba’s DNS, and then the KDC that it names', async () => {
    const [first] = await dns.locate(lab.realm)
    assert.deepEqual(first, { via: 'direct', host: 'dc1.corp.example', port: 88 })
    const ticket = await (await clientBy(dns)).ownTicket('ldap/dc1.corp.example')
    assert.equal(ticket.serverRealm, lab.realm)
  })

  it('finds nothing for a realm that Samba does not know', async () => {
    assert.deepEqual(await dns.locate('NOWHERE.CORP.EXAMPLE'), [])
  })

  it('reads the lab’s krb5.conf', async () => {
    const locator = krb5ConfLocator(await loadKrb5Conf(lab.krb5Conf), { elsewhere: dns })
    assert.ok(await (await clientBy(locator)).ownTicket('ldap/dc1.corp.example'))
  })

  it('asks for URI records, SRV records and its site, all in one', async () => {
    const logger = new MemoryLogger()
    const dns = { servers: [lab.dnsServer], timeoutMs: 20_000 }
    const ports = { clock: systemClock, random: systemRandom, logger, lookup, dns }
    const transport = openKdcAccess({ ...ports, timeoutMs: 20_000, totalTimeoutMs: 60_000 })
    const client = await connectorClient(lab, 'CONN1', { transport })
    assert.ok(await client.ownTicket('ldap/dc1.corp.example'))
    assert.deepEqual(
      logger.lines.map(({ level, fields }) => [level, fields['site']]),
      [['debug', 'Default-First-Site-Name']],
    )
  })
})
