import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccountKey, DirectoryAccount } from '../../../src/directory/index.ts'
import { checkStanding } from '../../../src/sso/account-standing.ts'
import { createStage } from '../../support/sso/stage.ts'
import { isNamed, isRefusalOf } from '../../../src/sso/named-user.ts'

const SID = 'S-1-5-21-1-2-3-1104'
const ALICE: DirectoryAccount = {
  distinguishedName: 'CN=Alice,DC=corp,DC=example',
  sAMAccountName: 'alice',
  userPrincipalName: 'a.liddell@corp.example',
  ...{ sid: SID, realm: 'CORP.EXAMPLE', enabled: true },
  ...{ sensitive: false, protectedUser: false, memberOf: [] },
}

describe('whom an administrator means', () => {
  it('is an account by any of its names, letter case aside', () => {
    for (const name of [
      'ALICE',
      'A.Liddell@corp.example',
      'alice@CORP.EXAMPLE',
      SID.toLowerCase(),
    ]) {
      assert.ok(isNamed(ALICE, name), name)
    }
    for (const name of ['alic', 'alice@branch.example', 'a.liddell', 'bob', '']) {
      assert.ok(!isNamed(ALICE, name), name)
    }
    assert.ok(!isNamed({ ...ALICE, sAMAccountName: 'kate' }, '\u212Aate'), 'a Kelvin sign')
  })

  const upn: AccountKey = { by: 'userPrincipalName', value: 'ghost@corp.example' }
  const unknown = new Error('no such account')
  const cases: readonly (readonly [AccountKey, string, boolean])[] = [
    [upn, 'Ghost@CORP.example', true],
    [upn, 'ghost', true],
    [upn, 'ghost@other.example', false],
    [upn, 'ghos', false],
    [upn, 'phantom@corp.example', false],
    [{ by: 'sAMAccountName', value: 'ghost' }, 'ghost@corp.example', true],
    [{ by: 'sAMAccountName', value: 'ghost' }, 'ghosts@corp.example', false],
    [{ by: 'sAMAccountName', value: 'kate' }, '\u212Aate@corp.example', false],
    [{ by: 'sid', value: SID }, SID, true],
    [{ by: 'sid', value: SID }, `${SID}0`, false],
  ]
  for (const [key, user, meant] of cases) {
    it(`${meant ? 'is' : 'is not'} the refused login ${key.value} by ${user}`, () => {
      assert.equal(isRefusalOf(key, unknown, user), meant)
    })
  }

  it('is a refused account by its names, whatever the login was', () => {
    const key: AccountKey = { by: 'objectGUID', value: '01020304-0506-0708-090a-0b0c0d0e0f10' }
    let refusal: unknown
    try {
      checkStanding({ ...ALICE, enabled: false }, 0)
    } catch (error) {
      refusal = error
    }
    assert.ok(isRefusalOf(key, refusal, 'alice') && isRefusalOf(key, refusal, SID))
    assert.ok(!isRefusalOf(key, refusal, 'bob'))
    assert.ok(!isRefusalOf(key, unknown, 'alice'))
  })
})

describe('a flush of one user', () => {
  it('forgets the directory’s refusals of that user alone', async (t) => {
    const stage = await createStage()
    t.after(() => stage.close())
    const names = ['ghost', 'phantom'] as const
    const proofs = await Promise.all(names.map((name) => stage.proof(name, { exp: 4_000_000_000 })))
    /** Both ask; how often the directory was asked by then. */
    const lookups = async (): Promise<number> => {
      for (const proof of proofs) {
        assert.equal((await stage.ask({ proof })).code, 'ERR_SSO_ACCOUNT_UNKNOWN')
      }
      return stage.directory.lookups
    }
    assert.equal(await lookups(), 2)
    assert.equal(stage.pipeline.flush({ user: 'GHOST@corp.example' }).directoryRefusals, 1)
    assert.equal(await lookups(), 3)
    stage.pipeline.flush({ servicePrincipalName: 'HTTP/iwa.corp.example' })
    assert.equal(await lookups(), 3)
    stage.pipeline.flush({})
    assert.equal(await lookups(), 5)
  })
})
