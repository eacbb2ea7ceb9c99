import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fillExamples } from '../../support/examples-page.ts'

const ROOT = new URL('../../../', import.meta.url)
const PAGE = new URL('native-notes/kerberos-client.md', ROOT)
const EXAMPLES = 'test/examples'

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

describe('native-notes/kerberos-client.md', () => {
  it('shows the examples as they are run', () => {
    const { page } = fillExamples(readFileSync(PAGE, 'utf8'), read)
    if (process.env['UPDATE_PAGES'] === '1') writeFileSync(PAGE, page)
    assert.equal(readFileSync(PAGE, 'utf8'), page)
  })

  it('shows each of them once', () => {
    const files = readdirSync(new URL(EXAMPLES, ROOT)).map((name) => `${EXAMPLES}/${name}`)
    const { shown } = fillExamples(readFileSync(PAGE, 'utf8'), read)
    assert.deepEqual(shown.toSorted(), files.toSorted())
  })

  it('has each of them run by a test', () => {
    const tests = read('test/interop/examples.test.ts')
    for (const name of readdirSync(new URL(EXAMPLES, ROOT))) {
      if (name !== 'client.ts') assert.ok(tests.includes(`'${name}'`), name)
    }
  })
})
