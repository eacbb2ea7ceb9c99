import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AccountFinder, type DirectoryAccount } from '../../../src/directory/index.ts'
import { systemClock } from '../../../src/platform/io/index.ts'
import { IdentityFinder } from '../../../src/sso/identity.ts'
import { resolveSsoLimits } from '../../../src/sso/index.ts'
import { LOGIN_IDENTITIES } from '../../../src/sso/login-identities.ts'
import { checkAccountOf, loginFrom } from '../../../src/sso/login.ts'
import type { IssuerPolicy } from '../../../src/sso/policy.ts'
import type { Verdict } from '../../../src/sso/proof.ts'
import { accountEntry, ScriptedSearch } from '../../support/directory-entries.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { FakeDirectory, ISSUER, policyOf, type RawPolicy } from '../../support/sso/world.ts'

type Kind = (typeof LOGIN_IDENTITIES)[number]

const KINDS: readonly Kind[] = LOGIN_IDENTITIES.filter(
  (kind) => kind !== 'sid' && kind !== 'objectGUID',
)

function issuerOf(row: RawPolicy): IssuerPolicy {
  const issuer = policyOf([], row).issuers.get(ISSUER)
  assert.ok(issuer)
  return issuer
}

function verdictOf(claims: Verdict['claims'], row: RawPolicy = {}): Verdict {
  const issuer = issuerOf({ loginIdentities: KINDS, ...row })
  return {
    proofId: 'p',
    idToken: 't',
    issuer,
    subject: 's',
    claims,
    signedInMs: 0,
    users: new Set(),
    validUntilMs: 1,
  }
}

describe('loginFrom', () => {
  const claims = { upn: 'Alice@Corp.example', onprem: 'a.smith@corp.example', sam: 'asmith' }
  const separate = {
    onPremisesUserPrincipalNameClaim: 'onprem',
    onPremisesSAMAccountNameClaim: 'sam',
  }
  const kinds: readonly (readonly [Kind, string, string, string?])[] = [
    ['userPrincipalName', 'userPrincipalName', 'Alice@Corp.example'],
    ['onPremisesUserPrincipalName', 'userPrincipalName', 'a.smith@corp.example'],
    ['userPrincipalUsername', 'sAMAccountName', 'Alice', 'Corp.example'],
    ['onPremisesUserPrincipalUsername', 'sAMAccountName', 'a.smith', 'corp.example'],
    ['onPremisesSAMAccountName', 'sAMAccountName', 'asmith'],
  ]
  for (const [kind, by, value, suffix] of kinds) {
    it(`finds the account by ${kind}`, () => {
      const { key } = loginFrom(verdictOf(claims, separate), kind)
      const cut = suffix === undefined ? {} : { suffix }
      assert.deepEqual(key, { by, value, realms: ['CORP.EXAMPLE'], ...cut })
    })
  }

  it('takes the one value of a claim that could have several', () => {
    const { login } = loginFrom(verdictOf({ upn: ['alice@corp.example'] }), 'userPrincipalName')
    assert.equal(login, 'alice@corp.example')
  })

  it('works a login out once for each proof and kind', () => {
    const verdict = verdictOf(claims, separate)
    const first = loginFrom(verdict, 'userPrincipalName')
    assert.equal(loginFrom(verdict, 'userPrincipalName'), first)
    assert.notEqual(loginFrom(verdict, 'onPremisesSAMAccountName'), first)
    assert.notEqual(loginFrom(verdictOf(claims, separate), 'userPrincipalName'), first)
  })

  it('takes the login claim where no other is named', () => {
    const verdict = verdictOf({ upn: 'alice@corp.example' })
    assert.equal(loginFrom(verdict, 'onPremisesUserPrincipalUsername').key.value, 'alice')
  })

  const refusals: readonly (readonly [string, Verdict['claims'], Kind])[] = [
    ['no claim', {}, 'userPrincipalName'],
    ['a claim that is no text', { upn: 7 }, 'userPrincipalName'],
    ['a nested claim', { upn: { name: 'alice@corp.example' } }, 'userPrincipalName'],
    ['a claim that every object has', { upn: Object }, 'userPrincipalName'],
    ['no value', { upn: [] }, 'userPrincipalName'],
    ['two values', { upn: ['alice@corp.example', 'bob@corp.example'] }, 'userPrincipalName'],
    ['twice the same value', { upn: Array(2).fill('alice@corp.example') }, 'userPrincipalName'],
    ['half a character', { upn: '\ud800@corp.example' }, 'userPrincipalName'],
    ['an empty claim', { upn: '' }, 'userPrincipalName'],
    ['control characters', { upn: 'alice\u0000@corp.example' }, 'userPrincipalName'],
    ['an over-long login', { upn: `${'a'.repeat(2000)}@corp.example` }, 'userPrincipalName'],
    ['another suffix', { upn: 'alice@evil.example' }, 'userPrincipalName'],
    ['another suffix, cut off', { upn: 'alice@evil.example' }, 'userPrincipalUsername'],
    ['a suffix that only ends alike', { upn: 'alice@evilcorp.example' }, 'userPrincipalName'],
    [
      'a suffix before another',
      { upn: 'alice@corp.example@evil.example' },
      'userPrincipalUsername',
    ],
    ['a suffix with a dot after it', { upn: 'alice@corp.example.' }, 'userPrincipalName'],
    ['a suffix with a space after it', { upn: 'alice@corp.example ' }, 'userPrincipalUsername'],
    ['a suffix in wide letters', { upn: 'alice@\uFF43orp.example' }, 'userPrincipalUsername'],
    [
      'a suffix with a letter of another script',
      { upn: 'alice@c\u043Erp.example' },
      'userPrincipalName',
    ],
    ['a NetBIOS name', { upn: 'CORP\\alice' }, 'userPrincipalName'],
    ['no suffix', { upn: 'alice' }, 'userPrincipalUsername'],
    ['no name', { upn: '@corp.example' }, 'userPrincipalUsername'],
    ['a UPN as sAMAccountName', { upn: 'alice@corp.example' }, 'onPremisesSAMAccountName'],
  ]
  for (const [name, claimsOf, kind] of refusals) {
    it(`refuses ${name}`, () => {
      assert.throws(() => loginFrom(verdictOf(claimsOf), kind), { code: 'ERR_SSO_LOGIN_REFUSED' })
    })
  }
})

describe('the kinds that an issuer may be used for', () => {
  const accepted = (row: RawPolicy): Kind[] => {
    const verdict = {
      ...verdictOf({ upn: 'alice@corp.example', sam: 'alice' }),
      issuer: issuerOf(row),
    }
    return KINDS.filter((kind) => {
      try {
        return loginFrom(verdict, kind).key.value !== ''
      } catch {
        return false
      }
    })
  }

  it('are whole names where nothing is listed: the gateway cannot cut the suffix off', () => {
    assert.deepEqual(accepted({}), ['userPrincipalName', 'onPremisesUserPrincipalName'])
  })

  it('hold the sAMAccountName where the policy names its claim', () => {
    assert.deepEqual(accepted({ onPremisesSAMAccountNameClaim: 'sam' }), [
      'userPrincipalName',
      'onPremisesUserPrincipalName',
      'onPremisesSAMAccountName',
    ])
  })

  it('are those that the policy lists, and no other', () => {
    const row = { loginIdentities: ['userPrincipalUsername'] }
    assert.deepEqual(accepted(row), ['userPrincipalUsername'])
    assert.throws(
      () => loginFrom({ ...verdictOf({}), issuer: issuerOf(row) }, 'userPrincipalName'),
      {
        code: 'ERR_SSO_LOGIN_REFUSED',
        message: /does not take userPrincipalName/,
        mend: /^Add userPrincipalName to loginIdentities/,
      },
    )
    assert.throws(() => loginFrom({ ...verdictOf({}), issuer: issuerOf(row) }, 'employee'), {
      code: 'ERR_SSO_LOGIN_REFUSED',
      mend: /^Define employee under loginAttributes .* or choose one of userPrincipalName, /,
    })
  })
})

describe('identifiers of an account', () => {
  const row = { sidClaim: 'onprem_sid', objectGUIDClaim: 'immutable_id' }
  const keyFor = (kind: Kind, value: unknown) => {
    const claims = { onprem_sid: value, immutable_id: value }
    const { loginIdentities } = issuerOf(row)
    return loginFrom(verdictOf(claims, { ...row, loginIdentities }), kind).key
  }

  it('are taken where the policy names their claims', () => {
    assert.deepEqual(keyFor('sid', 's-1-5-21-1-2-3-1104'), {
      by: 'sid',
      value: 'S-1-5-21-1-2-3-1104',
      realms: ['CORP.EXAMPLE'],
    })
  })

  // The octets of MS-DTYP 2.3.4 behind Entra's ImmutableID, and the text that PowerShell shows for them.
  const forms = [
    '00112233-4455-6677-8899-aabbccddeeff',
    '{00112233-4455-6677-8899-AABBCCDDEEFF}',
    Buffer.from('33221100554477668899aabbccddeeff', 'hex').toString('base64'),
  ]
  for (const form of forms) {
    it(`may be an objectGUID as ${form}`, () => {
      assert.equal(keyFor('objectGUID', form).value, '00112233-4455-6677-8899-aabbccddeeff')
    })
  }

  const bad: readonly (readonly [Kind, string])[] = [
    ['sid', 'S-1-5'],
    ['sid', 'alice@corp.example'],
    ['sid', '*'],
    ['objectGUID', '00112233445566778899aabbccddeeff'],
    ['objectGUID', '{00112233-4455-6677-8899-aabbccddeeff'],
    ['objectGUID', `${'A'.repeat(21)}B==`],
    ['objectGUID', `${'A'.repeat(20)}*A==`],
    ['objectGUID', '*'],
  ]
  for (const [kind, value] of bad) {
    it(`refuse ${value} as ${kind}`, () => {
      assert.throws(() => keyFor(kind, value), { code: 'ERR_SSO_LOGIN_REFUSED' })
    })
  }

  it('are refused where the policy names no claim for them, in the policy already', () => {
    const verdict = verdictOf({ upn: 'S-1-5-21-1-2-3-1104' })
    assert.throws(() => loginFrom(verdict, 'sid'), { code: 'ERR_SSO_LOGIN_REFUSED' })
    assert.throws(() => issuerOf({ loginIdentities: ['sid'] }), /sid needs sidClaim/)
    assert.throws(() => issuerOf({ loginIdentities: ['objectGUID'] }), /objectGUIDClaim/)
  })
})

describe('kinds that the policy defines', () => {
  const row = (more: RawPolicy) => ({
    loginAttributes: [{ name: 'employee', claim: 'employee_id', ...more }],
  })

  it('are named by the app and take the claim of the policy', () => {
    const verdict = verdictOf({ employee_id: '0047' }, row({ attribute: 'employeeID' }))
    const { key, suffix } = loginFrom(verdict, 'employee')
    assert.ok(key.by === 'filter')
    assert.deepEqual([key.value, suffix, key.realms], ['0047', undefined, ['CORP.EXAMPLE']])
    assert.equal(key.template.source, '(employeeID={claim})')
  })

  it('are refused under any other name: the gateway defines none', () => {
    const verdict = verdictOf({ employee_id: '0047' }, row({ attribute: 'employeeID' }))
    for (const kind of ['Employee', 'employeeID', '__proto__', '(employeeID={claim})', '']) {
      assert.throws(() => loginFrom(verdict, kind), { code: 'ERR_SSO_LOGIN_REFUSED' })
    }
  })

  it('take no number: its leading zeros are gone', () => {
    const verdict = verdictOf({ employee_id: 47 }, row({ attribute: 'employeeID' }))
    assert.throws(() => loginFrom(verdict, 'employee'), { message: /not a text/ })
  })

  const faults: readonly (readonly [RawPolicy, RegExp])[] = [
    [{}, /give attribute, filter, or both/],
    [{ attribute: 'employee ID' }, /name of an LDAP attribute/],
    [{ filter: 'employeeID={claim}' }, /expected '\('/],
    [{ filter: '(employeeID=7)' }, /must ask for \{claim\}/],
    [{ attribute: 'employeeID', name: 'UserPrincipalName' }, /kinds that there are already/],
    [{ attribute: 'employeeID', name: 'a b' }, /letters, digits/],
    [{ attribute: 'employeeID', clam: 'x' }, /clam/],
  ]
  for (const [fields, message] of faults) {
    it(`are refused with ${JSON.stringify(fields)}`, () => {
      assert.throws(() => issuerOf(row(fields)), message)
    })
  }

  it('are refused when two have one name', () => {
    const [one] = row({ attribute: 'employeeID' }).loginAttributes
    assert.throws(() => issuerOf({ loginAttributes: [one, one] }), /the same name/)
  })
})

describe('names that only look alike', () => {
  it('are no suffix that the policy lists: the Kelvin sign is no k', () => {
    const row = { upnSuffixes: ['kontor.example'], realms: [] }
    const login = (upn: string) => loginFrom(verdictOf({ upn }, row), 'userPrincipalUsername').login
    assert.equal(login('alice@KONTOR.example'), 'alice@KONTOR.example')
    assert.throws(() => login('alice@\u212Aontor.example'), { code: 'ERR_SSO_LOGIN_REFUSED' })
    const { issuer } = verdictOf({}, row)
    const account = new FakeDirectory().add('kate', {
      userPrincipalName: 'kate@\u212Aontor.example',
    })
    assert.throws(
      () => {
        checkAccountOf(issuer, account, { suffix: undefined })
      },
      { code: 'ERR_SSO_LOGIN_REFUSED' },
    )
  })

  it('are no account that is kept', async () => {
    const search = new ScriptedSearch()
    // A server that compares loosely.
    search.people = [accountEntry({ name: 'kate', userPrincipalName: 'kate@corp.example' })]
    const directory = new AccountFinder(search, systemClock)
    const ports = { directory, clock: new ManualClock(), onRefused: () => undefined }
    const finder = new IdentityFinder(ports, resolveSsoLimits({}))
    const key = (name: string) =>
      loginFrom(verdictOf({ upn: `${name}@corp.example` }), 'userPrincipalName').key
    await finder.find(key('kate'))
    assert.ok(finder.known(key('KATE')))
    for (const name of ['\u212Aate', 'kate\u200B', '\uFF4Bate', 'kate ']) {
      assert.equal(finder.known(key(name)), undefined)
      await assert.rejects(finder.find(key(name)), { code: 'ERR_SSO_ACCOUNT_UNKNOWN' })
    }
  })
})

describe('checkAccountOf', () => {
  const account = (more: Partial<DirectoryAccount>): DirectoryAccount =>
    new FakeDirectory().add('alice', more)
  const check = (row: RawPolicy, found: DirectoryAccount, login: string): void => {
    const suffix = login.split('@')[1]
    checkAccountOf(issuerOf(row), found, { suffix })
  }

  it('limits by realm, letter case aside', () => {
    check({ realms: ['corp.example'] }, account({}), 'alice')
    assert.throws(
      () => {
        check({ realms: ['OTHER'] }, account({}), 'alice@corp.example')
      },
      { code: 'ERR_SSO_LOGIN_REFUSED' },
    )
  })

  it('limits by suffix where no realms are listed, also for logins without one', () => {
    const row = { realms: [], upnSuffixes: ['corp.example'] }
    check(row, account({}), 'alice')
    check(row, account({ userPrincipalName: 'x@other.example' }), 'alice@corp.example')
    const other = account({ userPrincipalName: 'alice@other.example' })
    assert.throws(
      () => {
        check(row, other, 'alice')
      },
      { code: 'ERR_SSO_LOGIN_REFUSED' },
    )
  })
})
