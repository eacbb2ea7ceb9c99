import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AccountFinder,
  DirectoryError,
  FilterTemplate,
  ForestDirectory,
  SeveralDirectories,
  type AccountDirectory,
  type AccountKey,
  type DirectoryEntry,
  type LookupReport,
} from '../../../src/directory/index.ts'
import { errorCode } from '../../../src/platform/index.ts'
import { systemClock } from '../../../src/platform/io/index.ts'
import { accountEntry, DOMAIN_SID, ScriptedSearch } from '../../support/directory-entries.ts'

/** A domain with these people; the lists are the tests' to change. */
function domain(name: string, people: readonly DirectoryEntry[]) {
  const search = new ScriptedSearch()
  search.people = people
  const directory = new AccountFinder(search, systemClock, { domain: name })
  return { search, part: { directory, domains: [name], upnSuffixes: [] as string[] } }
}

interface PersonShape {
  readonly rid?: number
  readonly upn?: string
  readonly domainSid?: string
}

/** An account of a domain, by default with its name as UPN. */
function person(name: string, domainDns: string, more: PersonShape = {}) {
  const dc = domainDns.replaceAll('.', ',DC=')
  const { rid = 1104, domainSid = domainDns === OTHER ? OTHER_SID : DOMAIN_SID } = more
  return accountEntry({
    name,
    userPrincipalName: more.upn ?? `${name}@${domainDns}`,
    sid: `${domainSid}-${rid}`,
    distinguishedName: `CN=${name},CN=Users,DC=${dc}`,
  })
}

const CORP = 'corp.example'
const OTHER = 'other.example'
const OTHER_SID = 'S-1-5-21-4444-5555-6666'
const byName = (value: string, realms: readonly string[] = []) =>
  ({ by: 'sAMAccountName', value, realms }) as const
const byUpn = (value: string) => ({ by: 'userPrincipalName', value }) as const

function twoDomains() {
  const corp = domain(CORP, [person('alice', CORP)])
  const other = domain(OTHER, [person('alice', OTHER), person('olga', OTHER, { rid: 2000 })])
  const both = new SeveralDirectories([corp.part, other.part])
  return { corp, other, both }
}

describe('SeveralDirectories', () => {
  it('refuses an account name that two of them have', async () => {
    const { both } = twoDomains()
    await assert.rejects(both.findAccount(byName('alice')), {
      code: 'ERR_DIRECTORY_AMBIGUOUS',
      message: /DC=corp,.*DC=other/,
    })
  })

  it('asks only where the realms lead, so that a name need not be unique everywhere', async () => {
    const { both, corp } = twoDomains()
    const account = await both.findAccount(byName('alice', ['other.EXAMPLE']))
    assert.equal(account.realm, 'OTHER.EXAMPLE')
    assert.equal(corp.search.requests.length, 0)
  })

  it('asks only where the suffix leads', async () => {
    const { both, corp, other } = twoDomains()
    await both.findAccount(byUpn('alice@OTHER.example'))
    assert.equal(corp.search.requests.length, 0)
    other.part.upnSuffixes.push('contoso.test')
    other.search.people = [person('bob', OTHER, { upn: 'robert@contoso.test' })]
    const bob = await both.findAccount(byUpn('robert@Contoso.test'))
    assert.equal(bob.sAMAccountName, 'bob')
    assert.equal(corp.search.requests.length, 0)
  })

  it('asks for a name only where the suffix leads that it was cut from: the other alice is not meant', async () => {
    const { both, corp, other } = twoDomains()
    const cut = (suffix: string) => ({ ...byName('alice'), suffix })
    assert.equal((await both.findAccount(cut('OTHER.example'))).realm, 'OTHER.EXAMPLE')
    assert.equal(corp.search.requests.length, 0)
    corp.search.people = []
    other.search.requests.length = 0
    await assert.rejects(both.findAccount(cut(CORP)), { code: 'ERR_DIRECTORY_NOT_FOUND' })
    assert.equal(other.search.requests.length, 0)
    assert.equal((await both.findAccount(cut('elsewhere.test'))).realm, 'OTHER.EXAMPLE')
  })

  it('asks everywhere for a suffix that leads nowhere', async () => {
    const { both, corp, other } = twoDomains()
    other.search.people = [person('bob', OTHER, { upn: 'robert@contoso.test' })]
    const bob = await both.findAccount(byUpn('robert@contoso.test'))
    assert.equal(bob.realm, 'OTHER.EXAMPLE')
    assert.ok(corp.search.requests.length > 0)
  })

  it('finds nobody where no directory has the realm, and says what to add', async () => {
    const { both } = twoDomains()
    await assert.rejects(both.findAccount(byName('alice', ['THIRD.EXAMPLE'])), {
      code: 'ERR_DIRECTORY_NOT_FOUND',
      mend: /directories/,
    })
  })

  it('refuses a SID of another domain, whichever was asked first', async () => {
    for (const first of ['alice@corp.example', 'mallory@other.example'] as const) {
      const { both, other } = twoDomains()
      other.search.people = [person('mallory', OTHER, { domainSid: DOMAIN_SID })]
      const asked = [first, 'alice@corp.example', 'mallory@other.example'] as const
      const answers = await Promise.all(
        asked.map((upn) =>
          both.findAccount(byUpn(upn)).then(
            ({ realm }) => realm,
            (error: unknown) => errorCode(error),
          ),
        ),
      )
      assert.equal(answers[1], 'CORP.EXAMPLE')
      assert.equal(answers[2], 'ERR_DIRECTORY_REPLY')
      await assert.rejects(both.findAccount(byUpn('mallory@other.example')), {
        message:
          /directory of other\.example .* S-1-5-21-1111-2222-3333-1104, which is of corp\.example/,
        mend: /take it out of directories/,
      })
    }
    const { both } = twoDomains()
    for (const upn of ['olga@other.example', 'alice@corp.example', 'olga@other.example']) {
      assert.ok(await both.findAccount(byUpn(upn)))
    }
  })

  it('finds nobody whom none has', async () => {
    const { both } = twoDomains()
    await assert.rejects(both.findAccount(byName('ghost')), {
      code: 'ERR_DIRECTORY_NOT_FOUND',
      message: /any of 2 directories/,
    })
  })

  it('does not take the one it found while another cannot be asked: there may be a second', async () => {
    const { corp } = twoDomains()
    const error = new DirectoryError('ERR_DIRECTORY_UNREACHABLE', 'down')
    const directory: AccountDirectory = { findAccount: () => Promise.reject(error) }
    const parts = [corp.part, { directory, domains: [OTHER], upnSuffixes: [] }]
    await assert.rejects(new SeveralDirectories(parts).findAccount(byName('alice')), error)
    const account = await new SeveralDirectories(parts).findAccount(byUpn('alice@corp.example'))
    assert.equal(account.realm, 'CORP.EXAMPLE')
  })
})

describe('ForestDirectory', () => {
  const EMEA = 'emea.corp.example'

  function forest(catalogPeople: readonly DirectoryEntry[]) {
    const corp = domain(CORP, [person('alice', CORP)])
    const emea = domain(EMEA, [person('erik', EMEA, { rid: 3000, upn: 'erik@corp.example' })])
    const catalog = new ScriptedSearch()
    catalog.people = catalogPeople
    const domains = new Map([
      [CORP, corp.part.directory],
      [EMEA, emea.part.directory],
    ])
    const reports: LookupReport[] = []
    const onLookup = (report: LookupReport) => reports.push(report)
    const directory = new ForestDirectory({ catalog, domains }, { name: 'forest', onLookup })
    return { corp, emea, catalog, directory, reports }
  }

  const erik = person('erik', EMEA, { rid: 3000, upn: 'erik@corp.example' })

  it('asks the catalog who it is, then the account’s own domain for the rest', async () => {
    const { directory, catalog, corp, emea, reports } = forest([erik])
    const account = await directory.findAccount(byUpn('erik@corp.example'))
    assert.deepEqual([account.sAMAccountName, account.realm], ['erik', 'EMEA.CORP.EXAMPLE'])
    assert.equal(catalog.requests.length, 1)
    assert.equal(catalog.requests[0]?.base, '')
    assert.equal(corp.search.requests.length, 0)
    assert.match(emea.search.requests[0]?.filter ?? '', new RegExp(`objectSid=${DOMAIN_SID}-3000`))
    assert.deepEqual(
      reports.map(({ directory: name, base, found }) => [name, base, found]),
      [['forest', '', 1]],
    )
  })

  it('refuses a name that two domains of the forest have, but for what the realms rule out', async () => {
    const two = [person('alice', CORP), person('alice', EMEA, { rid: 3000 })]
    const { directory } = forest(two)
    await assert.rejects(directory.findAccount(byName('alice')), {
      code: 'ERR_DIRECTORY_AMBIGUOUS',
    })
    const account = await directory.findAccount(byName('alice', ['CORP.EXAMPLE']))
    assert.equal(account.realm, 'CORP.EXAMPLE')
  })

  it('finds an implicit name in the catalog too', async () => {
    const plain = accountEntry({ name: 'alice' })
    const { directory, corp, catalog } = forest([plain])
    corp.search.people = [plain]
    const account = await directory.findAccount(byUpn('alice@corp.example'))
    assert.equal(account.sAMAccountName, 'alice')
    assert.match(catalog.requests[0]?.filter ?? '', /\(sAMAccountName=alice\)/)
  })

  it('says which domain is not listed', async () => {
    const { directory } = forest([person('zoe', 'apac.corp.example')])
    await assert.rejects(directory.findAccount(byName('zoe')), {
      code: 'ERR_DIRECTORY_NOT_FOUND',
      mend: /Add apac\.corp\.example to the domains/,
    })
  })

  it('believes the domain where the catalog is behind', async () => {
    const { directory, emea } = forest([erik])
    emea.search.people = [person('renamed', EMEA, { rid: 3000 })]
    await assert.rejects(directory.findAccount(byName('erik')), { code: 'ERR_DIRECTORY_NOT_FOUND' })
  })

  it('asks every domain for what catalogs do not hold, unless it is said that they do', async () => {
    const template = new FilterTemplate('(employeeID={claim})')
    const worker = accountEntry({ name: 'alice', text: { employeeID: ['7'] } })
    const { directory, catalog, corp } = forest([worker])
    corp.search.people = [worker]
    const key: AccountKey = { by: 'filter', value: '7', template }
    assert.equal((await directory.findAccount(key)).sAMAccountName, 'alice')
    assert.equal(catalog.requests.length, 0)
    await directory.findAccount({ ...key, inGlobalCatalog: true })
    assert.equal(catalog.requests.length, 1)
  })

  it('believes the domain where the catalog still gives a number to its last owner', async () => {
    const template = new FilterTemplate('(employeeID={claim})')
    const key: AccountKey = { by: 'filter', value: '7', template, inGlobalCatalog: true }
    const numbered = (name: string, rid: number, id: string) =>
      accountEntry({ name, rid, text: { employeeID: [id] } })
    const { directory, corp } = forest([numbered('alice', 1104, '7')])
    for (const people of [
      [numbered('alice', 1104, '8')],
      [numbered('alice', 1104, '8'), numbered('bob', 1105, '7')],
    ]) {
      corp.search.people = people
      await assert.rejects(directory.findAccount(key), { code: 'ERR_DIRECTORY_NOT_FOUND' })
    }
  })
})
