import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CODE_AREAS, DOCTOR_CODES } from '../../../src/doctor/index.ts'
import { doctorPage } from '../../support/doctor-page.ts'

const PAGE = new URL('../../../native-notes/doctor.md', import.meta.url)

describe('the catalogue of codes', () => {
  it('is what native-notes/doctor.md says', () => {
    const page = doctorPage()
    if (process.env['UPDATE_PAGES'] === '1') writeFileSync(PAGE, page)
    assert.equal(readFileSync(PAGE, 'utf8'), page)
  })

  it('has each code once, with a meaning, and a mend where something is broken', () => {
    const all = CODE_AREAS.flatMap(({ codes }) => Object.keys(codes))
    assert.equal(new Set(all).size, all.length)
    for (const [code, { outcome, means, mend }] of Object.entries(DOCTOR_CODES)) {
      assert.match(code, /^DOCTOR_[A-Z0-9_]+$/)
      assert.match(means, /^[A-Z].*\.$/s, code)
      if (outcome === 'fail') assert.ok(mend, `${code} says no mend`)
    }
  })

  it('has no code that no test expects', () => {
    const root = join(import.meta.dirname, '../..')
    const tests = globSync('{unit,interop,matrix,scenario}/**/*.ts', { cwd: root })
    const text = tests.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
    // Some tests write codes without their common beginning.
    const expected = new Set(text.match(/(?<=DOCTOR_|['"`])[A-Z][A-Z0-9_]+/g))
    const forgotten = Object.keys(DOCTOR_CODES).filter(
      (code) => !expected.has(code) && !expected.has(code.replace('DOCTOR_', '')),
    )
    assert.deepEqual(forgotten, [])
  })
})
