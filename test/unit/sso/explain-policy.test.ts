import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  appAt,
  appFromRow,
  explainPolicy,
  resolveIdentity,
  type PolicyPorts,
} from '../../../src/sso/index.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { appOf, FakeDirectory, ISSUER, policyOf } from '../../support/sso/world.ts'

const KERBEROS = {
  origin: 'https://iwa.corp.example',
  servicePrincipalName: 'HTTP/iwa.corp.example',
  addresses: ['10.0.0.0/8'],
  neverImpersonate: { users: ['bob'], groups: [] },
  acr: ['mfa'],
}
const OPEN = {
  origin: 'http://wiki.corp.example',
  preAuthentication: 'passthrough',
  paths: ['/public/'],
}
const NAMED = {
  origin: 'http://wiki.corp.example',
  headerSignOn: { headers: { 'X-User': '{upn}' } },
}
const policy = policyOf([KERBEROS, OPEN, NAMED])
const directory = new FakeDirectory()
for (const name of ['alice', 'bob']) directory.add(name)

const app = appOf('https://iwa.corp.example/')

async function explain(
  user: string,
  of: AppSettings = app,
  more: Partial<PolicyPorts> & { target?: string } = {},
) {
  const { target = '/', ...ports } = more
  const steps = await explainPolicy(
    { app: of, target, user },
    {
      policy,
      issuer: policy.issuers.get(ISSUER),
      resolve: () => Promise.resolve(['10.1.2.3']),
      identityOf: (issuer) =>
        resolveIdentity(
          { issuer, value: user, kind: of.delegatedLoginIdentity, app: of },
          { policy, directory, lookups: [], nowMs: Date.now() },
        ),
      ...ports,
    },
  )
  return new Map(steps.map((step) => [step.step, step]))
}

const refusals = (steps: Awaited<ReturnType<typeof explain>>): string[] =>
  [...steps.values()].flatMap(({ step, code }) => (code === undefined ? [] : [`${step} ${code}`]))

describe('explainPolicy', () => {
  it('tells every step of a user who may', async () => {
    const steps = await explain('alice@corp.example')
    assert.deepEqual(refusals(steps), [])
    assert.match(steps.get('row')?.text ?? '', /iwa.corp.example with HTTP/)
    assert.match(steps.get('signIn')?.text ?? '', /audience sallyport.*acr mfa/)
    assert.match(steps.get('account')?.text ?? '', /alice@CORP.EXAMPLE .* may be acted for/)
    assert.match(steps.get('address')?.text ?? '', /10.1.2.3/)
    assert.match(steps.get('tls')?.text ?? '', /system's authorities/)
  })

  it('names what refuses, and looks at the rest all the same', async () => {
    const resolve = (): Promise<string[]> => Promise.resolve(['169.254.169.254'])
    const steps = await explain('bob@corp.example', app, { resolve })
    assert.deepEqual(refusals(steps), [
      'account ERR_SSO_NEVER_IMPERSONATE',
      'address ERR_BACKEND_ADDRESS_REFUSED',
    ])
    for (const step of ['account', 'address'] as const) assert.ok(steps.get(step)?.mend)
  })

  const cases: readonly (readonly [string, string, AppSettings, string])[] = [
    ['a user who is not there', 'ghost@corp.example', app, 'account ERR_SSO_ACCOUNT_UNKNOWN'],
    [
      'a suffix that the issuer may not assert',
      'eve@evil.example',
      app,
      'account ERR_SSO_LOGIN_REFUSED',
    ],
    [
      'an origin without a row',
      'alice@corp.example',
      appOf('https://other.corp.example/'),
      'row ERR_SSO_POLICY_DENIED',
    ],
    [
      'another SPN',
      'alice@corp.example',
      appOf('https://iwa.corp.example/', { servicePrincipalName: 'HTTP/x' }),
      'row ERR_SSO_POLICY_DENIED',
    ],
  ]
  for (const [what, user, of, refusal] of cases) {
    it(`refuses ${what}`, async () => {
      assert.deepEqual(refusals(await explain(user, of)), [refusal])
    })
  }

  it('holds an open row to its paths, and says that nobody signs in', async () => {
    const open = appFromRow(policy, new URL('http://wiki.corp.example/public/a'))
    const steps = await explain('anyone', open, { target: '/public/a' })
    assert.deepEqual(refusals(steps), [])
    assert.match(steps.get('signIn')?.text ?? '', /anyone may reach it/)
    assert.deepEqual(refusals(await explain('anyone', open, { target: '/public/../admin' })), [
      'path ERR_SSO_POLICY_DENIED',
    ])
  })

  it('names the fields by which a backend is told', async () => {
    const named = appFromRow(policy, new URL('http://wiki.corp.example/'))
    const steps = await explain('alice@corp.example', named)
    assert.equal(named.singleSignOn, 'headers')
    assert.match(steps.get('fields')?.text ?? '', /X-User/)
  })

  it('says when there is no directory or no issuer', async () => {
    assert.deepEqual(
      refusals(await explain('alice@corp.example', app, { identityOf: undefined })),
      ['account ERR_SSO_KERBEROS_ABSENT'],
    )
    assert.deepEqual(refusals(await explain('alice@corp.example', app, { issuer: undefined })), [
      'signIn ERR_SSO_ISSUER_UNKNOWN',
    ])
  })
})

describe('appAt', () => {
  const wiki = appOf('http://wiki.corp.example/', {
    id: 'wiki',
    externalUrl: 'https://wiki.example/',
  })
  const part = {
    ...wiki,
    id: 'wiki:/public/',
    path: '/public/',
    preAuthentication: 'passthrough',
  } as const
  const at = (url: string): string | undefined => appAt([wiki, part], new URL(url))?.id

  it('finds an app, or the part of it, by either address', () => {
    assert.equal(at('https://wiki.example/x'), 'wiki')
    assert.equal(at('https://wiki.example/public/x'), 'wiki:/public/')
    assert.equal(at('https://wiki.example/public/%2e%2e/x'), 'wiki')
    assert.equal(at('http://wiki.corp.example/public/x'), 'wiki:/public/')
    assert.equal(at('https://elsewhere.example/'), undefined)
  })
})
