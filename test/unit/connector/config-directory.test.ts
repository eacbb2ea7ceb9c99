import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectorConfigSchema } from '../../../src/connector/index.ts'

const KERBEROS = { realm: 'CORP.EXAMPLE', principal: 'CONN1$', keytab: 'conn1.keytab' }
const CORP = { servers: ['dc1.corp.example'], domain: 'corp.example' }
const OTHER = { servers: ['dc1.other.example'], domain: 'Other.example', upnSuffixes: ['X.test'] }
const FOREST = {
  globalCatalog: ['gc1.corp.example'],
  ca: 'ca.pem',
  domains: [CORP, { servers: ['dc9.emea.corp.example'], baseDn: 'DC=emea,DC=corp,DC=example' }],
}
const SIMPLE = {
  bind: 'simple',
  bindDn: 'CN=reader,DC=corp,DC=example',
  passwordFile: 'reader.txt',
}

function parse(sections: object) {
  const base = { stateDirectory: 's', policy: 'p', kerberos: KERBEROS }
  return connectorConfigSchema.safeParse({ ...base, ...sections })
}

function config(sections: object) {
  const { success, data, error } = parse(sections)
  assert.ok(success, error?.message)
  return data
}

describe('directories of connector.yaml', () => {
  it('may be one domain, as ever', () => {
    const { directory, directories } = config({ directory: { servers: ['dc1.corp.example'] } })
    assert.deepEqual(directories, [directory])
    assert.deepEqual(directory, {
      servers: ['dc1.corp.example'],
      upnSuffixes: [],
      bind: 'kerberos',
      connectTimeoutMs: 5000,
      operationTimeoutMs: 10_000,
    })
  })

  it('may be several, of which the own one is that of the realm', () => {
    const { directory, directories } = config({ directories: [OTHER, CORP] })
    assert.equal(directories.length, 2)
    assert.equal(directory?.domain, 'corp.example')
    const [other] = directories
    assert.ok(other && 'servers' in other)
    assert.deepEqual([other.domain, other.upnSuffixes], ['other.example', ['x.test']])
  })

  it('may be a forest, whose domains take over what they do not say', () => {
    const { directory, directories } = config({ directory: { ...FOREST, ...SIMPLE } })
    const [forest] = directories
    assert.ok(forest && 'globalCatalog' in forest)
    assert.deepEqual(
      forest.domains.map(({ domain, ca, bind, bindDn }) => [domain, ca, bind, bindDn]),
      ['corp.example', 'emea.corp.example'].map((domain) => [
        domain,
        'ca.pem',
        'simple',
        SIMPLE.bindDn,
      ]),
    )
    assert.equal(directory?.domain, 'corp.example')
  })

  it('a bind is taken over whole or not at all', () => {
    const [emea] = FOREST.domains.slice(1)
    const domains = [CORP, { ...emea, bind: 'kerberos' }]
    const { directories } = config({ directory: { ...FOREST, ...SIMPLE, domains } })
    const [forest] = directories
    assert.ok(forest && 'globalCatalog' in forest)
    assert.deepEqual(
      forest.domains.map(({ bind, passwordFile }) => [bind, passwordFile]),
      [
        ['simple', 'reader.txt'],
        ['kerberos', undefined],
      ],
    )
  })

  const bad: readonly (readonly [string, object, RegExp])[] = [
    ['both', { directory: CORP, directories: [CORP] }, /^directories: give either/],
    ['an empty list', { directories: [] }, /^directories: must list/],
    ['no servers', { directory: {} }, /^directory\.servers: missing/],
    ['one twice', { directories: [CORP, CORP] }, /corp\.example is listed twice/],
    ['one without a domain', { directories: [CORP, { servers: ['dc2'] }] }, /each says its domain/],
    [
      'only other domains',
      { directories: [OTHER, { servers: ['dc'], domain: 'third.example' }] },
      /must list the connector’s own domain, corp\.example/,
    ],
    [
      'a base elsewhere',
      { directory: { ...CORP, baseDn: 'DC=other,DC=example' } },
      /is not in corp/,
    ],
    ['an anonymous bind', { directory: { ...CORP, bind: 'simple' } }, /bindDn: missing/],
    [
      'a bind without password',
      { directory: { ...CORP, bind: 'simple', bindDn: 'x' } },
      /passwordFile: missing/,
    ],
    ['a name for Kerberos', { directory: { ...CORP, bindDn: 'x' } }, /goes with bind: simple/],
    [
      'an unknown bind',
      { directory: { ...CORP, bind: 'anonymous' } },
      /expected kerberos or simple/,
    ],
    ['a forest without domains', { directory: { globalCatalog: ['gc1'] } }, /domains: missing/],
    [
      'domains without a catalog',
      { directory: { ...CORP, domains: [CORP] } },
      /with globalCatalog/,
    ],
    ['a forest with servers', { directory: { ...FOREST, servers: ['dc1'] } }, /goes into domains/],
    [
      'a domain of a forest without a name',
      { directory: { ...FOREST, domains: [{ servers: ['dc1'] }] } },
      /^directory\.domains\.0\.domain: missing/,
    ],
    [
      'suffixes in a domain of a forest',
      { directory: { ...FOREST, domains: [{ ...CORP, upnSuffixes: ['a.test'] }] } },
      /belongs to the forest/,
    ],
  ]
  for (const [what, sections, message] of bad) {
    it(`refuses ${what}`, () => {
      const { error } = parse(sections)
      const texts = error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? []
      assert.match(texts.join('\n'), message)
    })
  }
})
