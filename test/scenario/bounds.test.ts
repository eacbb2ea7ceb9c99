/**
 * Everything is bounded by a named setting (design, invariant 8): each of them is gone beyond, here or in the suite that
 * ../support/bounds/suites.ts names for it. A new limit without either fails this test.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { BROWSER_DRIVES } from '../support/bounds/drive-browser.ts'
import type { Drive } from '../support/bounds/drive.ts'
import { ROOM_DRIVES } from '../support/bounds/drive-rooms.ts'
import { WAY_DRIVES } from '../support/bounds/drive-ways.ts'
import { namedLimits } from '../support/bounds/named-limits.ts'
import { SUITES } from '../support/bounds/suites.ts'

const BROWSER = 'gateway.browser.limits.'
const DRIVES: ReadonlyMap<string, Drive> = new Map([
  ...Object.entries(BROWSER_DRIVES).map(([name, drive]) => [BROWSER + name, drive] as const),
  ...Object.entries(ROOM_DRIVES),
  ...Object.entries(WAY_DRIVES),
])

describe('every limit', () => {
  const names = namedLimits()

  it('is found in schemas and tables', () => {
    for (const name of ['gateway.browser.limits.connections', 'connector.sso.kdcQueue']) {
      assert.ok(names.includes(name), name)
    }
    assert.ok(names.length > 100, `${names.length} limits`)
  })

  it('is driven here, or by a suite that is about it', () => {
    const proven = [...DRIVES.keys(), ...Object.keys(SUITES)]
    assert.deepEqual(
      proven.toSorted(),
      names.toSorted(),
      'a limit that nothing proves, or no limit',
    )
    for (const [name, [file, words]] of Object.entries(SUITES)) {
      const suite = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
      assert.ok(suite.includes(words), `${file} has no “${words}”, which proves ${name}`)
    }
  })
})

// Two of them wait for the five seconds after which node:http looks at its connections.
describe('ten times beyond', { concurrency: true }, () => {
  for (const [name, drive] of DRIVES) {
    it(`${name}: it holds, and others go on`, drive)
  }
})
