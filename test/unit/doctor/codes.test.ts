import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
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
})
