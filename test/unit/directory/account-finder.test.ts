import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AccountFinder,
  accountKeyId,
  FilterTemplate,
  type DirectoryEntry,
  type LookupReport,
} from '../../../src/directory/index.ts'
import { systemClock } from '../../../src/platform/io/index.ts'
import {
  accountEntry,
  DOMAIN_SID,
  groupEntry,
  ScriptedSearch,
} from '../../support/directory-entries.ts'

function finder(people: readonly DirectoryEntry[], options = {}) {
  const search = new ScriptedSearch()
  search.people = people
  search.groups = [groupEntry('Domain Users', 513), groupEntry('Protected Users', 525)]
  return { search, finder: new AccountFinder(search, systemClock, options) }
}

const alice = accountEntry({ name: 'alice', userPrincipalName: 'alice@corp.example' })

describe('AccountFinder', () => {
  it('describes an account with its groups in three spellings', async () => {
    const account = await finder([alice]).finder.findAccount({
      by: 'userPrincipalName',
      value: 'Alice@Corp.Example',
    })
    assert.deepEqual(account, {
      distinguishedName: 'CN=alice,CN=Users,DC=corp,DC=example',
      sAMAccountName: 'alice',
      userPrincipalName: 'alice@corp.example',
      sid: `${DOMAIN_SID}-1104`,
      realm: 'CORP.EXAMPLE',
      enabled: true,
      sensitive: false,
      protectedUser: false,
      memberOf: [
        `${DOMAIN_SID}-513`,
        'Domain Users',
        'CN=Domain Users,CN=Users,DC=corp,DC=example',
      ],
    })
  })

  const flags = [
    { what: 'a disabled account', shape: { control: 0x202 }, expected: { enabled: false } },
    { what: 'a sensitive account', shape: { control: 0x100200 }, expected: { sensitive: true } },
    { what: 'a protected user', shape: { groups: [513, 525] }, expected: { protectedUser: true } },
  ]
  for (const { what, shape, expected } of flags) {
    it(`recognises ${what}`, async () => {
      const { finder: finds } = finder([accountEntry({ name: 'eve', ...shape })])
      const account = await finds.findAccount({ by: 'sAMAccountName', value: 'eve' })
      assert.deepEqual({ ...account, ...expected }, account)
    })
  }

  // 2020-01-01T00:00:00Z in 100 ns since 1601, which the lab's frank has too.
  const END = '132223104000000000'
  const COMPUTED = 'msDS-User-Account-Control-Computed'
  const standings = [
    { text: {}, expected: {} },
    { text: { accountExpires: ['0'] }, expected: {} },
    { text: { accountExpires: ['9223372036854775807'] }, expected: {} },
    { text: { accountExpires: [END] }, expected: { expiresMs: Date.UTC(2020, 0, 1) } },
    { text: { [COMPUTED]: ['0'] }, expected: { locked: false, passwordExpired: false } },
    { text: { [COMPUTED]: ['16'] }, expected: { locked: true, passwordExpired: false } },
    { text: { [COMPUTED]: ['8388608'] }, expected: { locked: false, passwordExpired: true } },
  ]
  for (const { text, expected } of standings) {
    it(`reads the standing of an account with ${JSON.stringify(text)}`, async () => {
      const { finder: finds } = finder([accountEntry({ name: 'eve', text })])
      const account = await finds.findAccount({ by: 'sAMAccountName', value: 'eve' })
      const { expiresMs, locked, passwordExpired } = account
      const standing = { expiresMs, locked, passwordExpired }
      const absent = { expiresMs: undefined, locked: undefined, passwordExpired: undefined }
      assert.deepEqual(standing, { ...absent, ...expected })
    })
  }

  for (const text of [{ accountExpires: ['soon'] }, { [COMPUTED]: ['x'] }]) {
    it(`refuses ${JSON.stringify(text)}`, async () => {
      const { finder: finds } = finder([accountEntry({ name: 'eve', text })])
      await assert.rejects(finds.findAccount({ by: 'sAMAccountName', value: 'eve' }), {
        code: 'ERR_DIRECTORY_REPLY',
      })
    })
  }

  it('finds by objectGUID, and no other', async () => {
    const guid = Buffer.from('33221100554477668899aabbccddeeff', 'hex')
    const { finder: finds, search } = finder([accountEntry({ name: 'eve', guid })])
    const value = '00112233-4455-6677-8899-aabbccddeeff'
    const account = await finds.findAccount({ by: 'objectGUID', value })
    assert.equal(account.objectGUID, value)
    assert.deepEqual(Buffer.from(search.requests[0]?.octets?.value ?? []), guid)
    const other = value.replace('00', '01')
    await assert.rejects(finds.findAccount({ by: 'objectGUID', value: other }), {
      code: 'ERR_DIRECTORY_NOT_FOUND',
    })
  })

  it('finds by a template, reads what it compares, and compares it', async () => {
    const entry = accountEntry({ name: 'eve', text: { employeeID: ['0047'] } })
    const { finder: finds, search } = finder([entry])
    const template = new FilterTemplate('(employeeID={claim})')
    const account = await finds.findAccount({ by: 'filter', value: '0047', template })
    assert.equal(account.sAMAccountName, 'eve')
    assert.ok(search.requests[0]?.text.includes('employeeID'))
    await assert.rejects(finds.findAccount({ by: 'filter', value: '47', template }), {
      code: 'ERR_DIRECTORY_NOT_FOUND',
      message: /\(employeeID=\{claim\}\) '47'/,
    })
  })

  it('reports what it searched for', async () => {
    const reports: LookupReport[] = []
    const onLookup = (report: LookupReport) => reports.push(report)
    const { finder: finds } = finder([alice], { name: 'corp', onLookup })
    await finds.findAccount({ by: 'sAMAccountName', value: 'alice' })
    assert.deepEqual(reports, [
      {
        directory: 'corp',
        base: 'DC=corp,DC=example',
        filter: '(&(objectCategory=person)(objectClass=user)(sAMAccountName=alice))',
        found: 1,
      },
    ])
  })

  it('believes a server nothing about accounts of another domain', async () => {
    const foreign = accountEntry({
      name: 'alice',
      distinguishedName: 'CN=alice,DC=other,DC=example',
    })
    const { finder: finds } = finder([foreign])
    await assert.rejects(finds.findAccount({ by: 'sAMAccountName', value: 'alice' }), {
      code: 'ERR_DIRECTORY_REPLY',
      message: /corp\.example/,
    })
  })

  it('is not fooled by the 525 of another domain', async () => {
    const { finder: finds, search } = finder([accountEntry({ name: 'eve' })])
    const foreign = accountEntry({ name: 'eve' })
    const sid = Buffer.from('010500000000000515000000090000000900000009000000' + '0d020000', 'hex')
    search.people = [{ ...foreign, binary: new Map([...foreign.binary, ['tokengroups', [sid]]]) }]
    const account = await finds.findAccount({ by: 'sAMAccountName', value: 'eve' })
    assert.equal(account.protectedUser, false)
    assert.deepEqual(account.memberOf, ['S-1-5-21-9-9-9-525'])
  })

  it('drops answers whose name only looks like the one asked for', async () => {
    const { finder: finds } = finder([accountEntry({ name: 'álice' }), alice])
    const account = await finds.findAccount({ by: 'sAMAccountName', value: 'alice' })
    assert.equal(account.sAMAccountName, 'alice')
    await assert.rejects(
      finder([alice]).finder.findAccount({ by: 'sAMAccountName', value: 'al*' }),
      {
        code: 'ERR_DIRECTORY_NOT_FOUND',
      },
    )
  })

  // A server that finds kate whatever it is asked: only the comparison with the answer keeps these out.
  const lookalikes = [
    '\u212Aate',
    'kate ',
    ' kate',
    'kate\u200B',
    'ka\u00ADte',
    '\uFF4Bate',
    'k\u0430te',
    'kate\u0301',
    'kate*',
    'CORP\\kate',
    'corp.example/kate',
    'kate)(objectClass=*',
    'kate@corp.example@corp.example',
    'kate@corp.example@other.example',
    '@kate',
  ]
  for (const name of lookalikes) {
    it(`takes ${JSON.stringify(name)} for nobody else`, async () => {
      const template = new FilterTemplate('(displayName={claim})')
      const entry = { name: 'kate', text: { displayName: ['kate'] } }
      const unnamed = finder([accountEntry(entry)]).finder
      const named = finder([accountEntry({ ...entry, userPrincipalName: 'kate@corp.example' })])
      for (const finds of [unnamed, named.finder]) {
        for (const key of [
          { by: 'sAMAccountName', value: name },
          { by: 'userPrincipalName', value: `${name}@corp.example` },
          { by: 'userPrincipalName', value: name },
          { by: 'filter', value: name, template },
        ] as const) {
          await assert.rejects(finds.findAccount(key), { code: 'ERR_DIRECTORY_NOT_FOUND' })
        }
      }
    })
  }

  it('takes a suffix that only looks like the domain for another', async () => {
    const { finder: finds } = finder([accountEntry({ name: 'kate' })])
    for (const suffix of [
      'corp.example.',
      'corp.example ',
      'corp.e\u0445ample',
      'corp\u3002example',
    ]) {
      const key = { by: 'userPrincipalName', value: `kate@${suffix}` } as const
      await assert.rejects(finds.findAccount(key), { code: 'ERR_DIRECTORY_NOT_FOUND' }, suffix)
    }
  })

  it('takes an explicit user principal name for its owner, not for whose account name it begins with', async () => {
    const bob = accountEntry({ name: 'bob', userPrincipalName: 'robert@contoso.test' })
    const mallory = { name: 'mallory', userPrincipalName: 'bob@corp.example', rid: 1105 }
    const key = { by: 'userPrincipalName', value: 'bob@corp.example' } as const
    const two = [bob, accountEntry(mallory)]
    assert.equal((await finder(two).finder.findAccount(key)).sAMAccountName, 'mallory')
    // Where bob has no other name, both have this one.
    const both = [accountEntry({ name: 'bob' }), accountEntry(mallory)]
    await assert.rejects(finder(both).finder.findAccount(key), { code: 'ERR_DIRECTORY_AMBIGUOUS' })
  })

  it('keeps look-ups of names apart that are not one name', () => {
    const id = (value: string) => accountKeyId({ by: 'sAMAccountName', value })
    assert.equal(id('KATE'), id('kate'))
    for (const name of lookalikes) assert.notEqual(id(name), id('kate'))
    const template = new FilterTemplate('(employeeID={claim})')
    const badge = (value: string) => accountKeyId({ by: 'filter', value, template })
    assert.equal(badge('k1'), badge('K1'))
    assert.notEqual(badge('\u212A1'), badge('K1'))
  })

  it('finds an implicit name only on an account without an explicit one', async () => {
    const key = { by: 'userPrincipalName', value: 'eve@corp.example' } as const
    const account = await finder([accountEntry({ name: 'eve' })]).finder.findAccount(key)
    assert.equal(account.userPrincipalName, undefined)
    const renamed = accountEntry({ name: 'eve', userPrincipalName: 'other@corp.example' })
    await assert.rejects(finder([renamed]).finder.findAccount(key), {
      code: 'ERR_DIRECTORY_NOT_FOUND',
    })
  })

  it('refuses when two accounts answer, and names both', async () => {
    const second = accountEntry({
      name: 'alice2',
      userPrincipalName: 'ALICE@corp.example',
      distinguishedName: 'CN=alice2,OU=Old,DC=corp,DC=example',
    })
    await assert.rejects(
      finder([alice, second]).finder.findAccount({
        by: 'userPrincipalName',
        value: 'alice@corp.example',
      }),
      { code: 'ERR_DIRECTORY_AMBIGUOUS', message: /CN=alice,.*OU=Old/ },
    )
  })

  it('refuses when the answer may have been cut before a second match', async () => {
    const lookalikes = Array.from({ length: 9 }, () => accountEntry({ name: 'álice' }))
    await assert.rejects(
      finder([alice, ...lookalikes]).finder.findAccount({ by: 'sAMAccountName', value: 'alice' }),
      { code: 'ERR_DIRECTORY_AMBIGUOUS' },
    )
  })

  it('refuses an account whose groups may not be read', async () => {
    const { finder: finds } = finder([accountEntry({ name: 'eve', groups: [] })])
    await assert.rejects(finds.findAccount({ by: 'sAMAccountName', value: 'eve' }), {
      code: 'ERR_DIRECTORY_REFUSED',
      mend: /Windows Authorization Access Group/,
    })
  })

  it('refuses more groups than the limit', async () => {
    const { finder: finds } = finder([accountEntry({ name: 'eve', groups: [513, 514, 515] })], {
      maxGroups: 2,
    })
    await assert.rejects(finds.findAccount({ by: 'sAMAccountName', value: 'eve' }), {
      code: 'ERR_DIRECTORY_REPLY',
      message: /maxGroups/,
    })
  })

  it('refuses an entry without what every account has', async () => {
    const { finder: finds } = finder([{ ...alice, text: new Map([['samaccountname', ['alice']]]) }])
    await assert.rejects(finds.findAccount({ by: 'sAMAccountName', value: 'alice' }), {
      code: 'ERR_DIRECTORY_REFUSED',
      message: /userAccountControl/,
    })
  })

  it('asks for group names in chunks, and once', async () => {
    const groups = Array.from({ length: 250 }, (_, index) => 2000 + index)
    const { finder: finds, search } = finder([accountEntry({ name: 'eve', groups })])
    search.groups = groups.map((rid) => groupEntry(`g${rid}`, rid))
    const first = await finds.findAccount({ by: 'sAMAccountName', value: 'eve' })
    assert.equal(first.memberOf.length, 750)
    assert.equal(search.requests.length, 2 + 3)
    const again = await finds.findAccount({ by: 'sAMAccountName', value: 'eve' })
    assert.deepEqual(again.memberOf, first.memberOf)
    assert.equal(search.requests.length, 2 + 3 + 2)
  })

  it('searches under baseDn, which must name a domain', async () => {
    const { finder: finds, search } = finder([alice], { baseDn: 'OU=Staff,DC=corp,DC=example' })
    await finds.findAccount({ by: 'sAMAccountName', value: 'alice' })
    assert.equal(search.requests[0]?.base, 'OU=Staff,DC=corp,DC=example')
    assert.throws(() => finder([], { baseDn: 'OU=Staff' }), { code: 'ERR_DIRECTORY_REPLY' })
  })
})
