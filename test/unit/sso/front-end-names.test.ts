import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { groupNamesOf, loginNameOf } from '../../../src/sso/front-end-names.ts'

const OWN = 'CORP.EXAMPLE'

describe('what a user who signed in with Kerberos is called', () => {
  const account = (realm: string, userPrincipalName?: string) => ({
    ...{ sAMAccountName: 'alice', realm },
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    memberOf: ['S-1-5-21-1-2-3-513', 'staff', 'CN=staff,CN=Users,DC=corp,DC=example'],
  })

  const logins: readonly (readonly [string, string, string | undefined, string])[] = [
    ['our own, whatever its suffix', OWN, 'alice@brand.test', 'alice@brand.test'],
    ['our own without a login name', OWN, undefined, 'alice@CORP.EXAMPLE'],
    ['another realm’s by its own suffix', 'OTHER.TEST', 'alice@other.test', 'alice@other.test'],
    ['a child’s by its parent’s', 'EU.CORP.EXAMPLE', 'alice@corp.example', 'alice@corp.example'],
    ['another realm’s that takes ours', 'OTHER.TEST', 'ceo@corp.example', 'alice@OTHER.TEST'],
    ['another’s that ends like it', 'OTHER.TEST', 'ceo@ther.test', 'alice@OTHER.TEST'],
    ['another’s by a look-alike', 'KIOSK.TEST', 'ceo@\u212Aiosk.test', 'alice@KIOSK.TEST'],
    ['another’s that takes a whole top-level domain', 'OTHER.TEST', 'ceo@test', 'alice@OTHER.TEST'],
    ['another’s with two signs', 'OTHER.TEST', 'ceo@corp.example@x', 'alice@OTHER.TEST'],
    ['another’s without a sign', 'OTHER.TEST', 'ceo', 'alice@OTHER.TEST'],
    ['another’s without a login name', 'OTHER.TEST', undefined, 'alice@OTHER.TEST'],
  ]
  for (const [what, realm, userPrincipalName, expected] of logins) {
    it(`is the login name of ${what}: ${expected}`, () => {
      assert.equal(loginNameOf(account(realm, userPrincipalName), OWN), expected)
    })
  }

  it('has plain groups of our own realm, and no other’s under such a name', () => {
    assert.deepEqual(groupNamesOf(account('corp.example'), OWN), ['staff'])
    assert.deepEqual(groupNamesOf(account('OTHER.TEST'), OWN), ['staff@OTHER.TEST'])
  })
})
