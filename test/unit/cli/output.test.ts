import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const CLI = join(import.meta.dirname, '..', '..', '..', 'src', 'cli')
const EVIL = 'no\u001b[2J\u009b31m\r\u0007\nsallyport: all is well'

/** A process of its own: what counts is what comes out of it. */
function printed(script: string): { stdout: string; stderr: string } {
  const imports = ['output', 'report'].map((name) => `import * as ${name} from '${CLI}/${name}.ts'`)
  const platform = `import { SallyportError } from '${join(CLI, '..', 'platform', 'index.ts')}'`
  const text = [...imports, platform, `const EVIL = ${JSON.stringify(EVIL)}`, script].join('\n')
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', text], {
    encoding: 'utf8',
  })
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  return { stdout, stderr }
}

describe('what is printed', () => {
  it('holds no control character of a peer, as text and as JSON', () => {
    const { stdout } = printed('output.say(EVIL + "\\n"); output.sayJson({ EVIL })')
    const [first, second, ...json] = stdout.split('\n')
    assert.deepEqual([first, second], ['no?[2J?31m??', 'sallyport: all is well'])
    assert.deepEqual(JSON.parse(json.join('\n')), { EVIL })
  })

  it('holds none in an error of ours nor in any other, and no line of a peer passes for ours', () => {
    for (const thrown of ["SallyportError('ERR_X', EVIL, { mend: EVIL })", 'Error(EVIL)']) {
      const { stderr } = printed(`report.reportError(new ${thrown})`)
      assert.match(stderr, /^sallyport: ERR_.*no\?\[2J\?31m\?\?\n {2}sallyport: all is well\n/)
      assert.deepEqual(stderr.match(/^\S.*$/gm)?.length, 1, stderr)
    }
  })

  it('goes through one module, in every command', () => {
    const direct = globSync('**/*.ts', { cwd: join(CLI, '..') }).filter((file) =>
      /process\.std(?:out|err)\.write|console\./.test(readFileSync(join(CLI, '..', file), 'utf8')),
    )
    assert.deepEqual(direct, [join('cli', 'output.ts')])
  })
})
