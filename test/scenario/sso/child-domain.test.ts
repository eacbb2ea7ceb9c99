/**
 * A forest of a parent and a child domain, in memory, since Samba cannot make a child domain: the parent's connector finds the child's
 * users through the global catalog, and acts for them by referral (MS-SFU 4.2). Each domain has an alice.
 */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import {
  AccountFinder,
  ForestDirectory,
  type DirectoryEntry,
} from '../../../src/directory/index.ts'
import { KerberosClient, parseNegotiate } from '../../../src/kerberos/index.ts'
import { createPipeline, type SsoPipeline } from '../../../src/sso/index.ts'
import { createBackendPool } from '../../../src/sso/io/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { accountEntry, ScriptedSearch } from '../../support/directory-entries.ts'
import { acceptToken } from '../../support/gss-acceptor.ts'
import { newWorld, random, REALM, SPN } from '../../support/kerberos-world.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'
import { MemoryKdc, MemoryRealms, trust } from '../../support/memory-kdc/index.ts'
import { CollectingSink, type Outcome } from '../../support/sso/sink.ts'
import { appOf, createIssuer, policyOf, type Issuer } from '../../support/sso/world.ts'

const CHILD = 'CHILD.CORP.EXAMPLE'
const { kdc: corp, clock } = newWorld()
const child = new MemoryKdc(CHILD, { clock, random }).add({
  name: 'krbtgt',
  spns: [`krbtgt/${CHILD}`],
})
child.directory.domainSid = 'S-1-5-21-7000-8000-9000'
child.add({ name: 'alice' }).add({ name: 'kim' })
trust(corp, child, random)
const realms = new MemoryRealms().add(corp, child)

/** The entry of a KDC's account. */
function entryOf(kdc: MemoryKdc, name: string, userPrincipalName?: string): DirectoryEntry {
  const dc = kdc.directory.realm.toLowerCase().replaceAll('.', ',DC=')
  return accountEntry({
    name,
    sid: kdc.sidOf(name),
    distinguishedName: `CN=${name},CN=Users,DC=${dc}`,
    ...(userPrincipalName !== undefined && { userPrincipalName }),
  })
}

/** A search that has these people. */
function searchOf(...people: readonly DirectoryEntry[]): ScriptedSearch {
  const search = new ScriptedSearch()
  search.people = people
  return search
}

describe('the connector of a parent domain, and users of its child domain', () => {
  // Alices without a userPrincipalName have the implicit ones; kim has the parent's suffix, as is usual.
  const ofCorp = [entryOf(corp, 'alice')]
  const ofChild = [entryOf(child, 'alice'), entryOf(child, 'kim', 'kim.lee@corp.example')]
  const searches = {
    catalog: searchOf(...ofCorp, ...ofChild),
    corp: searchOf(...ofCorp),
    child: searchOf(...ofChild),
  }
  const server = createServer((request, response) => {
    const token = parseNegotiate(request.headers.authorization ?? '')
    const [entry] = corp.keytab('svc-iwa')
    response.end(token && entry ? acceptToken(token, entry.key).client : 'nobody')
  })
  let issuer: Issuer
  let app: AppSettings
  let pipeline: SsoPipeline
  let count = 0

  function createConnector(issuerRealms: readonly string[]): SsoPipeline {
    const ports = { clock, random }
    const finder = (domain: string, search: ScriptedSearch) =>
      [domain, new AccountFinder(search, clock, { domain })] as const
    const domains = new Map([
      finder('corp.example', searches.corp),
      finder('child.corp.example', searches.child),
    ])
    const { origin } = new URL(app.internalUrl)
    const row = { origin, servicePrincipalName: SPN, addresses: ['127.0.0.1'] }
    const upnSuffixes = ['corp.example', 'child.corp.example']
    const principal = { nameType: 1, nameString: ['CONN1$'] }
    const identity = { principal, realm: REALM, keys: corp.keytab('CONN1$') }
    return createPipeline({
      ...ports,
      policy: policyOf([row], { realms: issuerRealms, upnSuffixes }),
      keys: issuer.keys,
      kerberos: new KerberosClient({ ...ports, identity, transport: realms, requireSid: true }),
      directory: new ForestDirectory({ catalog: searches.catalog, domains }),
      backends: createBackendPool({ resolve: () => Promise.resolve(['127.0.0.1']) }),
      logger: new MemoryLogger(),
    })
  }

  before(async () => {
    issuer = await createIssuer(clock)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    app = appOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    pipeline = createConnector([REALM, CHILD])
  })
  beforeEach(() => {
    realms.asked.length = 0
    for (const { requests } of Object.values(searches)) requests.length = 0
  })
  after(async () => {
    await pipeline.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  async function get(upn: string, from = pipeline): Promise<Outcome> {
    const sink = new CollectingSink()
    const proof = { id: `p${(count += 1)}`, idToken: await issuer.token({ upn }) }
    const request = { requestId: `r${count}`, app, proof, method: 'GET', target: '/' }
    from.handle({ ...request, headers: [], body: { kind: 'none' } }, sink)
    return sink.outcome
  }
  const seenFor = async (upn: string): Promise<string> => {
    const { error, body } = await get(upn)
    assert.equal(error, undefined)
    return body.toString()
  }

  it('finds kim through the catalog, reads her in her own domain, and gets her ticket by way of its KDC', async () => {
    assert.equal(await seenFor('kim.lee@corp.example'), `kim@${CHILD}`)
    assert.equal(searches.catalog.requests.length, 1)
    assert.equal(searches.catalog.requests[0]?.base, '')
    assert.equal(searches.corp.requests.length, 0)
    assert.ok(
      searches.child.requests.every(({ base }) => base.endsWith('DC=child,DC=corp,DC=example')),
    )
    // The connector's own ticket, then S4U2Self there and back, then S4U2Proxy at home.
    const [first, ...others] = realms.asked.filter((realm, at, all) => realm !== all[at - 1])
    assert.deepEqual([first, ...others], [REALM, CHILD, REALM])
  })

  it('takes neither alice for the other, whichever comes first', async () => {
    for (const realm of [CHILD, REALM, CHILD]) {
      assert.equal(await seenFor(`alice@${realm.toLowerCase()}`), `alice@${realm}`)
    }
  })

  it('refuses a user of the child domain where the issuer may assert the parent’s alone', async () => {
    const narrow = createConnector([REALM])
    assert.equal((await get('kim.lee@corp.example', narrow)).code, 'ERR_SSO_ACCOUNT_UNKNOWN')
    assert.equal((await get('alice@child.corp.example', narrow)).code, 'ERR_SSO_ACCOUNT_UNKNOWN')
    assert.equal((await get('alice@corp.example', narrow)).body.toString(), `alice@${REALM}`)
    assert.deepEqual(
      realms.asked.filter((realm) => realm === CHILD),
      [],
    )
    await narrow.close()
  })

  it('uses no ticket of another alice than the directory has found', async () => {
    // The child’s KDC gives the SID of one of the parent: nobody who is listed there, but perhaps a user of the connector.
    const other = createConnector([REALM, CHILD])
    corp.tricks = { pac: (content) => ({ ...content, logonDomainSid: corp.directory.domainSid }) }
    try {
      const { code } = await get('alice@child.corp.example', other)
      assert.equal(code, 'ERR_KRB_REPLY_MISMATCH')
    } finally {
      corp.tricks = {}
      await other.close()
    }
  })
})
