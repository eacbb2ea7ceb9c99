import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, rm, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { AppSettings } from '../../src/tunnel/index.ts'
import {
  forgersKey,
  joinToken,
  openToken,
  publicKeyTexts,
  signHs256,
  signRs256,
  type OpenToken,
} from '../support/forged-tokens.ts'
import { obtainIdToken } from '../support/id-token.ts'
import { KdcProxy } from '../support/kdc-proxy.ts'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { appSettings, StolenGateway, type StolenOutcome } from '../support/stolen-gateway.ts'

const lab = sharedLab()
/** An issuer that the policy lists besides the provider, whose key the test holds: it signs what the provider never would. */
const SECOND_ISSUER = 'https://second.example'
/** Guards against hangs only. */
const PATIENCE = { timeout: 120_000 }

describe('a stolen gateway gets no ticket without a proof', { skip: lab ? false : NO_LAB }, () => {
  assert.ok(lab)
  const { iwa, other, plain } = lab.backends
  const forger = forgersKey()
  const second = forgersKey()
  let files: string
  let kdc: KdcProxy
  let gateway: StolenGateway
  /** Listens on loopback, where no app may lead. */
  let inside: Server
  let insideRequests = 0
  let real: OpenToken
  let realText: string
  let publicTexts: readonly Buffer[]
  /** Each test's own word in the backends' access log. */
  const refused: string[] = []
  let words = 0

  const intranet = appSettings('intranet', `${iwa.origin}/`, { servicePrincipalName: iwa.spn })

  before(async () => {
    files = await mkdtemp(join(tmpdir(), 'sallyport-keys-'))
    const keys = { keys: [{ ...second.jwk, kid: 'second', alg: 'RS256', use: 'sig' }] }
    await writeFile(join(files, 'second.json'), JSON.stringify(keys))
    inside = createServer((_request, response) => {
      insideRequests += 1
      response.end('inside')
    }).listen(0, '127.0.0.1')
    kdc = await KdcProxy.start(lab)
    gateway = await StolenGateway.start(lab, {
      // Armour would hide from the KDC proxy what is asked for.
      editConnector: ({ kerberos }) =>
        Object.assign(kerberos as object, { kdcs: [kdc.address], fast: 'off' }),
      editPolicy: ({ issuers, backends }) => {
        ;(issuers as object[]).push({
          issuer: SECOND_ISSUER,
          audience: lab.oidc.clientId,
          loginClaim: 'upn',
          keysFile: join(files, 'second.json'),
          upnSuffixes: ['corp.example'],
          realms: [lab.realm],
        })
        // Rows without `addresses`: loopback is refused although the origin is listed.
        const { port } = inside.address() as AddressInfo
        for (const host of ['127.0.0.1', '[::1]', 'dc1.corp.example'])
          (backends as object[]).push({
            origin: `http://${host}:${port}`,
            preAuthentication: 'passthrough',
          })
        ;(backends as object[]).push({
          origin: 'http://169.254.169.254',
          preAuthentication: 'passthrough',
        })
      },
    })
    realText = await obtainIdToken(lab, 'alice')
    real = openToken(realText)
    publicTexts = await publicKeyTexts(lab, real.header['kid'])
    await gateway.describe(intranet)
    await gateway.prove('real', realText)
  })
  after(async () => {
    await gateway.stop()
    await kdc.stop()
    inside.close()
    await rm(files, { recursive: true, force: true })
  })

  const accessLog = () => readFile(join(lab.directory, 'apache', 'access.log'), 'utf8')
  const good = (target: string) => gateway.request({ app: 'intranet', proof: 'real', target })
  const newWord = () => `word-${randomUUID()}`

  async function assertRefused(
    code: string,
    send: (target: string) => Promise<StolenOutcome>,
  ): Promise<StolenOutcome> {
    const word = newWord()
    refused.push(word)
    const tickets = kdc.count('S4U2Self', 'S4U2Proxy')
    const outcome = await send(`/whoami?${word}`)
    assert.deepEqual('code' in outcome ? outcome.code : outcome, code, JSON.stringify(outcome))
    assert.equal(kdc.count('S4U2Self', 'S4U2Proxy'), tickets, 'no ticket was asked for')
    return outcome
  }

  const withToken = (code: string, idToken: string, app = 'intranet') =>
    assertRefused(code, async (target) => {
      const proof = `p${++words}`
      await gateway.prove(proof, idToken)
      return gateway.request({ app, proof, target })
    })

  const withApp = (code: string, app: AppSettings, proof = 'real') =>
    assertRefused(code, async (target) => {
      await gateway.describe(intranet, app)
      return gateway.request({ app: app.id, proof, target })
    })

  /** A token of the second issuer, which is as good as the change lets it be. */
  const ofSecond = (change: Record<string, unknown> = {}, header: object = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const base = { iss: SECOND_ISSUER, aud: lab.oidc.clientId, sub: 'alice' }
    const times = { iat: now, exp: now + 600, auth_time: now }
    const claims = { ...base, ...times, upn: 'alice@corp.example', ...change }
    return signRs256(second.privateKey, { kid: 'second', typ: 'JWT', ...header }, claims)
  }
  const now = () => Math.floor(Date.now() / 1000)

  it("reaches the intranet as alice with alice's real proof, so that her ticket is cached", async () => {
    const word = newWord()
    const outcome = await good(`/whoami?${word}`)
    assert.ok('status' in outcome, JSON.stringify(outcome))
    assert.equal(outcome.status, 200)
    assert.match(outcome.body, /"alice@CORP\.EXAMPLE"/)
    const asked = kdc.count('S4U2Self', 'S4U2Proxy')
    assert.equal(asked, 2)
    await good('/whoami')
    assert.equal(kdc.count('S4U2Self', 'S4U2Proxy'), asked)
  })

  it('is refused without a proof', async () => {
    await assertRefused('ERR_SSO_PROOF_MISSING', (target) =>
      gateway.request({ app: 'intranet', proof: '', target }),
    )
  })

  it('is refused with a proof id that was never sent', async () => {
    await assertRefused('ERR_SSO_PROOF_UNKNOWN', (target) =>
      gateway.request({ app: 'intranet', proof: 'never-sent', target }),
    )
  })

  it('is refused for an app it has not described', async () => {
    await assertRefused('ERR_CONNECTOR_APP_UNKNOWN', (target) =>
      gateway.request({ app: 'unheard-of', proof: 'real', target }),
    )
  })

  it('is served with a token of the second issuer as it should be', async () => {
    await gateway.prove('second', ofSecond())
    const outcome = await gateway.request({ app: 'intranet', proof: 'second', target: '/whoami' })
    assert.ok('status' in outcome && outcome.status === 200, JSON.stringify(outcome))
  })

  const forgeries: Record<string, () => string | readonly string[]> = {
    garbage: () => ['x', '..', 'eyJ.eyJ.x', '\u0000', `${realText}.${realText}`],
    'algorithm none': () => [
      joinToken({ ...real, header: { alg: 'none' }, signature: '' }),
      joinToken({ ...real, header: { ...real.header, alg: 'none' }, signature: '' }),
      joinToken({ ...real, header: { ...real.header, alg: 'None' } }),
    ],
    "HS256 with the provider's public key as the secret": () =>
      publicTexts.map((text) => signHs256(text, real.header, real.claims)),
    "RS256 by the forger's key under the provider's key id": () =>
      signRs256(forger.privateKey, real.header, real.claims),
    'RS256 under an unknown key id, and under none': () => [
      signRs256(forger.privateKey, { ...real.header, kid: 'unknown' }, real.claims),
      signRs256(forger.privateKey, { typ: 'JWT' }, real.claims),
    ],
    'a key brought along in the header': () => [
      signRs256(forger.privateKey, { ...real.header, jwk: forger.jwk }, real.claims),
      signRs256(forger.privateKey, { jku: 'https://evil.example/jwks' }, real.claims),
    ],
    'another login under the real signature': () =>
      joinToken({ ...real, claims: { ...real.claims, upn: 'bob@corp.example' } }),
    'a later end under the real signature': () =>
      joinToken({ ...real, claims: { ...real.claims, exp: now() + 86_400 } }),
    'the real token without its signature': () => joinToken({ ...real, signature: '' }),
    "the provider's name over the second issuer's signature": () =>
      ofSecond({ iss: lab.oidc.issuer }),
    "the second issuer's name over the provider's signature": () =>
      joinToken({ ...real, claims: { ...real.claims, iss: SECOND_ISSUER } }),
    'an access token': () => ofSecond({}, { typ: 'at+jwt' }),
    'a token without an end': () => ofSecond({ exp: undefined }),
    'a critical header that nobody knows': () =>
      ofSecond({}, { crit: ['https://evil.example'], 'https://evil.example': 1 }),
  }
  for (const [what, forge] of Object.entries(forgeries)) {
    it(`is refused with ${what}`, async () => {
      for (const token of [forge()].flat()) await withToken('ERR_SSO_PROOF_INVALID', token)
    })
  }

  it('is refused with another audience or authorized party', async () => {
    for (const claims of [{ aud: 'another-client' }, { azp: 'another-client' }]) {
      await withToken('ERR_SSO_PROOF_AUDIENCE', ofSecond(claims))
    }
    // Several audiences, and nobody says which of them asked for it.
    const aud = [lab.oidc.clientId, 'another-client']
    await withToken('ERR_SSO_PROOF_INVALID', ofSecond({ aud }))
  })

  it('is refused with a token of the future', async () => {
    const token = ofSecond({ iat: now() + 3600, exp: now() + 7200 })
    await withToken('ERR_SSO_PROOF_EARLY', token)
  })

  it('is refused with an issuer that the policy does not list', async () => {
    await withToken('ERR_SSO_ISSUER_UNKNOWN', ofSecond({ iss: 'https://evil.example' }))
  })

  it('is refused with a proof that has ended, and with a sign-in that is too old', async () => {
    const old = now() - 3600
    await withToken('ERR_SSO_PROOF_EXPIRED', ofSecond({ iat: old, exp: now() - 60 }))
    await withToken('ERR_SSO_PROOF_EXPIRED', ofSecond({ auth_time: now() - 86_400 }))
  })

  it('is refused with a login that the issuer may not assert', async () => {
    await withToken('ERR_SSO_LOGIN_REFUSED', ofSecond({ upn: 'robert@contoso.test' }))
    await withToken('ERR_SSO_LOGIN_REFUSED', ofSecond({ upn: undefined }))
  })

  it('is refused an id that was given two tokens', async () => {
    await gateway.prove('twice', realText)
    await gateway.prove('twice', ofSecond())
    await assertRefused('ERR_SSO_PROOF_UNKNOWN', (target) =>
      gateway.request({ app: 'intranet', proof: 'twice', target }),
    )
  })

  const spn = { servicePrincipalName: iwa.spn }
  const denied: Record<string, () => AppSettings> = {
    'the SPN of other for the origin of iwa': () =>
      appSettings('mixed', `${iwa.origin}/`, { servicePrincipalName: other.spn }),
    'the SPN of iwa for the origin of other': () => appSettings('mixed', `${other.origin}/`, spn),
    'the SPN of iwa for a backend without sign-in': () =>
      appSettings('mixed', `${plain.origin}/`, spn),
    'the origin of iwa without single sign-on': () =>
      appSettings('mixed', `${iwa.origin}/`, { singleSignOn: 'none' }),
    'the origin of iwa over TLS, which is another origin': () =>
      appSettings('mixed', `${iwa.tlsOrigin}/`, spn),
    'an internal URL that the policy does not list': () =>
      appSettings('mixed', 'http://dc1.corp.example/', spn),
    'another port of a listed host': () => appSettings('mixed', `${iwa.origin}:8080/`, spn),
    'a listed host as user name of another': () =>
      appSettings('mixed', 'http://iwa.corp.example@other.corp.example/', spn),
    'a passthrough app with an SPN': () =>
      appSettings('mixed', `${iwa.origin}/`, { ...spn, preAuthentication: 'passthrough' }),
    'passthrough to a backend that wants a sign-in': () =>
      appSettings('mixed', `${iwa.origin}/`, {
        preAuthentication: 'passthrough',
        singleSignOn: 'none',
      }),
    'no URL at all': () => appSettings('mixed', 'not a URL', spn),
    'a file': () => appSettings('mixed', 'file:///etc/passwd', { singleSignOn: 'none' }),
  }
  for (const [what, app] of Object.entries(denied)) {
    it(`is denied ${what}`, async () => {
      await withApp('ERR_SSO_POLICY_DENIED', app())
      if (app().preAuthentication === 'passthrough')
        await withApp('ERR_SSO_POLICY_DENIED', app(), '')
    })
  }

  it('may not choose which part of a login names the account', async () => {
    for (const delegatedLoginIdentity of [
      'userPrincipalUsername',
      'onPremisesUserPrincipalUsername',
      'onPremisesSAMAccountName',
    ] as const) {
      const app = appSettings('mixed', `${iwa.origin}/`, { ...spn, delegatedLoginIdentity })
      await withApp('ERR_SSO_LOGIN_REFUSED', app)
    }
  })

  it('is kept from loopback and metadata addresses even where the origin is listed', async () => {
    const { port } = inside.address() as AddressInfo
    const more = { preAuthentication: 'passthrough', singleSignOn: 'none' } as const
    const hosts = ['127.0.0.1', '[::1]', 'dc1.corp.example', '127.1', '0x7f000001']
    for (const url of [
      ...hosts.map((host) => `http://${host}:${port}/`),
      'http://169.254.169.254/',
    ])
      await withApp('ERR_BACKEND_ADDRESS_REFUSED', appSettings('near', url, more), '')
    assert.equal(insideRequests, 0)
  })

  it(
    'makes its lies no louder than the truth: alice still gets through, and nothing refused arrived',
    PATIENCE,
    async () => {
      const word = newWord()
      await gateway.describe(intranet)
      const outcome = await good(`/whoami?${word}`)
      assert.ok('status' in outcome && outcome.status === 200, JSON.stringify(outcome))
      let log = await accessLog()
      // Apache writes its log after it has answered.
      while (!log.includes(word)) log = await accessLog()
      assert.deepEqual(
        refused.filter((text) => log.includes(text)),
        [],
      )
      assert.ok(refused.length > 30)
    },
  )

  it('leaves a security event of every kind of lie, and no more lines than the limit', () => {
    const events = gateway.connector.lines.filter((line) => line['event'] === 'security')
    const kinds = new Set(events.map((line) => line['what']))
    for (const what of [
      'proof-missing',
      'proof-invalid',
      'proof-id-reused',
      'issuer-unknown',
      'policy-denied',
      'login-refused',
      'address-refused',
    ])
      assert.ok(kinds.has(what), `${what} is not among ${[...kinds].join(', ')}`)
    const invalid = events.filter((line) => line['code'] === 'ERR_SSO_PROOF_INVALID')
    // Twenty lines a minute, and the tests take less than two.
    assert.ok(invalid.length >= 20 && invalid.length <= 60, String(invalid.length))
  })

  it('is told nothing of the tokens in the log', () => {
    const text = JSON.stringify(gateway.connector.lines)
    assert.doesNotMatch(text, /eyJ[\w-]{20,}/)
  })
})
