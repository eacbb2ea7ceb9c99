import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { foldName, sameName } from '../../../src/platform/index.ts'

describe('names', () => {
  it('are compared by letter case only', () => {
    for (const [left, right] of [
      ['Alice', 'aLICE'],
      ['ÅSA', 'åsa'],
      ['ΝΊΚΟΣ', 'νίκος'],
      ['ДМИТРИЙ', 'дмитрий'],
    ] as const) {
      assert.ok(sameName(left, right), left)
      assert.equal(foldName(left), foldName(right))
    }
  })

  const others = {
    'an accent': ['alice', 'álice'],
    'a space after it': ['alice', 'alice '],
    'the Kelvin sign': ['kate', '\u212Aate'],
    'the Angstrom sign': ['åsa', '\u212Bsa'],
    'the Ohm sign': ['ωμέγα', '\u2126μέγα'],
    'a dotless i': ['ALICE', 'al\u0131ce'],
    'a dotted I': ['alice', 'al\u0130ce'],
    'a long s': ['susan', '\u017Fusan'],
    'a sharp s': ['strasse', 'straße'],
    'a wide letter (NFKC)': ['alice', '\uFF41lice'],
    'a ligature (NFKC)': ['fiona', '\uFB01ona'],
    'an accent of its own (NFD)': ['ren\u00E9', 'rene\u0301'],
    'a soft hyphen': ['alice', 'al\u00ADice'],
    'nothing visible': ['alice', 'alice\u200B'],
    'a letter of another script': ['alice', '\u0430lice'],
  } as const
  for (const [what, [left, right]] of Object.entries(others)) {
    it(`are other names with ${what}`, () => {
      assert.ok(!sameName(left, right))
      assert.ok(!sameName(right, left))
      assert.notEqual(foldName(left), foldName(right))
    })
  }

  it('fold small letters and capitals together, and nothing else', () => {
    const byFold = new Map<string, string[]>()
    for (let point = 0; point <= 0x10ffff; point += 1) {
      const character = String.fromCodePoint(point)
      const [small, large] = [character.toLowerCase(), character.toUpperCase()]
      if (small === large || !character.isWellFormed()) continue
      byFold.set(foldName(character), [...(byFold.get(foldName(character)) ?? []), character])
    }
    assert.ok(byFold.size > 1000)
    // Four digraphs have a third form, a capital with a small letter.
    const digraphs = [...byFold.values()].filter(({ length }) => length > 2)
    assert.deepEqual(digraphs.map(([capital]) => capital).sort(), ['Ǆ', 'Ǉ', 'Ǌ', 'Ǳ'])
    const caseOf = (one: string, other: string) =>
      [one, one.toLowerCase(), one.toUpperCase()].includes(other)
    for (const [first = '', ...others] of byFold.values()) {
      assert.ok(
        others.every((other) => caseOf(first, other) || caseOf(other, first)),
        first,
      )
    }
  })
})
