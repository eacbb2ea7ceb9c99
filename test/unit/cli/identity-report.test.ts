import assert from 'node:assert/strict'
import { it } from 'node:test'
import { identityText } from '../../../src/cli/identity-report.ts'
import { FakeDirectory } from '../../support/sso/world.ts'

it('a report of an identity holds no control character of the directory or of whoever asked', () => {
  const account = new FakeDirectory().add('bob', {
    userPrincipalName: 'bob\u001b[2J@branch.example\nS4U2Self         ceo@CORP.EXAMPLE',
  })
  const text = identityText({
    ...{ issuer: 'https://idp.example', kind: 'userPrincipalName', value: 'b\u0007ob' },
    ...{ claim: 'upn', key: "userPrincipalName 'b\u0007ob'", realms: [] },
    ...{ lookups: [], account, backends: [], kerberosName: 'bob@BRANCH.EXAMPLE' },
  })
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/)
  assert.deepEqual(text.match(/^S4U2Self .*$/gm), ['S4U2Self         bob@BRANCH.EXAMPLE'])
  assert.match(text, /\n {2}UPN {12}bob\?\[2J@branch\.example\?S4U2Self/)
})
