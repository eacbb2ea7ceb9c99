import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AndFilter, EqualityFilter, FilterParser } from 'ldapts'
import { accountFilter, escapeFilterValue, FilterTemplate } from '../../../src/directory/index.ts'
import { filterText, groupsFilter, implicitAccountName } from '../../../src/directory/filter.ts'

const DOMAIN = 'corp.example'

describe('search filters', () => {
  it('escapes what RFC 4515 section 3 says', () => {
    // RFC 4515 section 4: "Parens R Us (for all your parenthetical needs)" and "C:\MyFile".
    assert.equal(
      escapeFilterValue('Parens R Us (for all your parenthetical needs)'),
      'Parens R Us \\28for all your parenthetical needs\\29',
    )
    assert.equal(escapeFilterValue('C:\\MyFile'), 'C:\\5cMyFile')
    assert.equal(escapeFilterValue('a*\u0000'), 'a\\2a\\00')
  })

  it('never lets a value become syntax: the parser reads it back as one value', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }), (value) => {
        const filter = FilterParser.parseString(
          accountFilter({ by: 'sAMAccountName', value }, DOMAIN).filter,
        )
        assert.ok(filter instanceof AndFilter && filter.filters.length === 3)
        const last = filter.filters[2]
        assert.ok(last instanceof EqualityFilter)
        assert.equal(last.attribute, 'sAMAccountName')
        assert.equal(last.value, value)
      }),
    )
  })

  it('asks for a user principal name of another suffix by that attribute alone', () => {
    assert.equal(
      accountFilter({ by: 'userPrincipalName', value: 'robert@contoso.test' }, DOMAIN).filter,
      '(&(objectCategory=person)(objectClass=user)(userPrincipalName=robert@contoso.test))',
    )
  })

  it('asks for the implicit name too where the suffix is the domain', () => {
    assert.equal(
      accountFilter({ by: 'userPrincipalName', value: 'al*@CORP.example' }, DOMAIN).filter,
      '(&(objectCategory=person)(objectClass=user)(|(userPrincipalName=al\\2a@CORP.example)' +
        '(&(!(userPrincipalName=*))(sAMAccountName=al\\2a))))',
    )
  })

  it('finds by SID, and refuses a SID that is none', () => {
    const { filter } = accountFilter({ by: 'sid', value: 'S-1-5-21-1-2-3-1104' }, DOMAIN)
    assert.match(filter, /\(objectSid=S-1-5-21-1-2-3-1104\)/)
    assert.throws(() => accountFilter({ by: 'sid', value: '*' }, DOMAIN), {
      code: 'ERR_DIRECTORY_REPLY',
    })
  })

  it('finds by GUID with the octets of the directory', () => {
    // MS-DTYP 2.3.4: the first three fields are little-endian.
    const value = '00112233-4455-6677-8899-aabbccddeeff'
    const found = accountFilter({ by: 'objectGUID', value }, DOMAIN)
    assert.equal(
      Buffer.from(found.octets?.value ?? []).toString('hex'),
      '33221100554477668899aabbccddeeff',
    )
    assert.equal(
      filterText(found),
      '(&(objectCategory=person)(objectClass=user)' +
        '(objectGUID=\\33\\22\\11\\00\\55\\44\\77\\66\\88\\99\\aa\\bb\\cc\\dd\\ee\\ff))',
    )
    assert.throws(() => accountFilter({ by: 'objectGUID', value: '*' }, DOMAIN), {
      code: 'ERR_DIRECTORY_REPLY',
    })
  })

  it('finds people alone, whatever a template asks for', () => {
    const template = new FilterTemplate('(employeeID={claim})')
    assert.equal(
      accountFilter({ by: 'filter', value: '47*', template }, DOMAIN).filter,
      '(&(objectCategory=person)(objectClass=user)(employeeID=47\\2a))',
    )
  })

  it('refuses an empty and an endless name', () => {
    for (const value of ['', 'a'.repeat(1025)]) {
      assert.throws(() => accountFilter({ by: 'sAMAccountName', value }, DOMAIN).filter, {
        code: 'ERR_DIRECTORY_NOT_FOUND',
      })
    }
  })

  it('finds groups by any of their SIDs', () => {
    assert.equal(groupsFilter(['S-1-1-0', 'S-1-5-2']), '(|(objectSid=S-1-1-0)(objectSid=S-1-5-2))')
  })

  it('knows which names are implicit', () => {
    assert.equal(implicitAccountName('alice@corp.example', DOMAIN), 'alice')
    assert.equal(implicitAccountName('a@b@corp.example', DOMAIN), 'a@b')
    assert.equal(implicitAccountName('alice@other.example', DOMAIN), undefined)
    assert.equal(implicitAccountName('@corp.example', DOMAIN), undefined)
    assert.equal(implicitAccountName('alice', DOMAIN), undefined)
  })
})
