import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Apps } from '../../../src/gateway/apps.ts'
import { appsSchema } from '../../../src/gateway/config-apps.ts'

const WIKI = {
  id: 'wiki',
  externalUrl: 'https://wiki.example.com/',
  internalUrl: 'https://wiki.corp.example/',
  singleSignOn: 'kerberos',
  servicePrincipalName: 'HTTP/wiki.corp.example',
  sendTicket: 'on401',
  allow: { everyone: true },
}
const PATHS = [
  { path: '/public/', preAuthentication: 'passthrough' },
  { path: '/public/but/', allow: { groups: ['staff'] } },
  { path: '/admin', allow: { groups: ['admins'] } },
  { path: '/api', singleSignOn: 'headers' },
]

const faults = (paths: readonly unknown[], app: object = WIKI): string => {
  const { error } = appsSchema.safeParse([{ ...app, paths }])
  return (error?.issues ?? [])
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('\n')
}

describe('paths of an app', () => {
  const all = appsSchema.parse([{ ...WIKI, paths: PATHS }])
  const apps = new Apps(all)
  const found = (target: string): string | undefined =>
    apps.find('wiki.example.com', target)?.app.id

  it('become apps of their own, which connectors are told of', () => {
    assert.deepEqual(
      apps.settingsFor('default').map(({ id, path }) => [id, path]),
      [['wiki', undefined], ...PATHS.map(({ path }) => [`wiki:${path}`, path])],
    )
  })

  it('inherit what they do not change, and nothing of Kerberos where they sign in otherwise', () => {
    const [, open, , admin, api] = all
    assert.deepEqual(
      [open?.singleSignOn, open?.servicePrincipalName, open?.allow],
      ['none', undefined, {}],
    )
    assert.deepEqual(
      [admin?.servicePrincipalName, admin?.sendTicket],
      ['HTTP/wiki.corp.example', 'on401'],
    )
    assert.deepEqual(
      [api?.singleSignOn, api?.servicePrincipalName, api?.sendTicket],
      ['headers', undefined, undefined],
    )
    assert.ok(api && !Object.hasOwn(api, 'sendTicket'))
  })

  it('offer sign-in with Kerberos as the app does, where they have a sign-in', () => {
    const app = { ...WIKI, frontEndKerberos: { networks: ['10.0.0.0/8'] } }
    const [whole, open, ...closed] = appsSchema.parse([{ ...app, paths: PATHS }])
    assert.ok(whole && open)
    assert.equal(open.frontEndKerberos, undefined)
    for (const each of closed) assert.equal(each.frontEndKerberos, whole.frontEndKerberos)
    const nobody = { ...app, preAuthentication: 'passthrough', singleSignOn: 'none', allow: {} }
    assert.match(faults([], nobody), /frontEndKerberos: has no effect .* where nobody signs in/)
  })

  const ways: readonly (readonly [string, string])[] = [
    ['/', 'wiki'],
    ['/public/a.css', 'wiki:/public/'],
    ['/public', 'wiki'],
    ['/PUBLIC/a.css', 'wiki'],
    ['/public/../x', 'wiki'],
    ['/public/but/x', 'wiki:/public/but/'],
    ['/public/BUT/x', 'wiki:/public/but/'],
    ['/admin', 'wiki:/admin'],
    ['/ADMIN/x', 'wiki:/admin'],
    ['/public/../admin', 'wiki:/admin'],
    ['/public/%2e%2e/admin', 'wiki:/admin'],
    ['/administrator', 'wiki'],
    ['/api/1?x', 'wiki:/api'],
  ]
  for (const [target, id] of ways) {
    it(`give ${target} to ${id}`, () => {
      assert.equal(found(target), id)
    })
  }

  const wrong: readonly (readonly [string, readonly unknown[], RegExp])[] = [
    ['a path with a query', [{ path: '/x?y' }], /paths.0.path: expected a path such as/],
    ['a path with dot segments', [{ path: '/x/../y' }], /paths.0.path/],
    ['a path twice', [{ path: '/x' }, { path: '/x' }], /paths.1.path: another part above/],
    [
      'an open path with Kerberos',
      [{ path: '/x', preAuthentication: 'passthrough', singleSignOn: 'kerberos' }],
      /paths.0.singleSignOn: kerberos needs a signed-in user/,
    ],
    ['other URLs', [{ path: '/x', internalUrl: 'https://other.example/' }], /internalUrl/],
  ]
  for (const [what, paths, reason] of wrong) {
    it(`are not ${what}`, () => {
      assert.match(faults(paths), reason)
    })
  }

  it('close nothing of an open app: all spellings of a path are more than anyone can list', () => {
    const { id, externalUrl, internalUrl } = WIKI
    const app = { id, externalUrl, internalUrl, preAuthentication: 'passthrough' }
    const closed = { path: '/x', preAuthentication: 'oidc', allow: { everyone: true } }
    assert.match(faults([closed], app), /paths.0.preAuthentication: a part of a passthrough app/)
  })
})
