import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, it } from 'node:test'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { assertionKeys, policySchema } from '../../../../src/sso/index.ts'
import { errorCode } from '../../../../src/platform/index.ts'
import { createStage, type Stage, type StageOptions } from '../../../support/sso/stage.ts'
import { appOf, policyOf, type RawPolicy } from '../../../support/sso/world.ts'

const PEM = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey

const HEADERS = { 'X-Remote-User': '{upn}', 'X-Groups': '{groups?}' }
const APP = { singleSignOn: 'headers' } as const

/** The value that arrived under this name, and that it came once. */
function arrived(stage: Stage, name: string): string | undefined {
  const headers = stage.backend.arrivals.at(-1)?.rawHeaders ?? []
  const values = headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name)
  assert.ok(values.length <= 1, `${name} came ${values.length} times`)
  return values[0]
}

describe('header-based single sign-on', () => {
  const stages: Stage[] = []
  const open = async (headerSignOn: RawPolicy, more: StageOptions = {}): Promise<Stage> => {
    const row = { headerSignOn, servicePrincipalName: undefined }
    const stage = await createStage({ app: APP, row, readText: () => PEM, ...more })
    stage.backend.mood = (_arrival, _request, response) => {
      response.end('ok')
      return true
    }
    stages.push(stage)
    return stage
  }
  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  it('tells the backend who the user is, by the claims of the verified token', async () => {
    const stage = await open({ headers: HEADERS })
    const proof = await stage.proof('alice', { groups: ['staff', 'sales'] })
    const outcome = await stage.ask({ proof })
    assert.equal(outcome.status, 200)
    assert.equal(arrived(stage, 'x-remote-user'), 'alice@corp.example')
    assert.equal(arrived(stage, 'x-groups'), 'staff;sales')
    assert.equal(stage.kerberos.impersonations, 0)
    assert.equal(stage.directory.lookups, 0)
  })

  it('takes out what the client says under these names, in every spelling', async () => {
    const stage = await open({ headers: HEADERS })
    const headers = ['X-Remote-User', 'root', 'x_remote_user', 'root', 'X.Groups', 'admins']
    await stage.ask({ proof: await stage.proof('alice'), headers })
    const sent = stage.backend.arrivals.at(-1)?.rawHeaders ?? []
    assert.equal(arrived(stage, 'x-remote-user'), 'alice@corp.example')
    assert.ok(!sent.includes('root') && !sent.includes('admins'))
  })

  it('looks the account up where a template wants it, and refuses whom the policy never acts for', async () => {
    const row = { neverImpersonate: { users: ['bob'] }, servicePrincipalName: undefined }
    const headerSignOn = { headers: { 'X-User': 'CORP\\{account.sAMAccountName}' } }
    const stage = await open(headerSignOn, { row: { ...row, headerSignOn } })
    await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(arrived(stage, 'x-user'), 'CORP\\alice')
    const refused = await stage.ask({ proof: await stage.proof('bob') })
    assert.equal(errorCode(refused.error), 'ERR_SSO_NEVER_IMPERSONATE')
    assert.equal(stage.backend.arrivals.length, 1)
  })

  it('refuses a user whose token lacks the claim, and names the claim', async () => {
    const stage = await open({ headers: { 'X-Mail': '{email}' } })
    const { error } = await stage.ask({ proof: await stage.proof('alice') })
    assert.equal(errorCode(error), 'ERR_SSO_HEADER_CLAIM')
    assert.match(error?.message ?? '', /X-Mail .* email is not there/)
    assert.equal(stage.backend.arrivals.length, 0)
  })

  it('sends values beyond ASCII as UTF-8', async () => {
    const stage = await open({ headers: { 'X-Name': '{name}' } })
    await stage.ask({ proof: await stage.proof('alice', { name: 'Ålice Ωmega' }) })
    const value = arrived(stage, 'x-name') ?? ''
    assert.equal(Buffer.from(value, 'latin1').toString('utf8'), 'Ålice Ωmega')
  })

  it('gives nobody a name without a proof', async () => {
    const stage = await open({ headers: HEADERS })
    const { error } = await stage.ask({ proof: undefined })
    assert.equal(errorCode(error), 'ERR_SSO_PROOF_MISSING')
  })

  it('takes the fields out on every way to the backend, signed in or not', async () => {
    const stage = await open({ headers: HEADERS })
    const more = { singleSignOn: 'none', preAuthentication: 'passthrough' } as const
    const app = appOf(stage.app.internalUrl, more)
    const outcome = await stage.ask({ app, headers: ['X_Remote-User', 'root', 'X-Other', '1'] })
    assert.equal(outcome.status, 200)
    assert.equal(arrived(stage, 'x_remote-user'), undefined)
    assert.equal(arrived(stage, 'x-other'), '1')
  })

  it('goes by the policy: an app cannot ask for it elsewhere, or without a sign-in', async () => {
    const stage = await open({ headers: HEADERS })
    const proof = await stage.proof('alice')
    const url = stage.app.internalUrl
    const elsewhere = appOf(url.replace('127.0.0.1', 'localhost').replace(/:\d+/, ''), APP)
    assert.equal(
      errorCode((await stage.ask({ proof, app: elsewhere })).error),
      'ERR_SSO_POLICY_DENIED',
    )
    const unsigned = appOf(url, { ...APP, preAuthentication: 'passthrough' })
    assert.equal(errorCode((await stage.ask({ app: unsigned })).error), 'ERR_SSO_POLICY_DENIED')
    assert.equal(stage.backend.arrivals.length, 0)
  })

  describe('with an assertion', () => {
    const assertion = {
      header: 'X-Assertion',
      keyFile: 'key.pem',
      claims: ['groups', 'exp'],
      lifetimeSeconds: 60,
    }

    it('signs one that the published key verifies', async () => {
      const stage = await open({ assertion })
      await stage.ask({ proof: await stage.proof('alice', { groups: ['staff'], sub: 'a-1' }) })
      const keys = createLocalJWKSet((await assertionKeys(stage.policy)) as JSONWebKeySet)
      const { payload, protectedHeader } = await jwtVerify(
        arrived(stage, 'x-assertion') ?? '',
        keys,
        {
          issuer: 'sallyport',
          audience: `http://127.0.0.1:${stage.backend.port}`,
          currentDate: new Date(stage.clock.nowMs()),
        },
      )
      assert.equal(payload.sub, 'a-1')
      assert.deepEqual(payload['groups'], ['staff'])
      assert.equal(Number(payload.exp) - Number(payload.iat), 60)
      assert.equal(protectedHeader.alg, 'ES256')
    })

    it('keeps one for half of its lifetime, and signs another then', async () => {
      const stage = await open({ assertion })
      const proof = await stage.proof('alice')
      const next = async (): Promise<string> => {
        await stage.ask({ proof })
        return arrived(stage, 'x-assertion') ?? ''
      }
      const first = await next()
      assert.equal(await next(), first)
      await stage.clock.advance(30_000)
      const second = await next()
      assert.notEqual(second, first)
      assert.notEqual(decodeJwt(second).jti, decodeJwt(first).jti)
    })

    it('is not configured with what is no key', () => {
      const row = { origin: 'https://wiki.corp.example', headerSignOn: { assertion } }
      assert.throws(() => policyOf([row]), { code: 'ERR_SSO_SIGNING_KEY' })
      const weak = generateKeyPairSync('ed25519').privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      })
      assert.throws(() => policyOf([row], {}, () => weak.toString()), {
        code: 'ERR_SSO_SIGNING_KEY',
      })
    })
  })

  const wrong: readonly (readonly [string, RawPolicy, RegExp])[] = [
    ['no header', {}, /at least one header/],
    [
      'a header of the connection',
      { headers: { 'Transfer-Encoding': '{upn}' } },
      /not a field to name users by/,
    ],
    ['the same text for everybody', { headers: { 'X-User': 'admin' } }, /same for everybody/],
    ['a name that is none', { headers: { 'X User': '{upn}' } }, /name of a header field/],
  ]
  for (const [what, headerSignOn, reason] of wrong) {
    it(`is not configured with ${what}`, () => {
      const backends = [{ origin: 'https://wiki.corp.example', headerSignOn }]
      const { error } = policySchema.safeParse({ backends })
      assert.match(JSON.stringify(error?.issues ?? ''), reason)
    })
  }
})
