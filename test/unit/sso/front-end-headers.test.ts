/** Backends that are told by header fields who the user is, where the user signed in with Kerberos: there is no ID token. */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import type { Proof, SsoPipeline } from '../../../src/sso/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { FrontEndWorld } from '../../support/sso/front-end-world.ts'
import type { RawPolicy } from '../../support/sso/world.ts'

const PEM = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey

describe('header-based sign-on after a sign-in with Kerberos', () => {
  const world = new FrontEndWorld()
  let kerberos: AppSettings
  before(async () => {
    await world.start()
    kerberos = world.app
  })
  after(() => world.stop())
  beforeEach(() => {
    world.app = { ...kerberos, singleSignOn: 'headers' }
    world.arrivals.length = 0
  })

  const connectorWith = (headerSignOn: RawPolicy): SsoPipeline =>
    world.connector({
      row: { servicePrincipalName: undefined, headerSignOn },
      readText: () => PEM,
    })

  /** What the backend was told under a name; in every spelling. */
  const told = (name: string): readonly string[] => {
    const fields = world.arrivals.at(-1) ?? []
    return fields.filter(
      (_, at) => at % 2 === 1 && fields[at - 1]?.toLowerCase().replaceAll('_', '-') === name,
    )
  }

  it('tells the claims of the assertion, and the account', async () => {
    const connector = connectorWith({
      headers: {
        ...{ 'X-Upn': '{upn}', 'X-Account': '{account}', 'X-Realm': '{realm}', 'X-Sub': '{sub}' },
        ...{ 'X-Groups': '{groups}', 'X-Who': '{account.realm}\\{account.sAMAccountName}' },
      },
    })
    const { status } = await world.get(connector, await world.signIn(connector, 'alice'))
    assert.equal(status, 200)
    const expected = {
      ...{ 'x-upn': 'alice@corp.example', 'x-account': 'alice', 'x-realm': 'CORP.EXAMPLE' },
      ...{ 'x-sub': world.kdc.sidOf('alice'), 'x-groups': 'staff' },
      'x-who': 'CORP.EXAMPLE\\alice',
    }
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(told(name), [value])
  })

  const ofTheProvider = ['email', 'preferred_username', 'name', 'acr', 'oid', '__proto__']
  for (const claim of ofTheProvider) {
    it(`refuses the request where a template asks for ${claim}, and says what there is`, async () => {
      const connector = connectorWith({ headers: { 'X-Wanted': `{${claim}}` } })
      const proof = await world.signIn(connector, 'alice')
      const { code, error } = await world.get(connector, proof, { headers: ['X-Wanted', 'root'] })
      assert.equal(code, 'ERR_SSO_HEADER_CLAIM')
      assert.match(error?.message ?? '', new RegExp(`X-Wanted .* ${claim} is not there`))
      const { mend } = error as { mend?: string }
      assert.match(mend ?? '', /sub, upn, account, realm, groups/)
      assert.doesNotMatch(mend ?? '', /ID token/)
      assert.equal(world.arrivals.length, 0)
    })
  }

  it('leaves an optional one out, whatever the client says of itself', async () => {
    const connector = connectorWith({ headers: { 'X-Mail': '{email?}', 'X-Upn': '{upn}' } })
    const proof = await world.signIn(connector, 'alice')
    const headers = [
      'X-Mail',
      'root@corp.example',
      'x_mail',
      'root',
      'X_Upn',
      'root',
      'X-Other',
      '1',
    ]
    assert.equal((await world.get(connector, proof, { headers })).status, 200)
    assert.deepEqual([told('x-mail'), told('x-upn')], [[], ['alice@corp.example']])
    assert.deepEqual(told('x-other'), ['1'])
  })

  it('signs an assertion with the listed claims that there are', async () => {
    const assertion = { header: 'X-Jwt', keyFile: 'key.pem', claims: ['groups', 'email', 'jti'] }
    const connector = connectorWith({ assertion })
    await world.get(connector, await world.signIn(connector, 'alice'))
    const { sub, idp, groups, email, preferred_username } = decodeJwt(told('x-jwt')[0] ?? '')
    assert.deepEqual(
      { sub, idp, groups, email, preferred_username },
      {
        ...{ sub: world.kdc.sidOf('alice'), idp: 'urn:sallyport:front-end-kerberos' },
        ...{ groups: ['staff'], email: undefined, preferred_username: 'alice' },
      },
    )
  })

  describe('an account that is disabled after the sign-in', () => {
    const disableAlice = async (connector: SsoPipeline): Promise<Proof> => {
      const proof = await world.signIn(connector, 'alice')
      assert.equal((await world.get(connector, proof)).status, 200)
      world.directory.change('alice', { enabled: false })
      await world.clock.advance(300_000)
      return proof
    }
    after(() => {
      world.directory.change('alice', { enabled: true })
    })

    for (const singleSignOn of ['headers', 'none'] as const) {
      it(`is refused, although singleSignOn: ${singleSignOn} needs no account`, async () => {
        world.directory.change('alice', { enabled: true })
        world.app = { ...kerberos, singleSignOn }
        const headerSignOn = singleSignOn === 'none' ? undefined : { headers: { 'X-Upn': '{upn}' } }
        const row = { servicePrincipalName: undefined, headerSignOn }
        const connector = world.connector({ row })
        const proof = await disableAlice(connector)
        assert.equal((await world.get(connector, proof)).code, 'ERR_SSO_ACCOUNT_DISABLED')
        assert.equal(world.arrivals.length, 1)
        assert.equal((await world.get(connector, proof)).code, 'ERR_SSO_ASSERTION_UNKNOWN')
      })
    }
  })
})
