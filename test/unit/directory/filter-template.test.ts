import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AndFilter, EqualityFilter, FilterParser, OrFilter, type Filter } from 'ldapts'
import { FilterTemplate, FilterTemplateFault } from '../../../src/directory/index.ts'

const EMPLOYEE =
  '(&(objectClass=person)(|(employeeID={claim})(employeeNumber=e-{claim}))(!(cn=x*)))'

/** A filter without its values: what it asks, whoever is meant. */
function shapeOf(filter: Filter): unknown {
  if (filter instanceof AndFilter || filter instanceof OrFilter) {
    return [filter.constructor.name, ...filter.filters.map(shapeOf)]
  }
  if (filter instanceof EqualityFilter) return ['=', filter.attribute]
  return filter.toString()
}

function valuesOf(filter: Filter): readonly string[] {
  if (filter instanceof AndFilter || filter instanceof OrFilter) {
    return filter.filters.flatMap(valuesOf)
  }
  return filter instanceof EqualityFilter ? [String(filter.value)] : []
}

describe('FilterTemplate', () => {
  it('fills the value in, escaped', () => {
    const template = new FilterTemplate('(&(objectCategory=person)(employeeID={claim}))')
    assert.equal(template.fill('4711'), '(&(objectCategory=person)(employeeID=4711))')
    assert.equal(
      template.fill('*)(cn=*'),
      '(&(objectCategory=person)(employeeID=\\2a\\29\\28cn=\\2a))',
    )
    assert.deepEqual(template.attributes, ['employeeID'])
  })

  it('keeps its structure whatever the claim says', () => {
    const template = new FilterTemplate(EMPLOYEE)
    const shape = shapeOf(FilterParser.parseString(template.fill('x')))
    const nasty = fc.array(
      fc.constantFrom('*', '(', ')', '\\', '&', '|', '!', '=', '\u0000', '{claim}', 'cn', 'é', 'a'),
    )
    const value = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      nasty.map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(value, (claim) => {
        const filter = FilterParser.parseString(template.fill(claim))
        assert.deepEqual(shapeOf(filter), shape)
        assert.deepEqual(valuesOf(filter), ['person', claim, `e-${claim}`])
      }),
      { numRuns: 1000 },
    )
  })

  it('matches a claim with itself alone, whatever the two say', () => {
    const template = new FilterTemplate('(employeeID={claim})', { caseSensitive: true })
    fc.assert(
      fc.property(fc.string(), fc.string(), (held, claim) => {
        assert.equal(
          template.matches(claim, () => [held]),
          held === claim,
        )
      }),
    )
  })

  const faults: readonly (readonly [string, RegExp])[] = [
    ['', /expected '\('/],
    ['employeeID={claim}', /expected '\('/],
    ['(employeeID={claim}', /expected '\)'/],
    ['(employeeID={claim}))', /something follows/],
    ['(employeeID={claim}) ', /something follows/],
    ['(employeeID=47)', /every way to match/],
    ['(objectClass=*)', /every way to match/],
    ['(|(employeeID={claim})(cn=administrator))', /every way to match/],
    ['(!(employeeID={claim}))', /under '!'/],
    ['(&(employeeID={claim})(!(cn={claim})))', /under '!'/],
    ['(employeeID={claim}*)', /without '\*'/],
    ['(employeeID=*{claim})', /without '\*'/],
    ['(employeeID>={claim})', /with '=' alone/],
    ['(employeeID~={claim})', /with '=' alone/],
    ['(memberOf:1.2.840.113556.1.4.1941:={claim})', /with '=' alone/],
    ['({claim}=47)', /attribute=value/],
    ['(employeeID={claim}{claim})', /once in a value/],
    ['(employeeID={name})', /stand for nothing but/],
    ['(&)', /needs a filter/],
    ['(!(cn=a)(cn=b))', /expected '\)'/],
    ['(cn=a\\zz{claim})', /expected '\)'/],
    ['(cn=\\ff{claim})', /not UTF-8/],
    [`${'(&'.repeat(20)}(cn={claim})${')'.repeat(20)}`, /deeper than 16/],
    [`(cn=${'x'.repeat(2048)}{claim})`, /longer than 2048/],
  ]
  for (const [source, message] of faults) {
    it(`refuses ${source.slice(0, 60) || 'nothing'}`, () => {
      assert.throws(
        () => new FilterTemplate(source),
        (error) => {
          return error instanceof FilterTemplateFault && message.test(error.message)
        },
      )
    })
  }

  it('takes rules, presence and escaped letters where the claim is not', () => {
    const source =
      '(&(cn=M\\c3\\bcller*)(mail=*)(userAccountControl:1.2.840.113556.1.4.803:=512)(x={claim}))'
    assert.equal(
      new FilterTemplate(source).fill('a'),
      '(&(cn=Müller*)(mail=*)(userAccountControl:1.2.840.113556.1.4.803:=512)(x=a))',
    )
  })

  const rows = [
    { rules: {}, held: ['ab'], matches: true, what: 'letter case aside' },
    { rules: { caseSensitive: true }, held: ['ab'], matches: false, what: 'letter case counted' },
    { rules: { caseSensitive: true }, held: ['AB'], matches: true, what: 'the very value' },
    {
      rules: {},
      held: ['áb'],
      matches: false,
      what: 'another letter, which servers take for the same',
    },
    { rules: {}, held: ['x', 'AB'], matches: true, what: 'one of several values' },
    { rules: {}, held: [], matches: false, what: 'no value' },
    { rules: { attribute: 'other' }, held: ['AB'], matches: false, what: 'another attribute too' },
  ]
  for (const { rules, held, matches, what } of rows) {
    it(`compares the answer: ${what}`, () => {
      const template = new FilterTemplate('(employeeID={claim})', rules)
      const read = (name: string) => (name === 'employeeID' ? held : [])
      assert.equal(template.matches('AB', read), matches)
    })
  }

  it('compares the text around the claim as well', () => {
    const template = new FilterTemplate('(mail={claim}@corp.example)')
    assert.ok(template.matches('alice', () => ['Alice@corp.example']))
    assert.ok(!template.matches('alice', () => ['alice@other.example']))
  })

  it('is another than one that compares otherwise', () => {
    const source = '(employeeID={claim})'
    const rules = [{}, { caseSensitive: true }, { attribute: 'cn' }]
    const identities = rules.map((rule) => new FilterTemplate(source, rule).identity)
    assert.equal(new Set(identities).size, 3)
  })
})
