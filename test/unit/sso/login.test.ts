import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DirectoryAccount } from '../../../src/directory/index.ts'
import { checkAccountOf, loginFrom } from '../../../src/sso/login.ts'
import type { IssuerPolicy } from '../../../src/sso/policy.ts'
import type { Verdict } from '../../../src/sso/proof.ts'
import type { AppSettings } from '../../../src/tunnel/index.ts'
import { FakeDirectory, ISSUER, policyOf, type RawPolicy } from '../../support/sso/world.ts'

type Kind = AppSettings['delegatedLoginIdentity']

const KINDS: readonly Kind[] = [
  'userPrincipalName',
  'onPremisesUserPrincipalName',
  'userPrincipalUsername',
  'onPremisesUserPrincipalUsername',
  'onPremisesSAMAccountName',
]

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
  const kinds: readonly (readonly [Kind, string, string])[] = [
    ['userPrincipalName', 'userPrincipalName', 'Alice@Corp.example'],
    ['onPremisesUserPrincipalName', 'userPrincipalName', 'a.smith@corp.example'],
    ['userPrincipalUsername', 'sAMAccountName', 'Alice'],
    ['onPremisesUserPrincipalUsername', 'sAMAccountName', 'a.smith'],
    ['onPremisesSAMAccountName', 'sAMAccountName', 'asmith'],
  ]
  for (const [kind, by, value] of kinds) {
    it(`finds the account by ${kind}`, () => {
      assert.deepEqual(loginFrom(verdictOf(claims, separate), kind).key, { by, value })
    })
  }

  it('takes the login claim where no other is named', () => {
    const verdict = verdictOf({ upn: 'alice@corp.example' })
    assert.equal(loginFrom(verdict, 'onPremisesUserPrincipalUsername').key.value, 'alice')
  })

  const refusals: readonly (readonly [string, Verdict['claims'], Kind])[] = [
    ['no claim', {}, 'userPrincipalName'],
    ['a claim that is no text', { upn: ['alice@corp.example'] }, 'userPrincipalName'],
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
      },
    )
  })
})

describe('checkAccountOf', () => {
  const account = (more: Partial<DirectoryAccount>): DirectoryAccount =>
    new FakeDirectory().add('alice', more)
  const check = (row: RawPolicy, found: DirectoryAccount, login: string): void => {
    checkAccountOf(issuerOf(row), found, login)
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
