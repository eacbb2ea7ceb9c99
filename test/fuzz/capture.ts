/**
 * Captures seeds from a running lab, and makes those whose keys are drawn by chance: writes fixtures/fuzz/*.txt.
 *
 *     SALLYPORT_LAB=.lab/instance-1/env.json node test/fuzz/capture.ts
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { LabEnvironment } from '../../docker/lab.ts'
import { DerWriter, Tag } from '../../src/asn1/index.ts'
import { encodeSaslBind } from '../../src/directory/ldap-message.ts'
import {
  decrypt,
  encodeKeytab,
  formatNegotiate,
  Initiator,
  KeyUsage,
  tlsServerEndPoint,
  type EncryptionKey,
  type KdcTransport,
  type KerberosClient,
} from '../../src/kerberos/index.ts'
import { readKeytabFile } from '../../src/kerberos/io/index.ts'
import * as m from '../../src/kerberos/messages/index.ts'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  issueServerCertificate,
} from '../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../src/platform/io/index.ts'
import { connectorClient, labTransport } from '../support/lab-kerberos.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { derOf, stillPorts } from '../support/pki.ts'

/** MIT's tools, from the system. */
const TOOLS = { login: 'kinit', fetch: 'kvno' }
const SPN = 'HTTP/iwa.corp.example'
const REALM = 'CORP.EXAMPLE'
const ports = { clock: systemClock, random: systemRandom }

/** Name and octets, in the order they came. */
class Collection {
  readonly #lines: string[] = []
  add(name: string, octets: Uint8Array): void {
    this.#lines.push(`${name} ${Buffer.from(octets).toString('base64')}\n`)
  }
  write(file: string): void {
    const path = new URL(`../../fixtures/fuzz/${file}`, import.meta.url)
    writeFileSync(path, this.#lines.join(''))
    console.log(`${file}: ${this.#lines.length} seeds`)
  }
}

/** Keeps every request and reply. */
function recording(inner: KdcTransport, seeds: Collection, label: () => string): KdcTransport {
  return {
    async exchange(realm, request, signal) {
      const reply = await inner.exchange(realm, request, signal)
      const kind = request[0] === 0x6a ? 'as' : 'tgs'
      seeds.add(`${kind}-req:${label()}`, request)
      seeds.add(m.isKrbError(reply) ? `krb-error:${label()}` : `${kind}-rep:${label()}`, reply)
      return reply
    },
  }
}

/** Opens an evidence ticket as the connector does. */
function openTicket(ticket: Uint8Array, key: EncryptionKey): { part: Uint8Array; pac: Uint8Array } {
  const { encPart } = m.decodeTicket(ticket)
  const part = decrypt(key, KeyUsage.TICKET, encPart.cipher)
  const [relevant] = m.decodeEncTicketPart(part).authorizationData ?? []
  const [pac] = m.decodeAuthorizationData(relevant?.adData ?? new Uint8Array())
  return { part, pac: pac?.adData ?? new Uint8Array() }
}

async function captureKerberos(lab: LabEnvironment, seeds: Collection): Promise<KerberosClient> {
  let label = ''
  const transport = recording(labTransport(lab), seeds, () => label)
  const client = await connectorClient(lab, 'CONN1', { transport })
  const [entry] = await readKeytabFile(lab.connectors.CONN1.keytab)
  if (!entry) throw new Error('an empty keytab')
  label = 'own'
  await client.ownTicket('ldap/dc1.corp.example')
  for (const user of ['alice', 'bob', 'heidi', 'carol', 'erin', 'nobody']) {
    label = user
    const evidence = await client.impersonate({ name: user, realm: REALM }).catch(() => undefined)
    if (!evidence) continue
    const keys = await readKeytabFile(lab.connectors.CONN1.keytab)
    const key = keys.find(
      (each) => each.key.etype === m.decodeTicket(evidence.ticket).encPart.etype,
    )
    const { part, pac } = openTicket(evidence.ticket, (key ?? entry).key)
    seeds.add(`enc-ticket-part:${user}`, part)
    seeds.add(`pac:${user}`, pac)
    await client.delegate(evidence, SPN).catch(() => undefined)
  }
  label = 'http'
  return client
}

/** The keytab as Samba wrote it, every key octet replaced. */
async function captureKeytab(lab: LabEnvironment, seeds: Collection): Promise<void> {
  const octets = Buffer.from(await readFile(lab.connectors.CONN1.keytab))
  for (const { key } of await readKeytabFile(lab.connectors.CONN1.keytab)) {
    const at = octets.indexOf(key.value)
    octets.fill(0x4b, at, at + key.value.length)
  }
  seeds.add('keytab:CONN1', octets)
  const principal = { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] }
  const key = { etype: 17, value: new Uint8Array(16) }
  const entry = { principal, realm: REALM, kvno: 300, timestampMs: 1_700_000_000_000, key }
  seeds.add('keytab:own', encodeKeytab([entry, { ...entry, kvno: 2 }]))
}

/** A credential cache that MIT's tools wrote. */
function captureCcache(lab: LabEnvironment, seeds: Collection): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-capture-'))
  const file = join(folder, 'ccache')
  const env = { ...process.env, KRB5_CONFIG: lab.krb5Conf }
  try {
    const { password } = lab.users.alice
    execFileSync(TOOLS.login, ['-c', file, `alice@${REALM}`], { env, input: `${password}\n` })
    execFileSync(TOOLS.fetch, ['-q', '-c', file, SPN, 'ldap/dc1.corp.example'], { env })
    seeds.add('ccache:mit', readFileSync(file))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The challenge of an unauthenticated request, then the AP-REP of an authenticated one. */
async function captureHttp(
  lab: LabEnvironment,
  seeds: Collection,
  client: KerberosClient,
): Promise<void> {
  const evidence = await client.impersonate({ name: 'alice', realm: REALM })
  const ticket = await client.delegate(evidence, SPN)
  const { token } = new Initiator(ticket, ports).createToken()
  seeds.add('spnego-init:alice', token)
  const ask = (headers: Record<string, string>): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname } = new URL(lab.backends.iwa.origin)
      const host = lab.backends.iwa.address
      get({ host, path: '/whoami', headers: { host: hostname, ...headers } }, (response) => {
        response.resume()
        resolve(response.headers['www-authenticate'] ?? '')
      }).on('error', reject)
    })
  seeds.add('www-authenticate:challenge', Buffer.from(await ask({})))
  const reply = await ask({ authorization: formatNegotiate(token) })
  seeds.add('www-authenticate:reply', Buffer.from(reply))
  seeds.add('spnego-resp:apache', Buffer.from(reply.replace(/^Negotiate /, ''), 'base64'))
}

/** A search by one attribute for some attributes. RFC 4511 section 4.5.1. */
function searchRequest(base: string, attribute: string, value: string): Uint8Array {
  const w = new DerWriter().openSequence().integer(2).open(0x63)
  w.string(Tag.OCTET_STRING, base).integer(2, Tag.ENUMERATED).integer(0, Tag.ENUMERATED)
  w.integer(5).integer(5).boolean(false)
  w.open(0xa3).string(Tag.OCTET_STRING, attribute).string(Tag.OCTET_STRING, value).close()
  w.openSequence()
  for (const wanted of ['sAMAccountName', 'userPrincipalName', 'userAccountControl', 'objectSid']) {
    w.string(Tag.OCTET_STRING, wanted)
  }
  return w.close(3).finish()
}

async function captureLdap(
  lab: LabEnvironment,
  seeds: Collection,
  client: KerberosClient,
): Promise<void> {
  const [dc] = lab.domainControllers
  if (!dc) throw new Error('a lab without a domain controller')
  const ca = await readFile(lab.caFile, 'utf8')
  const socket = connect({ host: dc.address, port: 636, servername: dc.name, ca })
  await new Promise((resolve, reject) =>
    socket.once('secureConnect', resolve).once('error', reject),
  )
  const answer = (): Promise<Buffer> =>
    new Promise((resolve) => {
      // The server sends small answers in one piece, or a few within this time.
      let octets = Buffer.alloc(0)
      const take = (chunk: Buffer) => (octets = Buffer.concat([octets, chunk]))
      socket.on('data', take)
      setTimeout(() => {
        socket.off('data', take)
        resolve(octets)
      }, 700)
    })
  const certificate = socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)
  seeds.add('certificate:dc', certificate)
  const ticket = await client.ownTicket(`ldap/${dc.name}`)
  const bind = async (channelBinding: Uint8Array) => {
    const { token } = new Initiator(ticket, ports).createToken({ channelBinding })
    socket.write(encodeSaslBind(1, 'GSS-SPNEGO', token))
    return answer()
  }
  seeds.add('bind-response:good', await bind(tlsServerEndPoint(certificate)))
  for (const name of ['alice', 'bob', 'nobody']) {
    socket.write(searchRequest(lab.baseDn, 'sAMAccountName', name))
    seeds.add(`search-answer:${name}`, await answer())
  }
  socket.write(encodeSaslBind(1, 'GSS-SPNEGO', Buffer.from('no token')))
  seeds.add('bind-response:bad', await answer())
  socket.destroy()
}

/** Certificates and requests of our own: ECDSA draws by chance, so that they are kept. */
function makePki(seeds: Collection): void {
  const still = stillPorts()
  const authority = createAuthority(still)
  const server = issueServerCertificate(authority, { names: ['gateway.example'] }, still)
  const csrPem = createSigningRequest(createKey(), 'connector')
  const connectorId = '6f0f6a52-9d2a-4b5e-8a53-0d3c1a2b4c5d'
  const connector = issueConnectorCertificate(authority, { csrPem, connectorId }, still)
  seeds.add('ca', derOf(authority.certificatePem))
  seeds.add('server', derOf(server.certificatePem))
  seeds.add('connector', derOf(connector.certificatePem))
  seeds.add('request', Buffer.from(csrPem))
}

const lab = sharedLab()
if (lab === undefined) throw new Error(NO_LAB)
const seeds = new Collection()
const client = await captureKerberos(lab, seeds)
await captureKeytab(lab, seeds)
captureCcache(lab, seeds)
await captureLdap(lab, seeds, client)
await captureHttp(lab, seeds, client)
seeds.write('samba-4.22.txt')
const pki = new Collection()
makePki(pki)
pki.write('pki.txt')
