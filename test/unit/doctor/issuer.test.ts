import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ISSUER_CHECKS, planChecks, type IssuerWorld } from '../../../src/doctor/index.ts'
import { compilePolicy, policySchema, SsoError } from '../../../src/sso/index.ts'
import { findingsOf } from '../../support/doctor-findings.ts'
import { PLAIN_APP } from '../../support/fake-tunnel.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const ISSUER = 'https://idp.example'
const ROW = {
  issuer: ISSUER,
  audience: 'sallyport',
  loginClaim: 'upn',
  jwksUrl: `${ISSUER}/jwks`,
  upnSuffixes: ['corp.example'],
  realms: ['CORP.EXAMPLE'],
}
const RSA = { kty: 'RSA', use: 'sig', alg: 'RS256' }
const signIn = { issuer: ISSUER, clientId: 'sallyport' }
const apps = [PLAIN_APP, { ...PLAIN_APP, preAuthentication: 'oidc' as const }]

interface Setting extends Partial<Omit<IssuerWorld, 'issuers'>> {
  readonly rows?: readonly object[]
}

async function look({ rows = [ROW], ...change }: Setting = {}) {
  const policy = compilePolicy(policySchema.parse({ issuers: rows, backends: [] }), () => '')
  const world: IssuerWorld = {
    issuers: [...policy.issuers.values()],
    domains: ['corp.example', 'branch.example'],
    keysOf: () => Promise.resolve([RSA]),
    told: () => Promise.resolve({ apps, signIn }),
    ...change,
  }
  return findingsOf(planChecks(ISSUER_CHECKS, world), new ManualClock())
}

describe('the checks of the sign-in', () => {
  it('pass where all is well', async () => {
    const { all } = await look()
    assert.deepEqual(all, ['DOCTOR_ISSUER_KEYS', 'DOCTOR_ISSUER_GATEWAY', 'DOCTOR_ISSUER_REALMS'])
  })

  it('have nothing to say of a gateway that does not tell, of apps that are open, and of no issuer', async () => {
    const told = (answer: Awaited<ReturnType<IssuerWorld['told']>>) => ({
      told: () => Promise.resolve(answer),
    })
    for (const setting of [told({ apps }), told({ apps: [], signIn })]) {
      assert.deepEqual((await look(setting)).all, [
        'DOCTOR_ISSUER_KEYS',
        'DOCTOR_NOT_APPLICABLE',
        'DOCTOR_ISSUER_REALMS',
      ])
    }
    const { all } = await look({ ...told({ apps: [], signIn }), rows: [] })
    assert.deepEqual(all, Array(3).fill('DOCTOR_NOT_APPLICABLE'))
  })

  it('tell an issuer that may assert accounts of every domain, where there are several', async () => {
    const rows = [{ ...ROW, realms: [] }]
    const { codes, unwell } = await look({ rows })
    assert.equal(codes, 'DOCTOR_ISSUER_WITHOUT_REALMS')
    assert.deepEqual([unwell[0]?.outcome, unwell[0]?.subject], ['warn', ISSUER])
    assert.match(unwell[0]?.mends[0]?.setting ?? '', /^realms: \[CORP\.EXAMPLE, BRANCH\.EXAMPLE\] /)
    assert.equal((await look({ rows, domains: ['corp.example'] })).codes, '')
    assert.equal((await look({ rows, domains: [] })).codes, '')
  })

  it('tell keys that cannot be had, of the issuer that it is', async () => {
    const other = {
      ...ROW,
      issuer: 'https://other.example',
      keysFile: 'k.json',
      jwksUrl: undefined,
    }
    const keysOf: IssuerWorld['keysOf'] = ({ issuer }) =>
      Promise.reject(new SsoError('ERR_SSO_KEYS_UNREACHABLE', `${issuer} away`, { mend: 'Go.' }))
    const { codes, unwell } = await look({
      rows: [{ ...ROW, ca: 'ca.pem', jwksUrl: `${ISSUER}/jwks?p=a&v=2` }, other],
      keysOf,
    })
    assert.equal(codes, 'DOCTOR_ISSUER_KEYS_UNREACHABLE,DOCTOR_ISSUER_KEYS_UNREACHABLE')
    const [byUrl, byFile] = unwell
    assert.deepEqual([byUrl?.subject, byFile?.subject], [ISSUER, 'https://other.example'])
    assert.equal(byUrl?.mends[0]?.text, 'Go.')
    assert.equal(byUrl.mends[0].shell, `curl -sS --cacert ca.pem '${ISSUER}/jwks?p=a&v=2'`)
    assert.match(byUrl.mends[1]?.setting ?? '', /^jwksUrl: /)
    assert.equal(byFile?.mends[0]?.setting, 'keysFile: k.json')
  })

  it('tell keys that are for none of the policy’s algorithms', async () => {
    const cases: readonly (readonly [object, readonly string[], boolean])[] = [
      [RSA, ['RS256'], true],
      [RSA, ['PS256'], false],
      [{ kty: 'RSA' }, ['PS384', 'ES256'], true],
      [{ kty: 'RSA', use: 'enc' }, ['RS256'], false],
      [{ kty: 'EC', crv: 'P-256' }, ['ES256'], true],
      [{ kty: 'EC', crv: 'P-256' }, ['ES384', 'RS256'], false],
      [{ kty: 'OKP', crv: 'Ed25519' }, ['EdDSA'], true],
    ]
    for (const [key, algorithms, good] of cases) {
      const keysOf = () => Promise.resolve([key])
      const { codes, unwell } = await look({ rows: [{ ...ROW, algorithms }], keysOf })
      assert.equal(codes, good ? '' : 'DOCTOR_ISSUER_KEYS_UNFIT', JSON.stringify(key))
      if (!good) assert.match(unwell[0]?.message ?? '', new RegExp(algorithms.join(', ')))
    }
    const none = await look({ keysOf: () => Promise.resolve([]) })
    assert.equal(none.codes, 'DOCTOR_ISSUER_KEYS_UNFIT')
  })

  it('tell a provider of the gateway’s that the policy does not list; a final / may differ', async () => {
    const { codes, unwell } = await look({ rows: [{ ...ROW, issuer: 'https://old.example' }] })
    assert.equal(codes, 'DOCTOR_ISSUER_UNKNOWN')
    assert.match(
      unwell[0]?.message ?? '',
      /https:\/\/idp\.example, .* lists https:\/\/old\.example/,
    )
    assert.match(unwell[0]?.mends[0]?.setting ?? '', /issuer: https:\/\/idp\.example\n.*sallyport/)
    assert.equal((await look({ rows: [{ ...ROW, issuer: `${ISSUER}/` }] })).codes, '')
  })

  it('tell an audience that is not the gateway’s client id', async () => {
    const other = await look({ rows: [{ ...ROW, audience: 'another' }] })
    assert.equal(other.codes, 'DOCTOR_ISSUER_AUDIENCE')
    assert.match(other.unwell[0]?.mends[0]?.setting ?? '', /^audience: sallyport /)
    const clientId = 'sallyport\nrealms: [ANY.EXAMPLE]'
    const forged = await look({
      told: () => Promise.resolve({ apps, signIn: { issuer: ISSUER, clientId } }),
    })
    const { setting = '' } = forged.unwell[0]?.mends[0] ?? {}
    assert.match(setting, /^audience: "sallyport\\nrealms: \[ANY.EXAMPLE\]" {3}#/)
    // A token for several audiences names the client in azp.
    const several = { ...ROW, audience: 'another', authorizedParty: 'sallyport' }
    assert.equal((await look({ rows: [several] })).codes, '')
    const party = await look({ rows: [{ ...ROW, authorizedParty: 'another' }] })
    assert.match(party.unwell[0]?.mends[0]?.setting ?? '', /^authorizedParty: sallyport /)
  })
})
