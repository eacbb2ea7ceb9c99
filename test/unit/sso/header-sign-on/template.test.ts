import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HeaderTemplate, TemplateFault } from '../../../../src/sso/header-sign-on/template.ts'
import { FakeDirectory } from '../../../support/sso/world.ts'

const account = new FakeDirectory().add('Alice')
const CLAIMS = {
  upn: 'alice@corp.example',
  groups: ['staff', 'sales'],
  admin: false,
  level: 3,
  empty: '',
  address: { street: 'x' },
}

function filled(source: string, claims: Record<string, unknown> = CLAIMS): string | undefined {
  return new HeaderTemplate(source).fill({ claims, account }, ';')
}

describe('HeaderTemplate', () => {
  const good: readonly (readonly [string, string | undefined])[] = [
    ['{upn}', 'alice@corp.example'],
    ['user={upn|localPart}, {{level}} {level}', 'user=alice, {level} 3'],
    ['{upn|upper}', 'ALICE@CORP.EXAMPLE'],
    ['{groups}', 'staff;sales'],
    ['{admin}', 'false'],
    ['CORP\\{account.sAMAccountName|lower}', 'CORP\\alice'],
    ['{account.sid}', account.sid],
    ['{department?}', undefined],
    ['{upn} {department?}', undefined],
    ['{empty?}', undefined],
  ]
  for (const [source, text] of good) {
    it(`fills in ${source}`, () => {
      assert.equal(filled(source), text)
    })
  }

  it('reads claims whose names are addresses', () => {
    const claim = 'http://schemas.example/claims/upn'
    assert.equal(filled(`{${claim}}`, { [claim]: 'alice' }), 'alice')
  })

  const unfit: readonly (readonly [string, RegExp])[] = [
    ['{department}', /department is not there/],
    ['{empty}', /empty is not there/],
    ['{address}', /address is neither text nor a list/],
    ['{toString}', /toString is not there/],
    ['{account.userPrincipalName}x{constructor}', /constructor is not there/],
  ]
  for (const [source, reason] of unfit) {
    it(`refuses ${source} for these claims`, () => {
      assert.throws(() => filled(source), reason)
    })
  }

  it('refuses a list with a value that holds the separator', () => {
    assert.throws(() => filled('{groups}', { groups: ['a;b', 'c'] }), /groups holds the separator/)
    assert.equal(filled('{groups}', { groups: ['a;b'] }), 'a;b')
  })

  for (const source of [
    '',
    'constant',
    '{',
    '}',
    '{}',
    '{a|b}',
    '{account.password}',
    '{x}\r\n',
    '{a{b}}',
  ]) {
    it(`is not made of ${JSON.stringify(source)}`, () => {
      assert.throws(() => new HeaderTemplate(source), TemplateFault)
    })
  }

  it('never yields an octet that ends a field, whatever the claims are', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })))
    const seen = { filled: 0 }
    fc.assert(
      fc.property(value, (claim) => {
        try {
          const text = filled('{claim?}', { claim }) ?? ''
          seen.filled += 1
          const octets = Buffer.from(text, 'utf8')
          assert.ok(octets.every((octet) => octet >= 0x20 && octet !== 0x7f))
        } catch (error) {
          assert.ok(error instanceof TemplateFault)
        }
      }),
    )
    assert.ok(seen.filled > 0)
  })
})
