import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isAllowed } from '../../../src/gateway/authorise.ts'
import type { AllowRule } from '../../../src/gateway/index.ts'

const NAMES = { loginClaim: 'upn', groupsClaim: 'groups' }
const ALICE = {
  upn: 'Alice@Corp.Example',
  groups: ['staff', 'sales'],
  department: 'x',
  tags: ['t1'],
}

describe('isAllowed', () => {
  for (const [rule, claims, allowed] of [
    [{}, ALICE, false],
    [{ everyone: true }, {}, true],
    [{ users: ['alice@corp.example'] }, ALICE, true],
    [{ users: ['bob@corp.example'] }, ALICE, false],
    [{ users: ['kate@corp.example'] }, { upn: 'KATE@corp.example' }, true],
    [{ users: ['kate@corp.example'] }, { upn: '\u212Aate@corp.example' }, false],
    [{ users: [] }, ALICE, false],
    [{ users: [''] }, { upn: '' }, false],
    [{ users: ['alice@corp.example'] }, { upn: ['alice@corp.example'] }, false],
    [{ groups: ['staff'] }, ALICE, true],
    [{ groups: ['Staff'] }, ALICE, false],
    [{ groups: ['staff'] }, { groups: 'staff' }, true],
    [{ groups: ['staff'] }, {}, false],
    [{ groups: ['1'] }, { groups: [1] }, false],
    [{ claims: { department: ['y', 'x'] } }, ALICE, true],
    [{ claims: { department: ['x'], tags: ['t2'] } }, ALICE, false],
    [{ claims: { department: ['x'], tags: ['t1'] } }, ALICE, true],
    [{ claims: {} }, ALICE, false],
    [{ claims: { constructor: ['x'] } }, ALICE, false],
    [{ users: ['bob@corp.example'], groups: ['sales'] }, ALICE, true],
  ] as readonly [AllowRule, Record<string, unknown>, boolean][]) {
    it(`${allowed ? 'allows' : 'denies'} ${JSON.stringify(claims)} by ${JSON.stringify(rule)}`, () => {
      assert.equal(isAllowed(rule, claims, NAMES), allowed)
    })
  }
})
