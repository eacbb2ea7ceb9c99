import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import suiteTimes from '../../../.ci/suite-times.ts'

async function* events() {
  await Promise.resolve()
  const counts = { tests: 3 }
  const ended = (name: string, passed: boolean, nesting = 0) => {
    const details = { duration_ms: 400, passed }
    const file = resolve('test/short.test.ts')
    return { type: 'test:complete', data: { name, file, nesting, details } }
  }
  yield ended('a test in a file', true)
  yield ended('test/short.test.ts', true)
  yield ended(resolve('test/short.test.ts'), false)
  yield { type: 'test:pass', data: { name: 'one' } }
  yield { type: 'test:summary', data: { file: 'test/short.test.ts', duration_ms: 400, counts } }
  yield { type: 'test:summary', data: { file: 'test/long.test.ts', duration_ms: 61_040, counts } }
  yield { type: 'test:summary', data: { duration_ms: 61_200, counts } }
}

describe('the reporter of suites’ times', () => {
  it('prints each file as it ends, and all at the end, the longest first, with the total', async () => {
    let printed = ''
    for await (const chunk of suiteTimes(events())) printed += chunk
    const lines = printed.trim().split('\n')
    assert.deepEqual(
      lines.map((line) => line.trim()),
      [
        'test: done after 0.4 s: test/short.test.ts',
        'test: FAILED after 0.4 s: test/short.test.ts',
        '',
        'how long each suite took (tests in it):',
        '61.0 s  test/long.test.ts (3)',
        '0.4 s  test/short.test.ts (3)',
        '61.2 s  in all, 2 files side by side; one after the other 61.4 s',
      ],
    )
  })
})
