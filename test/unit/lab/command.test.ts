import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runScript, type ScriptRun } from '../../support/script-run.ts'

const lab = (...args: readonly string[]): ScriptRun => runScript('docker/lab.ts', ...args)

describe('the command line of the lab', () => {
  it('prints help where it is asked for', () => {
    for (const option of ['--help', '-h']) {
      const { status, stdout, stderr } = lab(option)
      assert.deepEqual([status, stderr], [0, ''])
      assert.match(stdout, /^usage: .*up\|down\|status\|env/)
    }
  })

  it('says what is wrong, and how it is used', () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /^lab: which command\?\nusage: /],
      [['upp'], /^lab: there is no command upp\nusage: /],
      [['up', '--instanse', '3'], /^lab: .*--instanse.*\nusage: /],
      [['up', '--instance', 'three'], /^lab: --instance .*1 to 250.*'three'\nusage: /],
      [['env', '--instance', '0'], /^lab: --instance /],
    ]
    for (const [args, expected] of wrong) {
      const { status, stdout, stderr } = lab(...args)
      assert.deepEqual([status, stdout], [2, ''], args.join(' '))
      assert.match(stderr, expected)
    }
  })
})
