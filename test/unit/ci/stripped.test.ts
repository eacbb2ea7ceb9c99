import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'

const HOOK = pathToFileURL(join(import.meta.dirname, '../../../.ci/stripped.js')).href

describe('types that are stripped once for all processes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-stripped-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })
  const program = join(folder, 'program.ts')
  const kept = join(folder, 'stripped')

  function run(): string {
    const env = { ...process.env, SALLYPORT_LAB_DIR: folder, NODE_V8_COVERAGE: undefined }
    const options = { encoding: 'utf8', env, stdio: 'pipe' } as const
    return execFileSync(process.execPath, ['--import', HOOK, program], options).trim()
  }
  const textOf = (): string => readFileSync(join(kept, readdirSync(kept)[0] ?? ''), 'utf8')

  it('are taken from there as long as the source is the same', () => {
    writeFileSync(program, "const word: string = 'first'\nconsole.log(word)\n")
    assert.equal(run(), 'first')
    assert.match(textOf(), /const word {9}= 'first'/)
    const file = join(kept, readdirSync(kept)[0] ?? '')
    writeFileSync(file, textOf().replace('first', 'kept'))
    assert.equal(run(), 'kept')
  })

  it('are stripped anew from an edited source, and the old text goes', () => {
    writeFileSync(program, "const word: string = 'second'\nconsole.log(word)\n")
    assert.equal(run(), 'second')
    assert.deepEqual([readdirSync(kept).length, textOf().includes("'second'")], [1, true])
  })
})
