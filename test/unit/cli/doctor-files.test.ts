import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { connectorConfigSchema } from '../../../src/connector/index.ts'
import { namedFiles } from '../../../src/cli/doctor-files.ts'
import { policyOf } from '../../support/sso/world.ts'

const CORP = { servers: ['dc1.corp.example'] }
const KERBEROS = { realm: 'CORP.EXAMPLE', principal: 'CONN1$', keytab: '/c/own.keytab' }
const SIMPLE = { bind: 'simple', bindDn: 'CN=r,DC=x', passwordFile: '/c/reader.txt' }

const NO_FILES = policyOf([], { keysFile: undefined, jwksUrl: 'https://idp.example/keys' })

/** What doctor looks at, beside what is always there: path, secret or not, setting. */
function extra(sections: object, policy = NO_FILES): readonly string[] {
  const base = { stateDirectory: '/s', policy: '/c/policy.yaml' }
  const config = connectorConfigSchema.parse({ ...base, ...sections })
  return namedFiles({ configPath: '/c/connector.yaml', config, policy })
    .filter(({ path }) => !['/c/connector.yaml', '/c/policy.yaml'].includes(path))
    .filter(({ path }) => !path.startsWith('/s'))
    .map(({ what, path, secret }) => `${path} ${secret ? 'secret' : 'open'}: ${what}`)
}

describe('the files that doctor looks at', () => {
  it('are always the configuration, the policy, and what registration wrote', () => {
    const config = connectorConfigSchema.parse({ stateDirectory: '/s', policy: '/c/policy.yaml' })
    assert.deepEqual(
      namedFiles({ configPath: '/c/connector.yaml', config, policy: NO_FILES }).map(
        ({ path, kind, secret }) => [path, kind, secret],
      ),
      [
        ['/c/connector.yaml', 'file', false],
        ['/c/policy.yaml', 'file', false],
        ['/s', 'directory', true],
        ['/s/connector.key', 'file', true],
      ],
    )
  })

  it('are those of the account and of the directory', () => {
    const kerberos = { ...KERBEROS, krb5Conf: '/c/krb5.conf' }
    assert.deepEqual(extra({ kerberos, directory: { ...CORP, ca: '/c/ca.pem' } }), [
      '/c/own.keytab secret: keytab (kerberos.keytab)',
      '/c/krb5.conf open: krb5.conf (kerberos.krb5Conf)',
      '/c/ca.pem open: CA of the directory (directory.ca)',
    ])
    const { keytab, ...rest } = KERBEROS
    const managed = { ...rest, managedBy: { principal: 'HOST1$', keytab } }
    assert.deepEqual(extra({ kerberos: managed, directory: CORP }), [
      '/c/own.keytab secret: keytab (kerberos.managedBy.keytab)',
    ])
  })

  it('are the certificate and the key that KDC proxies ask for, and the way to them', () => {
    const kdcProxy = {
      ca: '/c/proxy-ca.pem',
      clientCertificate: { certificate: '/c/shown.pem', key: '/c/shown.key' },
      forwardProxy: {
        url: 'http://proxy.example:3128',
        user: 'u',
        passwordFile: '/c/kdc-proxy.txt',
      },
    }
    const kdcs = ['https://kdc.example/KdcProxy']
    const [, ...files] = extra({ kerberos: { ...KERBEROS, kdcs, kdcProxy }, directory: CORP })
    assert.deepEqual(files, [
      '/c/proxy-ca.pem open: CA of KDC proxies (kerberos.kdcProxy.ca)',
      '/c/shown.pem open: certificate (kerberos.kdcProxy.clientCertificate.certificate)',
      '/c/shown.key secret: key (kerberos.kdcProxy.clientCertificate.key)',
      '/c/kdc-proxy.txt secret: password file (kerberos.kdcProxy.forwardProxy.passwordFile)',
    ])
  })

  it('are those of every directory, of forests too, and of the way to issuers’ keys', () => {
    const forest = {
      globalCatalog: ['gc.other.example'],
      ca: '/c/forest-ca.pem',
      domains: [{ servers: ['dc.other.example'], domain: 'other.example', ...SIMPLE }],
    }
    const directories = [{ ...CORP, domain: 'corp.example', ca: '/c/ca.pem' }, forest]
    const forwardProxy = { url: 'http://p.example:3128', user: 'u', passwordFile: '/c/proxy.txt' }
    const [, ...files] = extra({ kerberos: KERBEROS, directories, issuerKeys: { forwardProxy } })
    assert.deepEqual(files, [
      '/c/ca.pem open: CA of the directory (directories[0].ca)',
      '/c/forest-ca.pem open: CA of the directory (directories[1].ca)',
      '/c/reader.txt secret: password file (directories[1].domains[0].passwordFile)',
      '/c/proxy.txt secret: password file (issuerKeys.forwardProxy.passwordFile)',
    ])
  })

  it('are those of the policy: who writes to them says who signs in, or who a backend is', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const assertion = { header: 'X-User', keyFile: 'sign.pem' }
    const backends = [
      { origin: 'https://a.example', tls: { ca: '/ca/backend.pem' }, headerSignOn: { assertion } },
      { origin: 'https://b.example' },
    ]
    assert.deepEqual(
      extra(
        {},
        policyOf(backends, {}, () => pem),
      ),
      [
        '/c/keys.json open: keys of https://idp.example (keysFile in the policy)',
        '/ca/backend.pem open: CA of https://a.example (tls.ca in the policy)',
        '/c/sign.pem secret: key of assertions to https://a.example (headerSignOn.assertion.keyFile in the policy)',
      ],
    )
    const url = { keysFile: undefined, jwksUrl: 'https://idp.example/keys', ca: 'idp.pem' }
    assert.deepEqual(extra({}, policyOf([], url)), [
      '/c/idp.pem open: CA of the keys of https://idp.example (ca in the policy)',
    ])
  })
})
