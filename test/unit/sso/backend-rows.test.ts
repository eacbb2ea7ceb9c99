import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkPath } from '../../../src/sso/backend-rows.ts'
import { routeApp } from '../../../src/sso/policy.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { appOf, policyOf } from '../../support/sso/world.ts'

const ORIGIN = 'https://wiki.corp.example'
const OPEN = { origin: ORIGIN, preAuthentication: 'passthrough', paths: ['/public/', '/assets'] }
const NAMED = { origin: ORIGIN, headerSignOn: { headers: { 'X-User': '{upn}' } } }
const policy = policyOf([
  OPEN,
  NAMED,
  { origin: 'http://all.corp.example', preAuthentication: 'passthrough' },
])

const wiki = (more: Partial<AppSettings>): AppSettings => appOf(`${ORIGIN}/`, more)
const passthrough = { preAuthentication: 'passthrough', singleSignOn: 'none' } as const

describe('the rows of a policy', () => {
  it('are found by origin, sign-on and path', () => {
    assert.equal(
      routeApp(policy, wiki({ singleSignOn: 'headers' })).headerSignOn,
      policy.backends[1]?.headerSignOn,
    )
    const route = routeApp(policy, wiki({ ...passthrough, path: '/public/' }))
    assert.equal(route.backend, policy.backends[0])
    assert.equal(
      routeApp(policy, wiki({ ...passthrough, path: '/assets/img' })).backend,
      route.backend,
    )
  })

  const denied: readonly (readonly [string, Partial<AppSettings>])[] = [
    ['a whole app where a part alone is open', passthrough],
    ['another part', { ...passthrough, path: '/publicity/' }],
    ['a part above it', { ...passthrough, path: '/assets/../' }],
    ['a Kerberos app', {}],
    ['no sign-on for users', { singleSignOn: 'none' }],
  ]
  for (const [what, more] of denied) {
    it(`do not allow ${what}`, () => {
      assert.throws(() => routeApp(policy, wiki(more)), { code: 'ERR_SSO_POLICY_DENIED' })
    })
  }

  it('hold the gateway to their paths, request by request', () => {
    const { backend } = routeApp(policy, wiki({ ...passthrough, path: '/public/' }))
    checkPath(backend, '/public/a.css?x')
    for (const target of ['/', '/admin', '/public/../admin', '/public/%2e%2e/admin', '/PUBLIC/x']) {
      assert.throws(() => {
        checkPath(backend, target)
      }, /lists https:\/\/wiki.corp.example for \/public\/, \/assets alone/)
    }
  })

  it('without paths take every target', () => {
    const route = routeApp(
      policy,
      appOf('http://all.corp.example/', { ...passthrough, path: '/x' }),
    )
    checkPath(route.backend, '/anything')
  })

  it('are each there once', () => {
    assert.throws(() => policyOf([NAMED, NAMED]), /lists backend .* with headerSignOn twice/)
    assert.doesNotThrow(() => policyOf([OPEN, { ...OPEN, paths: ['/other/'] }]))
  })
})
