import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { after, describe, it } from 'node:test'
import { together } from '../../../.ci/together.ts'

describe('suites that share a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-together-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })

  /** A suite that ends as it is told, and sees whether its own hook ran, once. */
  function suite(name: string, more: string): string {
    const path = join(folder, name)
    const hook =
      "let begun = 0\nbefore(() => { begun += 1 })\nit('began', () => { equal(begun, 1) })"
    const imports =
      "import { equal } from 'node:assert/strict'\nimport { before, it } from 'node:test'"
    writeFileSync(path, `${imports}\n${hook}\n${more}\n`)
    return relative('.', path)
  }

  function run(...suites: readonly string[]): { status: number | null; stdout: string } {
    const files = together(suites, join(folder, 'together'))
    const env = { ...process.env, NODE_V8_COVERAGE: undefined, NODE_TEST_CONTEXT: undefined }
    const args = ['--test', '--test-reporter=spec', ...files]
    return spawnSync(process.execPath, args, { encoding: 'utf8', env })
  }

  it('are grouped by folder, in the order given', () => {
    const files = ['matrix/m', 'unit/b/x', 'unit/a/y', 'unit/b/c/z'].map(
      (name) => `test/${name}.test.ts`,
    )
    const written = together(files, join(folder, 'together')).map((path) => basename(path))
    assert.deepEqual(
      written,
      ['00-matrix', '01-unit-b', '02-unit-a'].map((name) => `${name}.test.mjs`),
    )
  })

  it('keep their own hooks and all run', () => {
    const { status, stdout } = run(suite('one.test.mjs', ''), suite('two.test.mjs', ''))
    assert.deepEqual([status, stdout.match(/✔ began/g)?.length], [0, 2])
  })

  it('fail alone, by name, where one of them cannot be loaded or fails', () => {
    const broken = suite('broken.test.mjs', "throw new Error('cannot be loaded')")
    const failing = suite('failing.test.mjs', "it('fails', () => { equal(1, 2) })")
    const { status, stdout } = run(broken, failing, suite('good.test.mjs', ''))
    assert.equal(status, 1)
    assert.match(stdout, /✖ \S*broken\.test\.mjs/)
    assert.match(stdout, /✖ fails/)
    assert.match(stdout, /✔ \S*good\.test\.mjs/)
  })
})
