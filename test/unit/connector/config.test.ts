import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  connectorConfigSchema,
  resolveConnectorLimits,
  splitHostPort,
} from '../../../src/connector/index.ts'

const WHOLE = {
  stateDirectory: './state',
  policy: 'policy.yaml',
  kerberos: {
    realm: 'CORP.EXAMPLE',
    principal: 'CONN1$',
    keytab: 'conn1.keytab',
    kdcs: ['127.88.1.1'],
  },
  directory: { servers: ['dc1.corp.example'], ca: 'ca.pem' },
  dns: { servers: ['127.88.1.1'] },
}

const ABSENT = Symbol('absent')

function faults(config: unknown): readonly string[] {
  const result = connectorConfigSchema.safeParse(config)
  if (result.success) return []
  return result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}

describe('connector.yaml', () => {
  it('is accepted as the contract shows it, with every default', () => {
    const config = connectorConfigSchema.parse(WHOLE)
    assert.equal(config.kerberos?.timeoutMs, 3000)
    assert.equal(config.directory?.operationTimeoutMs, 10_000)
    assert.equal(config.limits.drainMs, 30_000)
    assert.equal(config.kerberos.rotatePassword, undefined)
  })

  it('finds KDCs by itself, through a KDC proxy or in a krb5.conf where it is told so', () => {
    const { realm, principal, keytab } = WHOLE.kerberos
    const kerberos = { realm, principal, keytab }
    for (const change of [
      {},
      { kdcs: ['https://proxy.corp.example/KdcProxy', 'dc2:88'] },
      { krb5Conf: '/etc/krb5.conf', dnsLookup: false },
    ]) {
      assert.deepEqual(faults({ ...WHOLE, kerberos: { ...kerberos, ...change } }), [])
    }
  })

  it('needs no Kerberos', () => {
    assert.deepEqual(faults({ stateDirectory: 's', policy: 'p' }), [])
  })

  const bad: readonly { what: string; change: object; where: RegExp }[] = [
    { what: 'an unknown field', change: { keytab: 'x' }, where: /keytab/ },
    {
      what: 'an acceptor that is none',
      change: { kerberos: { ...WHOLE.kerberos, acceptor: 'default' } },
      where: /^kerberos.acceptor: /,
    },
    {
      what: "the host's library as acceptor without a keytab",
      change: {
        kerberos: {
          ...{ realm: 'CORP.EXAMPLE', principal: 'CONN1$', passwordFile: 'p' },
          acceptor: 'both',
        },
      },
      where: /^kerberos.acceptor: both needs a keytab/,
    },
    {
      what: 'Kerberos without a directory',
      change: { directory: ABSENT },
      where: /^directory: missing; a connector with/,
    },
    {
      what: 'a directory without Kerberos',
      change: { kerberos: ABSENT },
      where: /^kerberos: missing; the directory/,
    },
    {
      what: 'a realm in small letters',
      change: { kerberos: { ...WHOLE.kerberos, realm: 'corp.example' } },
      where: /^kerberos.realm: expected the realm in capitals/,
    },
    {
      what: 'a principal with its realm',
      change: { kerberos: { ...WHOLE.kerberos, principal: 'CONN1$@CORP.EXAMPLE' } },
      where: /^kerberos.principal: expected the account without realm/,
    },
    {
      what: 'no way to a KDC',
      change: { kerberos: { ...WHOLE.kerberos, kdcs: [], dnsLookup: false } },
      where: /^kerberos.kdcs: must list at least one KDC/,
    },
    {
      what: 'an account without a secret',
      change: { kerberos: { realm: 'CORP.EXAMPLE', principal: 'CONN1$' } },
      where: /^kerberos.keytab: missing; one of keytab, passwordFile/,
    },
    {
      what: 'an account with two secrets',
      change: { kerberos: { ...WHOLE.kerberos, passwordFile: 'p' } },
      where: /^kerberos.passwordFile: only one of/,
    },
    {
      what: 'a managed account that is no computer',
      change: {
        kerberos: {
          realm: 'CORP.EXAMPLE',
          principal: 'gmsa1',
          managedBy: { principal: 'CONN1$', keytab: 'k' },
        },
      },
      where: /^kerberos.principal: a managed account has a name that ends in \$/,
    },
    {
      what: 'a forward proxy with a password in its URL',
      change: {
        kerberos: { ...WHOLE.kerberos, kdcProxy: { forwardProxy: { url: 'http://u:p@proxy:1' } } },
      },
      where: /^kerberos.kdcProxy.forwardProxy.url: expected http:\/\/host:port/,
    },
    {
      what: 'rotation of a password that is in no keytab',
      change: {
        kerberos: {
          ...{ realm: 'CORP.EXAMPLE', principal: 'CONN1$', passwordFile: 'p' },
          rotatePassword: { everyDays: 30 },
        },
      },
      where: /^kerberos.rotatePassword: needs a keytab/,
    },
    {
      what: 'rotation that never comes',
      change: { kerberos: { ...WHOLE.kerberos, rotatePassword: { everyDays: 366 } } },
      where: /^kerberos.rotatePassword.everyDays: expected a whole number from 1 to 365/,
    },
    {
      what: 'a client certificate without its key',
      change: {
        kerberos: { ...WHOLE.kerberos, kdcProxy: { clientCertificate: { certificate: 'c.pem' } } },
      },
      where: /^kerberos.kdcProxy.clientCertificate.key: expected the path of its private key/,
    },
    {
      what: 'a KDC proxy that may take no time',
      change: { kerberos: { ...WHOLE.kerberos, kdcProxy: { connectTimeoutMs: 0 } } },
      where: /^kerberos.kdcProxy.connectTimeoutMs: expected a whole number from 100 to 60000/,
    },
    {
      what: 'a limit of KDCs that there is not',
      change: { kerberos: { ...WHOLE.kerberos, kdcLimits: { maxQueue: 1 } } },
      where: /^kerberos.kdcLimits: .*maxQueue/,
    },
    {
      what: 'a queue for nobody',
      change: { kerberos: { ...WHOLE.kerberos, kdcLimits: { maxExchanges: 0 } } },
      where: /^kerberos.kdcLimits.maxExchanges: expected a whole number from 1 to 4096/,
    },
    {
      what: 'probes that become more frequent',
      change: {
        kerberos: { ...WHOLE.kerberos, kdcLimits: { probeAfterMs: 5000, probeMaxMs: 4000 } },
      },
      where: /^kerberos.kdcLimits.probeMaxMs: must not be below probeAfterMs/,
    },
    {
      what: 'half of a forward proxy’s credentials',
      change: {
        kerberos: {
          ...WHOLE.kerberos,
          kdcProxy: { forwardProxy: { url: 'http://proxy:1', user: 'u' } },
        },
      },
      where: /^kerberos.kdcProxy.forwardProxy: user and passwordFile belong together/,
    },
    {
      what: 'a whole exchange shorter than one answer',
      change: { kerberos: { ...WHOLE.kerberos, timeoutMs: 5000, totalTimeoutMs: 4000 } },
      where: /^kerberos.totalTimeoutMs: must not be below timeoutMs/,
    },
    {
      what: 'a port that is none',
      change: { kerberos: { ...WHOLE.kerberos, kdcs: ['dc1:99999'] } },
      where: /^kerberos.kdcs.0: expected a KDC as host or host:port/,
    },
    {
      what: 'a domain controller by address',
      change: { directory: { servers: ['10.0.0.1:636'] } },
      where: /^directory.servers.0: expected the name of the domain controller/,
    },
    {
      what: 'a name server by name',
      change: { dns: { servers: ['dc1.corp.example'] } },
      where: /^dns.servers.0: expected the IP address/,
    },
    {
      what: 'a base that names no domain',
      change: { directory: { servers: ['dc1'], baseDn: 'OU=Staff' } },
      where: /^directory.baseDn: expected a distinguished name/,
    },
    {
      what: 'waits the wrong way round',
      change: { limits: { reconnectFirstMs: 1000, reconnectMaxMs: 10 } },
      where: /^limits: reconnectMaxMs must not be below/,
    },
  ]
  for (const { what, change, where } of bad) {
    it(`refuses ${what}`, () => {
      const entries = Object.entries<unknown>({ ...WHOLE, ...change }).filter(
        ([, value]) => value !== ABSENT,
      )
      const found = faults(Object.fromEntries(entries))
      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', where)
    })
  }

  it('has defaults for every limit', () => {
    assert.equal(resolveConnectorLimits({ drainMs: 5 }).drainMs, 5)
    assert.throws(() => resolveConnectorLimits({ drainMs: -1 }))
  })
})

describe('splitHostPort', () => {
  it('cuts names, addresses and ports apart', () => {
    assert.deepEqual(splitHostPort('dc1.corp.example'), {
      host: 'dc1.corp.example',
      port: undefined,
    })
    assert.deepEqual(splitHostPort('10.0.0.1:88'), { host: '10.0.0.1', port: 88 })
    assert.deepEqual(splitHostPort('[fd00::1]:88'), { host: 'fd00::1', port: 88 })
  })

  it('refuses everything else', () => {
    for (const text of [
      '',
      ':88',
      'a b',
      'http://dc1',
      'fd00::1',
      '[dc1]:88',
      'dc1:0',
      '-x',
      'a,b',
    ]) {
      assert.equal(splitHostPort(text), undefined, text)
    }
  })
})
