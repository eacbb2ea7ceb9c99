import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')

it('a standard input that cannot be read is told in words, and not with a stack', () => {
  const folder = openSync(import.meta.dirname, 'r')
  const { status, stderr } = spawnSync(
    process.execPath,
    [MAIN, 'connector', 'register', '--state', '/nowhere', '--token-file', '-'],
    { encoding: 'utf8', stdio: [folder, 'pipe', 'pipe'] },
  )
  closeSync(folder)
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^sallyport: ERR_CLI_FILE: cannot read the registration token from standard input: .+\n {2}mend: .+\n$/,
  )
})
