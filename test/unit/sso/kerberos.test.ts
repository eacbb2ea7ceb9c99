import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import {
  KerberosClient,
  parseNegotiate,
  formatNegotiate,
  tlsServerEndPoint,
} from '../../../src/kerberos/index.ts'
import { createAuthority, issueServerCertificate, loadCertificate } from '../../../src/pki/index.ts'
import { systemClock, systemRandom } from '../../../src/platform/io/index.ts'
import { createPipeline, type SsoPipeline } from '../../../src/sso/index.ts'
import { createBackendPool } from '../../../src/sso/io/index.ts'
import {
  acceptToken,
  encodeNegTokenResp,
  expectedBinding,
  frameToken,
  makeApRep,
} from '../../support/gss-acceptor.ts'
import { MemoryLogger } from '../../support/manual-clock.ts'
import { MemoryKdc } from '../../support/memory-kdc/index.ts'
import { CollectingSink, type Outcome } from '../../support/sso/sink.ts'
import {
  appOf,
  createIssuer,
  FakeDirectory,
  policyOf,
  type Issuer,
} from '../../support/sso/world.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'

const REALM = 'CORP.EXAMPLE'
const SPN = 'HTTP/iwa.corp.example'
const ports = { clock: systemClock, random: systemRandom }

// Nothing is made up here but the network: a KDC, tickets, tokens, channel bindings and AP-REPs with real keys.
describe('pipeline with a KDC in memory and a backend that checks every token', () => {
  const authority = createAuthority(ports)
  const credential = issueServerCertificate(authority, { names: ['iwa.corp.example'] }, ports)
  const binding = expectedBinding(tlsServerEndPoint(loadCertificate(credential.certificatePem).raw))
  const kdc = new MemoryKdc(REALM, ports)
    .add({ name: 'CONN1$', trustedToAuth: true, allowedTo: [SPN] })
    .add({ name: 'svc-iwa', spns: [SPN] })
    .add({ name: 'alice' })
    .add({ name: 'bob' })
  const directory = new FakeDirectory()
  let lie = false
  let server: Server
  let issuer: Issuer
  let pipeline: SsoPipeline
  let app: AppSettings

  const answer = (authorization: string): { status: number; token?: Uint8Array; body: string } => {
    const token = parseNegotiate(authorization)
    const [entry] = kdc.keytab('svc-iwa')
    assert.ok(token && entry)
    const accepted = acceptToken(token, entry.key)
    if (accepted.binding !== binding) return { status: 401, body: 'not bound to this channel' }
    const settings = lie ? { cusec: (accepted.authenticator.cusec + 1) % 1_000_000 } : {}
    const reply = frameToken(0x0200, makeApRep(accepted, systemRandom, settings))
    return {
      status: 200,
      token: encodeNegTokenResp({ negState: 0, responseToken: reply }),
      body: accepted.client,
    }
  }

  before(async () => {
    for (const name of ['alice', 'bob']) directory.add(name, { sid: kdc.sidOf(name) })
    const { certificatePem: cert, privateKeyPem: key } = credential
    server = createServer({ cert, key }, (request, response) => {
      const { status, token, body } = answer(request.headers.authorization ?? '')
      response.writeHead(status, {
        'WWW-Authenticate': token ? formatNegotiate(token) : 'Negotiate',
      })
      response.end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `https://iwa.corp.example:${(server.address() as AddressInfo).port}`
    issuer = await createIssuer(systemClock)
    app = appOf(`${origin}/`)
    const row = {
      origin,
      servicePrincipalName: SPN,
      addresses: ['127.0.0.1'],
      mutualAuthentication: 'required',
    }
    const policy = policyOf([{ ...row, tls: { ca: 'ca.pem' } }])
    const [backend] = policy.backends
    assert.ok(backend)
    const trusted = { ...backend, tls: { verify: 'ca', ca: authority.certificatePem } as const }
    const identity = {
      principal: { nameType: 1, nameString: ['CONN1$'] },
      realm: REALM,
      keys: kdc.keytab('CONN1$'),
    }
    pipeline = createPipeline({
      ...ports,
      policy: { ...policy, backends: [trusted] },
      keys: issuer.keys,
      kerberos: new KerberosClient({ ...ports, identity, transport: kdc, requireSid: true }),
      directory,
      backends: createBackendPool({ resolve: () => Promise.resolve(['127.0.0.1']) }),
      logger: new MemoryLogger(),
    })
  })
  after(async () => {
    await pipeline.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const ask = async (user: string): Promise<Outcome> => {
    const idToken = await issuer.token({ upn: `${user}@corp.example` })
    const sink = new CollectingSink()
    const proof = { id: `${user} ${idToken.slice(-20)}`, idToken }
    const request = { requestId: 'r', app, proof, method: 'GET', target: '/', headers: [] }
    pipeline.handle({ ...request, body: { kind: 'none' } }, sink)
    return sink.outcome
  }

  it('signs each user in with tokens bound to the channel, and verifies the backend', async () => {
    for (const user of ['alice', 'bob', 'alice']) {
      const outcome = await ask(user)
      assert.deepEqual([outcome.code, outcome.body.toString()], [undefined, `${user}@${REALM}`])
    }
    assert.equal(pipeline.counters.mutualVerified, 3)
  })

  it('hands no response of a backend over that fails to prove its identity', async () => {
    lie = true
    const outcome = await ask('alice')
    lie = false
    assert.deepEqual([outcome.code, outcome.status, outcome.body.length], ['ERR_KRB_MUTUAL', 0, 0])
  })

  it('says what a flush has dropped', async () => {
    for (const user of ['alice', 'bob']) await ask(user)
    const none = { kdcRefusals: 0, directoryRefusals: 0 }
    const ofService = pipeline.flush({ user: 'alice', servicePrincipalName: SPN.toLowerCase() })
    assert.deepEqual(ofService, { tickets: 1, evidence: 0, accounts: 0, ...none })
    const rest = pipeline.flush({ user: 'alice' })
    assert.deepEqual(rest, { tickets: 0, evidence: 1, accounts: 1, ...none })
    assert.equal(pipeline.flush({ user: 'alice' }).accounts, 0)
    assert.deepEqual(pipeline.flush({}), { tickets: 1, evidence: 1, accounts: 1, ...none })
  })

  it("uses no evidence that someone on the wire swapped for another user's (invariant 2)", async () => {
    pipeline.flush({})
    let swapped: Parameters<NonNullable<typeof kdc.tricks.reply>>[0] | undefined
    kdc.tricks = { reply: (reply, kind) => (kind === 'S4U2Self' ? (swapped = reply) : reply) }
    await ask('bob')
    const ofBob = swapped
    assert.ok(ofBob)
    kdc.tricks = {
      reply: (reply, kind) => (kind === 'S4U2Self' ? { ...reply, ticket: ofBob.ticket } : reply),
    }
    const outcome = await ask('alice')
    kdc.tricks = {}
    assert.equal(outcome.status, 0)
    assert.match(outcome.code ?? '', /^ERR_KRB_/)
    pipeline.flush({ user: 'alice' })
    assert.equal((await ask('alice')).body.toString(), `alice@${REALM}`)
  })
})
