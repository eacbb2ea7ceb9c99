import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  formatPrincipal,
  parsePrincipal,
  sameName,
  sameNameIgnoringCase,
} from '../../../../src/kerberos/messages/index.ts'

describe('a principal name as text', () => {
  const cases: readonly (readonly [string, string[], string | undefined])[] = [
    ['alice', ['alice'], undefined],
    ['CONN1$@CORP.EXAMPLE', ['CONN1$'], 'CORP.EXAMPLE'],
    ['HTTP/iwa.corp.example', ['HTTP', 'iwa.corp.example'], undefined],
    ['robert\\@contoso.test@CORP.EXAMPLE', ['robert@contoso.test'], 'CORP.EXAMPLE'],
    ['a\\/b/c\\\\d', ['a/b', 'c\\d'], undefined],
    ['tab\\tbreak\\nback\\b', ['tab\tbreak\nback\b'], undefined],
  ]
  for (const [text, nameString, realm] of cases) {
    it(`reads and writes ${text}`, () => {
      const parsed = parsePrincipal(text)
      assert.deepEqual(parsed, {
        principal: { nameType: nameString.length > 1 ? 2 : 1, nameString },
        realm,
      })
      assert.equal(formatPrincipal(parsed.principal, parsed.realm), text)
    })
  }

  for (const text of [
    '',
    '@',
    'a@',
    '@R',
    'a//b',
    '/a',
    'a/',
    'a@b@c',
    'a\\',
    'a\\0b',
    'a\0b',
    'a@R\\',
    'a'.repeat(8193),
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => parsePrincipal(text), { code: 'ERR_KRB_PRINCIPAL' })
    })
  }

  it('comes back from any components', () => {
    const part = fc.string({ minLength: 1 }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), part, (nameString, realm) => {
        const text = formatPrincipal({ nameType: 0, nameString }, realm.replaceAll('/', ''))
        if (realm.replaceAll('/', '') === '') return
        assert.deepEqual(parsePrincipal(text).principal.nameString, nameString)
      }),
    )
  })
})

describe('names', () => {
  const name = (...nameString: string[]) => ({ nameType: 1, nameString })

  it('are compared by components alone', () => {
    assert.equal(sameName(name('a', 'b'), { nameType: 2, nameString: ['a', 'b'] }), true)
    assert.equal(sameName(name('a', 'b'), name('a/b')), false)
    assert.equal(sameName(name('a'), name('A')), false)
    assert.equal(sameNameIgnoringCase(name('a', 'x'), name('A', 'X')), true)
    assert.equal(sameNameIgnoringCase(name('a'), name('a', 'x')), false)
    assert.equal(sameNameIgnoringCase(name('a'), name('b')), false)
    // The Kelvin sign, whose small letter is k.
    assert.equal(sameNameIgnoringCase(name('kate'), name('\u212Aate')), false)
  })
})
