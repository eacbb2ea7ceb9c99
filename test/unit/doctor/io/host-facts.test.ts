import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { ownUser } from '../../../../src/doctor/io/index.ts'

/** No system names it. */
const NAMELESS = 54_321
const FACTS = new URL('../../../../src/doctor/io/host-facts.ts', import.meta.url).href
const PRINT = `import { ownUser } from '${FACTS}'; console.log(JSON.stringify(ownUser()))`

describe('the user that doctor runs as', () => {
  it('has number and name', () => {
    const { uid, name } = ownUser()
    assert.equal(uid, process.getuid?.())
    assert.notEqual(name, '')
  })

  // As in a container that runs as an arbitrary number.
  it('is called by its number where it has no name', (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('only root becomes another user')
      return
    }
    const as = { uid: NAMELESS, gid: NAMELESS, encoding: 'utf8' } as const
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', PRINT], as)
    assert.deepEqual(
      stdout.trim(),
      JSON.stringify({ uid: NAMELESS, name: String(NAMELESS) }),
      stderr,
    )
  })
})
