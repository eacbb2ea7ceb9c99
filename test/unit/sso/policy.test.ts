import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compilePolicy, policySchema } from '../../../src/sso/index.ts'
import { routeApp, type Route } from '../../../src/sso/policy.ts'
import { appOf, policyOf } from '../../support/sso/world.ts'

const ROW = { origin: 'https://iwa.corp.example', servicePrincipalName: 'HTTP/iwa.corp.example' }
const ISSUER_ROW = {
  issuer: 'https://idp.example',
  audience: 'sallyport',
  loginClaim: 'upn',
  jwksUrl: 'https://idp.example/jwks',
  upnSuffixes: ['corp.example'],
}

function faultsOf(file: unknown): readonly string[] {
  const result = policySchema.safeParse(file)
  return result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}

describe('policySchema', () => {
  it('accepts the documented example', () => {
    const file = {
      issuers: [
        {
          ...ISSUER_ROW,
          ca: 'idp.pem',
          realms: ['CORP.EXAMPLE'],
          maxAgeMinutes: 720,
          algorithms: ['RS256', 'ES256'],
        },
      ],
      backends: [
        {
          ...ROW,
          addresses: ['127.88.0.0/16'],
          tls: { ca: 'ca.pem' },
          neverImpersonate: { users: ['administrator'], groups: ['Domain Admins'] },
        },
        { origin: 'http://plain.corp.example:8080', preAuthentication: 'passthrough' },
      ],
    }
    assert.deepEqual(faultsOf(file), [])
  })

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['unknown keys', { backends: [], typo: 1 }, /typo/],
    [
      'an issuer that could name anyone',
      { issuers: [{ ...ISSUER_ROW, upnSuffixes: [] }], backends: [] },
      /upnSuffixes or realms/,
    ],
    [
      'an issuer without keys',
      { issuers: [{ ...ISSUER_ROW, jwksUrl: undefined }], backends: [] },
      /jwksUrl or keysFile/,
    ],
    [
      'keys over http',
      { issuers: [{ ...ISSUER_ROW, jwksUrl: 'http://idp.example/' }], backends: [] },
      /https/,
    ],
    [
      'a symmetric algorithm',
      { issuers: [{ ...ISSUER_ROW, algorithms: ['HS256'] }], backends: [] },
      /algorithms/,
    ],
    [
      'no algorithm',
      { issuers: [{ ...ISSUER_ROW, algorithms: ['none'] }], backends: [] },
      /algorithms/,
    ],
    ['an origin with a path', { backends: [{ ...ROW, origin: 'https://x/path' }] }, /origin/],
    ['an origin with a user', { backends: [{ ...ROW, origin: 'https://u@x' }] }, /origin/],
    ['an SPN that is none', { backends: [{ ...ROW, servicePrincipalName: 'iwa' }] }, /HTTP\/host/],
    [
      'passthrough with an SPN',
      { backends: [{ ...ROW, preAuthentication: 'passthrough' }] },
      /proof of sign-in/,
    ],
    ['addresses that are none', { backends: [{ ...ROW, addresses: ['iwa'] }] }, /10\.1\.0\.0\/16/],
    [
      'ca and pin together',
      { backends: [{ ...ROW, tls: { ca: 'x', pin: 'a'.repeat(64) } }] },
      /exactly one/,
    ],
    ['a pin that is none', { backends: [{ ...ROW, tls: { pin: 'abc' } }] }, /64 hex digits/],
    [
      'TLS settings on http',
      { backends: [{ origin: 'http://x', tls: { verify: 'off' } }] },
      /https:\/\/ origins/,
    ],
  ]
  for (const [name, file, words] of wrong) {
    it(`refuses ${name}`, () => {
      assert.match(faultsOf(file).join('\n'), words)
    })
  }
})

describe('compilePolicy', () => {
  it('reads the files it names, once each', () => {
    const read: string[] = []
    const file = policySchema.parse({
      issuers: [{ ...ISSUER_ROW, ca: 'idp.pem' }],
      backends: [{ ...ROW, tls: { ca: 'ca.pem' } }],
    })
    const policy = compilePolicy(file, (path) => (read.push(path), `PEM of ${path}`))
    assert.deepEqual(read, ['idp.pem', 'ca.pem'])
    assert.deepEqual(policy.backends[0]?.tls, { verify: 'ca', ca: 'PEM of ca.pem' })
  })

  it('refuses two rows for one origin and SPN', () => {
    const rows = [ROW, { ...ROW, servicePrincipalName: 'http/IWA.corp.example' }]
    assert.throws(() => policyOf(rows), { code: 'ERR_SSO_POLICY_DENIED' })
  })

  it('takes `off` however YAML reads it, and only that', () => {
    for (const verify of ['off', false]) {
      assert.deepEqual(policyOf([{ ...ROW, tls: { verify } }]).backends[0]?.tls, { verify: 'off' })
    }
  })
})

describe('routeApp', () => {
  const policy = policyOf([
    ROW,
    { origin: 'https://iwa.corp.example', preAuthentication: 'oidc' },
    { origin: 'http://open.corp.example:8080', preAuthentication: 'passthrough' },
  ])
  const route = (url: string, more: Parameters<typeof appOf>[1] = {}): Route =>
    routeApp(policy, appOf(url, more))
  const none = { singleSignOn: 'none' } as const
  const passthrough = { singleSignOn: 'none', preAuthentication: 'passthrough' } as const

  it('binds origin and SPN together', () => {
    assert.equal(route('https://iwa.corp.example/').servicePrincipalName, 'HTTP/iwa.corp.example')
    assert.equal(
      route('https://IWA.corp.example:443/', { servicePrincipalName: 'http/IWA.CORP.example' })
        .target.port,
      443,
    )
    assert.equal(route('https://iwa.corp.example/', none).servicePrincipalName, undefined)
  })

  const deniedApps: readonly (readonly [string, string, Parameters<typeof appOf>[1]])[] = [
    ['another host', 'https://other.corp.example/', {}],
    ['another port', 'https://iwa.corp.example:444/', {}],
    ['another scheme', 'http://iwa.corp.example/', {}],
    [
      'another SPN',
      'https://iwa.corp.example/',
      { servicePrincipalName: 'HTTP/other.corp.example' },
    ],
    ['Kerberos where the row has no SPN', 'http://open.corp.example:8080/', {}],
    [
      'passthrough with Kerberos',
      'https://iwa.corp.example/',
      { preAuthentication: 'passthrough' },
    ],
    ['passthrough where the row wants a sign-in', 'https://iwa.corp.example/', passthrough],
    ['no URL', 'nonsense', {}],
  ]
  for (const [name, url, more] of deniedApps) {
    it(`denies ${name}`, () => {
      assert.throws(() => route(url, more), { code: 'ERR_SSO_POLICY_DENIED' })
    })
  }

  it('denies everything by default', () => {
    const empty = policyOf([])
    fc.assert(
      fc.property(fc.webUrl(), fc.constantFrom('kerberos', 'none'), (url, singleSignOn) => {
        assert.throws(() => routeApp(empty, appOf(url, { singleSignOn })), {
          code: 'ERR_SSO_POLICY_DENIED',
        })
      }),
    )
  })

  it('allows passthrough where the row says so', () => {
    assert.equal(route('http://open.corp.example:8080/', passthrough).target.port, 8080)
  })

  it('writes the Host that the app asks for', () => {
    assert.equal(route('https://iwa.corp.example/').host, 'iwa.corp.example')
    assert.equal(
      route('https://iwa.corp.example/', { hostHeader: 'external' }).host,
      'intranet.example',
    )
    assert.equal(
      route('http://open.corp.example:8080/', passthrough).host,
      'open.corp.example:8080',
    )
  })
})
