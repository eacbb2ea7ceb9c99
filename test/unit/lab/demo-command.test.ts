import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runScript, type ScriptRun } from '../../support/script-run.ts'

const demo = (...args: readonly string[]): ScriptRun => runScript('docker/demo.ts', ...args)

describe('the command line of the demo', () => {
  it('prints help where it is asked for', () => {
    const { status, stdout, stderr } = demo('--help')
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^npm run demo /)
  })

  it('says what is wrong, without a stack, and how it is used', () => {
    for (const [args, expected] of [
      [['--onec'], /^demo: .*--onec/],
      [['--port', 'many'], /^demo: --port .*1 to 65535.*'many'/],
      [['--port', '70000'], /^demo: --port /],
      [['now'], /^demo: .*now/],
    ] as const) {
      const { status, stdout, stderr } = demo(...args)
      assert.deepEqual([status, stdout], [2, ''], args.join(' '))
      assert.match(stderr, expected)
      assert.match(stderr, /\nnpm run demo /)
      assert.doesNotMatch(stderr, /\n {4}at /)
    }
  })
})
