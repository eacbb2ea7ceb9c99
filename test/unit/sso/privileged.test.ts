import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { DirectoryAccount } from '../../../src/directory/index.ts'
import {
  PRIVILEGED_ACCOUNTS,
  PRIVILEGED_GROUPS,
  PRIVILEGED_NAMES,
} from '../../../src/sso/privileged-groups.ts'
import { impersonationRule, type ImpersonationSettings } from '../../../src/sso/privileged.ts'

const DOMAIN = 'S-1-5-21-1-2-3'

function account(more: Partial<DirectoryAccount> = {}): DirectoryAccount {
  return {
    distinguishedName: 'CN=alice,DC=corp,DC=example',
    sAMAccountName: 'alice',
    sid: `${DOMAIN}-1100`,
    realm: 'CORP.EXAMPLE',
    enabled: true,
    sensitive: false,
    protectedUser: false,
    memberOf: [`${DOMAIN}-513`, 'Domain Users'],
    ...more,
  }
}

function refusalOf(
  settings: Partial<ImpersonationSettings>,
  who: DirectoryAccount,
  groupSids?: readonly string[],
): string | undefined {
  const rule = impersonationRule({ users: [], groups: [], allowPrivileged: false, ...settings })
  try {
    rule({ account: who, groupSids })
    return undefined
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ERR_SSO_NEVER_IMPERSONATE')
    return (error as Error).message
  }
}

/** Of the account's own domain. */
const wholeSid = (sid: string, domain = DOMAIN) => (sid.startsWith('S-') ? sid : `${domain}-${sid}`)

describe('impersonationRule', () => {
  for (const { sid, name } of PRIVILEGED_GROUPS) {
    it(`refuses members of ${name}, by directory, PAC and in a foreign domain, and names the group`, () => {
      const foreign = wholeSid(sid, 'S-1-5-21-7-8-9')
      for (const found of [
        refusalOf({}, account({ memberOf: [`${DOMAIN}-513`, wholeSid(sid)] })),
        refusalOf({}, account(), [wholeSid(sid)]),
        refusalOf({}, account({ memberOf: [foreign] })),
        refusalOf({}, account(), [foreign]),
      ])
        assert.match(found ?? 'acted for', new RegExp(name))
    })
  }

  for (const { sid, name } of PRIVILEGED_ACCOUNTS) {
    it(`refuses ${name} without any group, whatever it is called`, () => {
      const renamed = account({ sid: wholeSid(sid), sAMAccountName: 'boss' })
      assert.match(refusalOf({}, renamed) ?? 'acted for', new RegExp(name))
      assert.equal(refusalOf({ allowPrivileged: true }, renamed), undefined)
    })
  }

  for (const name of PRIVILEGED_NAMES) {
    it(`refuses members of ${name}, whose number differs from domain to domain`, () => {
      const member = account({ memberOf: [`${DOMAIN}-1101`, name] })
      assert.match(refusalOf({}, member) ?? 'acted for', new RegExp(name))
    })
  }

  it('takes a relative id for what it is in domains alone', () => {
    const elsewhere = account({ memberOf: ['S-1-5-32-512', 'S-1-5-80-512', 'S-1-16-512', '512'] })
    assert.equal(refusalOf({}, elsewhere), undefined)
  })

  it('lets a row allow one privileged group, and no other', () => {
    const print = 'S-1-5-32-550'
    const settings = { allowPrivileged: ['print operators'] }
    assert.equal(refusalOf(settings, account({ memberOf: [print] }), [print]), undefined)
    const both = account({ memberOf: [print, `${DOMAIN}-512`] })
    assert.match(refusalOf(settings, both) ?? 'acted for', /Domain Admins/)
  })

  it('refuses whoever a row names even where privileged accounts are allowed', () => {
    const settings = { allowPrivileged: true, groups: ['Domain Admins'], users: [] }
    assert.ok(refusalOf(settings, account({ memberOf: [`${DOMAIN}-512`] })))
  })

  it('is not swayed by the order or number of other groups', () => {
    const others = fc.array(fc.integer({ min: 1100, max: 99_999 }).map((rid) => `${DOMAIN}-${rid}`))
    const privileged = fc.constantFrom(...PRIVILEGED_GROUPS.map(({ sid }) => wholeSid(sid)))
    fc.assert(
      fc.property(others, privileged, others, (before, sid, after) => {
        const sids = [...before, sid, ...after]
        assert.ok(refusalOf({}, account(), sids))
        assert.ok(refusalOf({}, account({ memberOf: sids })))
        assert.equal(refusalOf({}, account({ memberOf: before }), after), undefined)
      }),
    )
  })
})
