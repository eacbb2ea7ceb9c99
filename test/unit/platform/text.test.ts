import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { columns, counted, printable, yamlWord } from '../../../src/platform/index.ts'

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
