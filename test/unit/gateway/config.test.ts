import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewayConfigSchema } from '../../../src/gateway/index.ts'

const APP = {
  id: 'intranet',
  externalUrl: 'https://Intranet.localhost:8443/',
  internalUrl: 'http://iwa.corp.example:80',
  singleSignOn: 'kerberos',
  servicePrincipalName: 'HTTP/iwa.corp.example',
}
const CONFIG = {
  stateDirectory: './state',
  browser: { certificate: 'tls.pem', key: 'tls.key' },
  tunnel: { name: 'gateway.example', publicAddress: 'gateway.example:8444' },
  oidc: { issuer: 'https://login.example/tenant', clientId: 'sallyport' },
  apps: [APP],
}

function faults(config: unknown): Record<string, string> {
  const result = gatewayConfigSchema.safeParse(config)
  assert.equal(result.success, false)
  return Object.fromEntries(
    result.error.issues.map((issue) => [issue.path.join('.'), issue.message]),
  )
}

const withApp = (change: object) => ({ ...CONFIG, apps: [{ ...APP, ...change }] })

describe('gatewayConfigSchema', () => {
  it('fills in defaults and normalises URLs', () => {
    const { apps, session, browser, oidc } = gatewayConfigSchema.parse(CONFIG)
    const [app] = apps
    assert.equal(app?.externalUrl, 'https://intranet.localhost:8443/')
    assert.equal(app.internalUrl, 'http://iwa.corp.example/')
    assert.equal(app.preAuthentication, 'oidc')
    assert.equal(app.hostHeader, 'internal')
    assert.equal(app.connectorGroup, 'default')
    assert.equal(app.delegatedLoginIdentity, 'userPrincipalName')
    assert.deepEqual(app.timeouts, {
      ...{ connectMs: 10_000, firstOctetMs: 85_000, idleMs: 180_000 },
      upgradedIdleMs: 3_600_000,
    })
    assert.deepEqual([app.upgrades, app.upgradeOrigins], [['websocket'], []])
    assert.deepEqual(session, { idleMinutes: 30, absoluteHours: 10, cachedSessions: 10_000 })
    assert.equal(browser.port, 443)
    assert.equal(oidc?.loginClaim, 'upn')
  })

  it('allows nobody where nobody is listed', () => {
    assert.deepEqual(gatewayConfigSchema.parse(CONFIG).apps[0]?.allow, {})
  })

  it('takes origins that may call an app, by name, and only where users sign in', () => {
    const cors = { allowedOrigins: ['https://Portal.example/'] }
    assert.deepEqual(gatewayConfigSchema.parse(withApp({ cors })).apps[0]?.cors, {
      allowedOrigins: ['https://portal.example'],
      allowedMethods: ['GET', 'HEAD', 'POST'],
      allowedHeaders: ['Content-Type'],
      maxAgeInSeconds: 600,
    })
    for (const [field, value] of [
      ['allowedOrigins', []],
      ['allowedOrigins', ['*']],
      ['allowedOrigins', ['https://portal.example/path']],
      ['allowedMethods', ['*']],
      ['allowedHeaders', ['*']],
      ['allowedHeaders', ['a, b']],
      ['maxAgeInSeconds', 100_000],
    ] as const) {
      const said = faults(withApp({ cors: { ...cors, [field]: value } }))
      assert.ok(Object.keys(said).some((path) => path.startsWith(`apps.0.cors.${field}`)))
    }
    const open = faults(withApp({ cors, preAuthentication: 'passthrough', singleSignOn: 'none' }))
    assert.match(open['apps.0.cors'] ?? '', /nobody signs in/)
  })

  it('accepts everyone: true, and nothing else under that name', () => {
    const { apps } = gatewayConfigSchema.parse(withApp({ allow: { everyone: true } }))
    assert.equal(apps[0]?.allow.everyone, true)
    assert.match(
      faults(withApp({ allow: { everyone: false } }))['apps.0.allow.everyone'] ?? '',
      /true/,
    )
  })

  it('refuses unknown fields, at every depth', () => {
    for (const config of [
      { ...CONFIG, colour: 'red' },
      withApp({ colour: 'red' }),
      withApp({ allow: { user: [] } }),
      { ...CONFIG, browser: { ...CONFIG.browser, limits: { speed: 1 } } },
      { ...CONFIG, oidc: { ...CONFIG.oidc, secret: 'x' } },
    ]) {
      const result = gatewayConfigSchema.safeParse(config)
      assert.equal(result.error?.issues[0]?.code, 'unrecognized_keys')
    }
  })

  it('refuses passthrough with kerberos, and kerberos without a service', () => {
    assert.match(
      faults(withApp({ preAuthentication: 'passthrough' }))['apps.0.singleSignOn'] ?? '',
      /needs a signed-in user/,
    )
    const { servicePrincipalName: _gone, ...rest } = APP
    assert.ok(_gone)
    assert.match(
      faults({ ...CONFIG, apps: [rest] })['apps.0.servicePrincipalName'] ?? '',
      /missing/,
    )
  })

  it('refuses settings of the ticket in an app without Kerberos', () => {
    const app = { singleSignOn: 'none', sendTicket: 'on401', tokenFormat: 'kerberos' }
    const found = faults(withApp(app))
    assert.match(found['apps.0.sendTicket'] ?? '', /no effect without singleSignOn: kerberos/)
    assert.match(found['apps.0.tokenFormat'] ?? '', /no effect/)
  })

  it('refuses allow in a passthrough app', () => {
    const app = { preAuthentication: 'passthrough', singleSignOn: 'none', allow: { users: ['a'] } }
    assert.match(faults(withApp(app))['apps.0.allow'] ?? '', /no effect/)
  })

  it('refuses two apps with one id or one external URL, however written', () => {
    const twin = { ...APP, externalUrl: 'https://INTRANET.localhost:8443' }
    const found = faults({ ...CONFIG, apps: [APP, twin] })
    assert.match(found['apps.1.id'] ?? '', /another app/)
    assert.match(found['apps.1.externalUrl'] ?? '', /another app/)
  })

  for (const [field, value, message] of [
    ['externalUrl', 'http://intranet.example/', /must start with https:/],
    ['externalUrl', 'https://intranet.example/path', /no path/],
    ['externalUrl', 'https://u:p@intranet.example/', /user name/],
    ['externalUrl', 'https://intranet.example/?q', /query/],
    ['externalUrl', 'intranet.example', /not a URL/],
    ['internalUrl', 'ftp://iwa/', /http:\/\/ or https:/],
    ['servicePrincipalName', 'iwa.corp.example', /HTTP\/iwa/],
    ['servicePrincipalName', `HTTP/${'a'.repeat(508)}`, /longer than 512/],
    ['externalUrl', `https://${'a.'.repeat(1020)}a/`, /longer than 2048/],
    ['internalUrl', `https://${'a.'.repeat(1020)}a/`, /longer than 2048/],
    ['id', 'with space', /letters/],
    ['hostHeader', 'both', /internal or external/],
    ['delegatedLoginIdentity', 'e-mail address', /onPremisesSAMAccountName/],
    ['sendTicket', 'never', /always, on401 or oncePerConnection/],
    ['tokenFormat', 'ntlm', /spnego or kerberos/],
    ['ticketStatuses', [403], /without sendTicket: on401/],
    ['replayBodies', 'no', /true or false/],
  ] as const) {
    it(`refuses ${field}: ${String(value).slice(0, 40)}`, () => {
      assert.match(faults(withApp({ [field]: value }))[`apps.0.${field}`] ?? '', message)
    })
  }

  it("refuses a part where the gateway's own pages are: nobody could sign in to the app", () => {
    for (const path of ['/.sallyport', '/.sallyport/', '/.sallyport/callback']) {
      const found = faults(withApp({ paths: [{ path, preAuthentication: 'passthrough' }] }))
      assert.match(found['apps.0.paths.0.path'] ?? '', /gateway's own pages/)
    }
    const paths = [{ path: '/.sallyports/', preAuthentication: 'passthrough' }]
    assert.equal(gatewayConfigSchema.safeParse(withApp({ paths })).success, true)
  })

  // Every connector of the group would refuse the message, and the tunnel with it.
  it('refuses what connectors could not be told', () => {
    const path = `/${'a'.repeat(118)}`
    assert.equal(gatewayConfigSchema.safeParse(withApp({ paths: [{ path }] })).success, true)
    const long = faults(withApp({ paths: [{ path: `${path}a` }] }))
    assert.match(long['apps.0.paths.0.path'] ?? '', /more than 128 characters/)
    const apps = (count: number, groups: number) =>
      Array.from({ length: count }, (_, at) => {
        const connectorGroup = `group${at % groups}`
        return { ...APP, id: `a${at}`, externalUrl: `https://a${at}.example/`, connectorGroup }
      })
    const many = faults({ ...CONFIG, apps: apps(5000, 1) })
    assert.match(many['apps'] ?? '', /'group0'.* octets.* 1048576.*more connector groups/)
    assert.equal(gatewayConfigSchema.safeParse({ ...CONFIG, apps: apps(5000, 2) }).success, true)
  })

  it('refuses an oidc app without a provider, and allows none for passthrough apps', () => {
    const { oidc: _gone, ...rest } = CONFIG
    assert.ok(_gone)
    assert.match(faults(rest)['oidc'] ?? '', /OpenID Connect/)
    const open = { preAuthentication: 'passthrough', singleSignOn: 'none' }
    assert.equal(
      gatewayConfigSchema.safeParse({ ...withApp(open), oidc: undefined }).success,
      false,
    )
    const { oidc: _none, ...bare } = withApp(open)
    assert.ok(_none)
    assert.equal(gatewayConfigSchema.safeParse(bare).success, true)
  })

  it('refuses an issuer without TLS, scopes without openid and numbers out of range', () => {
    const oidc = {
      issuer: 'http://login.example',
      clientId: '',
      scopes: ['profile'],
      maxAgeSeconds: 1,
    }
    const found = faults({ ...CONFIG, oidc })
    assert.deepEqual(Object.keys(found).sort(), [
      'oidc.clientId',
      'oidc.issuer',
      'oidc.maxAgeSeconds',
      'oidc.scopes',
    ])
  })
})
