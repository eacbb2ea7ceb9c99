/** A real Active Directory domain of its own, for it is changed: sites, and passwords changed through a KDC proxy. */

import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { labAvailability, startLab, type Lab } from '../../docker/lab.ts'
import { parsePrincipal } from '../../src/kerberos/index.ts'
import {
  DnsKdcLocator,
  dnsSrvResolver,
  KkdcpClient,
  NetlogonSiteFinder,
  NetworkKdcTransport,
  PasswordServerTransport,
  readKeytabFile,
  rotateKeytabFile,
} from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { hasFarTools, NO_FAR_TOOLS, startKdcProxy } from '../support/far-kdc.ts'
import { httpsCredential } from '../support/https-credential.ts'
import { connectorClient } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { MemoryLogger } from '../support/manual-clock.ts'

const hasLab = sharedLab() !== undefined && labAvailability().ok
/** What docker/samba-ad/settings.sh gives the administrator. */
const ADMINISTRATOR = 'administrator%Lab-administrator-1'
const BRANCH_KDC = 'branch-dc.corp.example'

let lab: Lab
before(async () => {
  if (hasLab) lab = await startLab({ services: ['dc'] })
})
after(async () => {
  if (hasLab) await lab.stop()
})

const hasProxy = hasLab && hasFarTools()
describe('a password server out of reach', { skip: hasProxy ? false : NO_FAR_TOOLS }, () => {
  it('is told a new password through kdcproxy, which then opens tickets', async () => {
    const { realm, kdc, connectors } = lab.env
    const credential = httpsCredential()
    const kdcProxy = await startKdcProxy({ [realm]: [kdc] }, credential)
    const https = new KkdcpClient({ trust: { ca: credential.ca } })
    const { ask } = https
    const url = `https://127.0.0.1:${kdcProxy.port}/KdcProxy`
    const limits = { timeoutMs: 60_000, totalTimeoutMs: 90_000 }
    const far = { [realm]: [url] }
    const transport = new NetworkKdcTransport({ kdcs: far, https: ask, ...limits })
    const passwordServer = new PasswordServerTransport({ servers: far, https: ask, ...limits })
    const { keytab, principal } = connectors.CONN2
    const owner = { principal: parsePrincipal(principal).principal, realm }
    const ports = { clock: systemClock, random: systemRandom, transport, passwordServer }
    const before = await readKeytabFile(keytab)
    const { kvno } = await rotateKeytabFile(keytab, owner, ports)
    assert.equal(kvno, Math.max(...before.map((entry) => entry.kvno)) + 1)
    const client = await connectorClient(lab.env, 'CONN2', { transport })
    assert.ok(await client.ownTicket('ldap/dc1.corp.example'))
    await https.close()
    await kdcProxy.stop()
  })
})

describe('sites of Active Directory', { skip: hasLab ? false : NO_LAB }, () => {
  /** Its own name server's addresses, as one without an entry in /etc/hosts finds them. */
  const lookup: LookupFunction = (name, _options, done) => {
    const names = new Resolver()
    names.setServers([lab.env.dnsServer])
    names.resolve4(name).then(
      ([address = '']) => {
        done(null, [{ address, family: 4 }])
      },
      (error: unknown) => {
        done(error as Error, '')
      },
    )
  }
  const setUp = () => {
    const logger = new MemoryLogger()
    const ports = { clock: systemClock, random: systemRandom, logger }
    const sites = new NetlogonSiteFinder({ ...ports, lookup, timeoutMs: 20_000 })
    const resolve = dnsSrvResolver({
      servers: [lab.env.dnsServer],
      random: systemRandom,
      timeoutMs: 20_000,
    })
    const locator = new DnsKdcLocator({ ...ports, resolve, sites })
    return { logger, sites, locator }
  }
  const controllers = () => [{ host: 'dc1.corp.example', port: 88 }]

  it('are told by the domain controller', async () => {
    const { sites, logger } = setUp()
    const found = await sites.sitesOf(lab.env.realm, controllers())
    assert.deepEqual(found, ['Default-First-Site-Name'])
    assert.equal(logger.lines[0]?.fields['by'], 'dc1.corp.example')
  })

  it('are not told for a domain that the controller does not have', async () => {
    const { sites, logger } = setUp()
    assert.deepEqual(await sites.sitesOf('OTHER.EXAMPLE', controllers()), [])
    assert.match(String(logger.lines[0]?.fields['reason']), /has no domain other\.example/)
  })

  it('have KDCs that are asked first', async () => {
    const { domain, dnsServer } = lab.env
    const address = dnsServer.replace(/:\d+$/, '')
    await lab.samba(['sites', 'create', 'Branch'])
    // From there we come, whatever the number of the lab.
    await lab.samba(['sites', 'subnet', 'create', '127.0.0.0/16', 'Branch'])
    const add = (...record: readonly string[]): Promise<string> =>
      lab.samba(['dns', 'add', address, ...record, '-U', ADMINISTRATOR])
    await add(domain, 'branch-dc', 'A', address)
    const service = '_kerberos._tcp.Branch._sites.dc'
    await add(`_msdcs.${domain}`, service, 'SRV', `${BRANCH_KDC} 88 0 100`)
    const { locator } = setUp()
    assert.deepEqual(await locator.locate(lab.env.realm), [
      { via: 'direct', host: BRANCH_KDC, port: 88 },
      { via: 'direct', host: 'dc1.corp.example', port: 88 },
    ])
    const transport = new NetworkKdcTransport({
      ...{ locator, lookup, hedgeAfterMs: 20_000, timeoutMs: 20_000, totalTimeoutMs: 60_000 },
    })
    const client = await connectorClient(lab.env, 'CONN1', { transport })
    await client.ownTicket('ldap/dc1.corp.example')
    const asked = transport.statistics().kdcs.filter(({ answered }) => answered > 0)
    assert.deepEqual(
      asked.map(({ kdc }) => kdc),
      [`${BRANCH_KDC}:88`],
    )
  })
})
