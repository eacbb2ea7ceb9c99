import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import {
  columns,
  counted,
  jsonText,
  printable,
  printableLines,
  yamlWord,
} from '../../../src/platform/index.ts'

describe('counted', () => {
  it('makes one of a noun singular, and every other number plural', () => {
    assert.deepEqual(
      [0, 1, 2].map((count) => counted(count, 'domain controller')),
      ['0 domain controllers', '1 domain controller', '2 domain controllers'],
    )
    assert.equal(counted(3, 'entry', 'entries'), '3 entries')
  })
})

describe('printable', () => {
  it('lets no control character through', () => {
    assert.equal(printable('a\u001b[31m\r\nb\u0085ü'), 'a?[31m??b?ü')
    assert.equal(printable('moc\u202e.evil\u2028x'), 'moc?.evil?x')
  })
})

describe('printableLines', () => {
  it('keeps line feeds, and lets no other control character through', () => {
    assert.equal(printableLines('a\u009b1m\r\n\tb\n'), 'a?1m?\n?b\n')
  })
})

describe('jsonText', () => {
  it('holds no control character but line feeds, and the same value', () => {
    fc.assert(
      fc.property(fc.anything({ values: [fc.string({ unit: 'binary' })] }), (thing) => {
        const value: unknown = JSON.parse(JSON.stringify([thing, '\u007f\u0080\u009f\u001b\u202e']))
        const text = jsonText(value)
        // eslint-disable-next-line no-control-regex -- they are what is looked for
        assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
        assert.deepEqual(JSON.parse(text), value)
      }),
    )
  })
})

describe('columns', () => {
  it('sets cells below each other, and leaves no spaces at the end', () => {
    assert.deepEqual(
      columns([
        ['a', 'bb', 'c'],
        ['aaa', 'b', ''],
      ]),
      ['a    bb  c', 'aaa  b'],
    )
    assert.deepEqual(columns([]), [])
  })
})

describe('yamlWord', () => {
  it('writes a value that is read as this very text, wherever it stands in a line', () => {
    for (const bare of [
      'HTTP/iwa.corp.example',
      'https://idp.example',
      'CONN1$',
      'a.example:8443',
    ]) {
      assert.equal(yamlWord(bare), bare)
    }
    const strange = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'true',
        'null',
        '0123',
        '1e3',
        'a: b',
        'a #b',
        'a, b: c',
        'x\ny: z',
        'a:',
        '-',
        '~',
      ),
    )
    fc.assert(
      fc.property(strange, (text) => {
        const line = `{ first: ${yamlWord(text)}, last: 1 }   # ${yamlWord(text)}`
        assert.deepEqual(parse(line), { first: text, last: 1 })
        assert.deepEqual(parse(`only: ${yamlWord(text)}   # comment`), { only: text })
      }),
    )
  })
})
