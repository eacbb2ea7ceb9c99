import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { columns, counted, printable } from '../../../src/platform/index.ts'

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
