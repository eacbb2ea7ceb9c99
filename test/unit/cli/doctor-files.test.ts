import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectorConfigSchema } from '../../../src/connector/index.ts'
import { namedFiles } from '../../../src/cli/doctor-files.ts'

const CORP = { servers: ['dc1.corp.example'] }
const KERBEROS = { realm: 'CORP.EXAMPLE', principal: 'CONN1$', keytab: '/c/own.keytab' }
const SIMPLE = { bind: 'simple', bindDn: 'CN=r,DC=x', passwordFile: '/c/reader.txt' }

/** What doctor looks at, beside what is always there: path, secret or not, setting. */
function extra(sections: object): readonly string[] {
  const base = { stateDirectory: '/s', policy: '/c/policy.yaml' }
  const config = connectorConfigSchema.parse({ ...base, ...sections })
  return namedFiles('/c/connector.yaml', config)
    .filter(({ path }) => !['/c/connector.yaml', '/c/policy.yaml'].includes(path))
    .filter(({ path }) => !path.startsWith('/s'))
    .map(({ what, path, secret }) => `${path} ${secret ? 'secret' : 'open'}: ${what}`)
}

describe('the files that doctor looks at', () => {
  it('are always the configuration, the policy, and what registration wrote', () => {
    const config = connectorConfigSchema.parse({ stateDirectory: '/s', policy: '/c/policy.yaml' })
    assert.deepEqual(
      namedFiles('/c/connector.yaml', config).map(({ path, kind, secret }) => [path, kind, secret]),
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
})
