/** The Kerberos client in a DMZ: through the real kdcproxy (MS-KKDCP), and Squid before it, to the lab's KDC. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  Initiator,
  KerberosError,
  parseKrb5ConfText,
  type KdcTransport,
} from '../../src/kerberos/index.ts'
import {
  KkdcpClient,
  krb5ConfLocator,
  NetworkKdcTransport,
  type KkdcpOptions,
} from '../../src/kerberos/io/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import {
  hasFarTools,
  NO_FAR_TOOLS,
  startKdcProxy,
  startSquid,
  type KdcProxy,
  type Squid,
} from '../support/far-kdc.ts'
import { createNameResolver } from '../../src/connector/io/name-resolver.ts'
import { openKdcWay } from '../../src/connector/io/kdc-way.ts'
import { kerberosSchema } from '../../src/connector/config-kerberos.ts'
import { clientCredential } from '../support/openssl.ts'
import { MemoryLogger } from '../support/manual-clock.ts'
import { httpsCredential } from '../support/https-credential.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { connectorClient } from '../support/lab-kerberos.ts'

const lab = sharedLab()
const why = lab === undefined ? NO_LAB : NO_FAR_TOOLS
/** Generous: what is measured here is not time. */
const LIMITS = { timeoutMs: 30_000, totalTimeoutMs: 60_000 }
/** Squid alone can resolve it. */
const NAME = 'kdcproxy.far.test'

describe('KDCs out of reach', { skip: lab !== undefined && hasFarTools() ? false : why }, () => {
  assert.ok(lab)
  const credential = httpsCredential(['127.0.0.1', 'localhost', NAME])
  const clients: KkdcpClient[] = []
  let kdcProxy: KdcProxy
  let ignorant: KdcProxy
  let squid: Squid
  before(async () => {
    kdcProxy = await startKdcProxy({ [lab.realm]: [lab.kdc] }, credential)
    ignorant = await startKdcProxy({}, credential)
    const { spn, keytab } = lab.backends.iwa
    const kerberos = { spn, keytab, krb5Conf: lab.krb5Conf }
    squid = await startSquid({ names: [NAME], ports: [kdcProxy.port, 1], kerberos })
  })
  after(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await Promise.all([kdcProxy, ignorant, squid].map((one) => one.stop()))
  })

  const transport = (url: string, options: KkdcpOptions = {}): KdcTransport => {
    const client = new KkdcpClient({
      trust: { ca: credential.ca },
      connectTimeoutMs: 30_000,
      ...options,
    })
    clients.push(client)
    return new NetworkKdcTransport({ kdcs: { [lab.realm]: [url] }, https: client.ask, ...LIMITS })
  }
  const straight = (): string => `https://127.0.0.1:${kdcProxy.port}/KdcProxy`
  const named = (port = kdcProxy.port): string => `https://${NAME}:${port}/KdcProxy`
  const guarded = () => {
    const { guarded: url, user, password } = squid
    return { url, credentials: { user, password } }
  }
  const faultOf = async (through: KdcTransport, realm = lab.realm): Promise<string> => {
    const client = await connectorClient(lab, 'CONN1', { transport: through })
    const error: unknown = await client.ownTicket(`HTTP/iwa.corp.example@${realm}`).then(
      () => assert.fail('it was answered'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof KerberosError)
    assert.equal(error.code, 'ERR_KRB_KDC_UNREACHABLE')
    return `${error.message} | ${error.mend}`
  }

  const ways: readonly [string, () => KdcTransport][] = [
    ['kdcproxy', () => transport(straight())],
    ['Squid and kdcproxy', () => transport(named(), { forwardProxy: { url: squid.open } })],
    [
      'Squid that wants a password, and kdcproxy',
      () => transport(named(), { forwardProxy: guarded() }),
    ],
  ]
  for (const [what, way] of ways) {
    it(`acts for a user at a service through ${what}`, async () => {
      const client = await connectorClient(lab, 'CONN1', { transport: way() })
      const evidence = await client.impersonate({ name: 'alice', realm: lab.realm })
      const ticket = await client.delegate(evidence, 'HTTP/iwa.corp.example')
      assert.deepEqual(ticket.client.nameString, ['alice'])
    })
  }

  it('is let through by Squid that wants Negotiate, with a token of its own', async () => {
    const { spn } = lab.backends.iwa
    const host = spn.replace(/^HTTP\//, '')
    const { hostname, port } = new URL(squid.guarded)
    // Squid goes by the name of a service for which there is a keytab.
    const lookup: LookupFunction = (name, _options, done) => {
      done(null, [{ address: name === host ? hostname : '', family: 4 }])
    }
    const near = await connectorClient(lab, 'CONN1')
    const asked: string[] = []
    const negotiate = async (service: string): Promise<Uint8Array> => {
      asked.push(service)
      const ticket = await near.ownTicket(service)
      const ports = { clock: systemClock, random: systemRandom }
      return new Initiator(ticket, ports).createToken().token
    }
    const forwardProxy = { url: `http://${host}:${port}`, negotiate }
    const far = transport(named(), { forwardProxy, lookup })
    const client = await connectorClient(lab, 'CONN1', { transport: far })
    assert.ok(await client.ownTicket('ldap/dc1.corp.example'))
    assert.equal(asked[0], spn)
    const nonsense = () => Promise.resolve(Buffer.from('nonsense'))
    const refused = transport(named(), {
      forwardProxy: { ...forwardProxy, negotiate: nonsense },
      lookup,
    })
    assert.match(await faultOf(refused), /407: it refuses our Negotiate token \(Negotiate, Basic\)/)
  })

  it('is sent there by a krb5.conf, with the CA that it names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-far-conf-'))
    const anchors = join(folder, 'ca.pem')
    writeFileSync(anchors, credential.ca)
    const lines = [`kdc = ${straight()}`, `http_anchors = FILE:${anchors}`]
    const text = `[realms]\n${lab.realm} = {\n${lines.join('\n')}\n}\n`
    const https = new KkdcpClient({ connectTimeoutMs: 30_000 })
    clients.push(https)
    const locator = krb5ConfLocator(parseKrb5ConfText(text))
    const through = new NetworkKdcTransport({ locator, https: https.ask, ...LIMITS })
    const client = await connectorClient(lab, 'CONN1', { transport: through })
    assert.ok(await client.ownTicket('HTTP/iwa.corp.example'))
    rmSync(folder, { recursive: true })
  })

  it('is known to MIT’s tools by the same krb5.conf', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-far-mit-'))
    const anchors = join(folder, 'ca.pem')
    writeFileSync(anchors, credential.ca)
    const conf = join(folder, 'krb5.conf')
    const realm = `kdc = https://localhost:${kdcProxy.port}/KdcProxy\nhttp_anchors = FILE:${anchors}`
    const defaults = 'dns_lookup_kdc = false\nrdns = false'
    writeFileSync(conf, `[libdefaults]\n${defaults}\n[realms]\n${lab.realm} = {\n${realm}\n}\n`)
    const { principal, keytab } = lab.connectors.CONN1
    const env = { ...process.env, KRB5_CONFIG: conf, KRB5CCNAME: join(folder, 'ccache') }
    const args = ['-k', '-t', keytab, principal]
    const { status, stderr } = spawnSync('kinit', args, { env, encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    assert.equal(status, 0, stderr)
  })

  it('hears the KDC’s refusals through kdcproxy', async () => {
    const client = await connectorClient(lab, 'CONN1', { transport: transport(straight()) })
    await assert.rejects(client.ownTicket('HTTP/nowhere.corp.example'), {
      code: 'ERR_KRB_SPN_UNKNOWN',
    })
  })

  it('gets a reply that no datagram holds through kdcproxy', async () => {
    const client = await connectorClient(lab, 'CONN1', { transport: transport(straight()) })
    const evidence = await client.impersonate({ name: 'heidi', realm: lab.realm })
    assert.ok(evidence.groupSids.length > 500)
  })

  it('shows kdcproxy the certificate that connector.yaml names, which it asks for', async (t) => {
    const own = clientCredential()
    const demanding = await startKdcProxy(
      { [lab.realm]: [lab.kdc] },
      { ...credential, clientCa: own.cert },
    )
    t.after(() => demanding.stop())
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-far-certificate-'))
    t.after(() => {
      rmSync(folder, { recursive: true })
    })
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const ca = write('ca.pem', credential.ca)
    const shown = { certificate: write('own.pem', own.cert), key: write('own.key', own.key) }
    const url = `https://127.0.0.1:${demanding.port}/KdcProxy`
    const fetched = async (kdcProxy: Readonly<Record<string, unknown>>): Promise<string> => {
      const section = {
        ...{ realm: lab.realm, principal: 'CONN1$', keytab: 'unused', kdcs: [url] },
        ...{ kdcProxy: { ca, connectTimeoutMs: 30_000, ...kdcProxy } },
        ...{ dnsLookup: false, ...LIMITS },
      }
      const ports = { clock: systemClock, random: systemRandom, logger: new MemoryLogger() }
      const resolve = createNameResolver(undefined, systemClock)
      const way = await openKdcWay(kerberosSchema.parse(section), { ...ports, resolve })
      const client = await connectorClient(lab, 'CONN1', { transport: way.transport })
      return (await client.ownTicket('HTTP/iwa.corp.example')).server.nameString.join('/')
    }
    assert.equal(await fetched({ clientCertificate: shown }), 'HTTP/iwa.corp.example')
    await assert.rejects(fetched({}), { code: 'ERR_KRB_KDC_UNREACHABLE' })
  })

  it('is told what kdcproxy says when it does not know the realm', async () => {
    const url = `https://127.0.0.1:${ignorant.port}/KdcProxy`
    assert.match(
      await faultOf(transport(url)),
      /503 \(Can't find remote \(CORP\.EXAMPLE AS-REQ .*\| .*knows/,
    )
  })

  it('believes nobody with a certificate of another CA', async () => {
    const trust = { ca: httpsCredential().ca }
    assert.match(await faultOf(transport(straight(), { trust })), /certificate.*\| Name the CA/)
    const forwardProxy = { url: squid.open }
    const other = transport(named(), { trust, forwardProxy })
    assert.match(await faultOf(other), /certificate.*\| Name the CA/)
  })

  it('says what Squid refuses, and never the password', async () => {
    const { guarded: url, user } = squid
    const none = transport(named(), { forwardProxy: { url } })
    assert.match(
      await faultOf(none),
      /forward proxy .*407: it asks for credentials \(Negotiate, Basic\), none/,
    )
    const credentials = { user, password: 'Wrong-1' }
    const wrong = await faultOf(transport(named(), { forwardProxy: { url, credentials } }))
    assert.match(
      wrong,
      /407: it refuses the credentials of the user "dmz" \(Negotiate, Basic\) \| Set/,
    )
    assert.doesNotMatch(wrong, /Wrong-1/)
    const forbidden = transport(named(2), { forwardProxy: guarded() })
    assert.match(
      await faultOf(forbidden),
      /403 to CONNECT kdcproxy\.far\.test:2 \| Have the forward/,
    )
    const nobody = transport(named(1), { forwardProxy: guarded() })
    assert.match(
      await faultOf(nobody),
      /503 to CONNECT kdcproxy\.far\.test:1 \| Check that the for/,
    )
    const unknown = transport(`https://nowhere.far.test:1/`, { forwardProxy: guarded() })
    assert.match(await faultOf(unknown), /50\d to CONNECT nowhere\.far\.test:1 \| .*resolve/)
  })

  it('says that the forward proxy, or the KDC proxy, does not run', async () => {
    const noProxy = transport(named(), { forwardProxy: { url: 'http://127.90.255.253:3128' } })
    assert.match(await faultOf(noProxy), /forward proxy 127\.90\.255\.253:3128: .*ECONNREFUSED/)
    assert.match(
      await faultOf(transport('https://127.90.255.253/KdcProxy')),
      /ECONNREFUSED.*\| Check/,
    )
  })
})
