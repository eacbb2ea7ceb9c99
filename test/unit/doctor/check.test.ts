import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { found } from '../../../src/doctor/check.ts'
import { DOCTOR_CODES } from '../../../src/doctor/index.ts'

describe('a finding', () => {
  it('has the mend of its code where the check names none', () => {
    const { outcome, mends } = found('DOCTOR_PORT_CLOSED', 'dc1:88 does not answer')
    assert.equal(outcome, 'fail')
    assert.deepEqual(mends, [{ text: DOCTOR_CODES.DOCTOR_PORT_CLOSED.mend }])
  })

  it('has those that the check names, and no others', () => {
    const mends = [{ text: 'Start dc1.' }]
    assert.deepEqual(found('DOCTOR_PORT_CLOSED', 'dc1 is off', { mends }).mends, mends)
  })

  it('has none where nothing is to be mended', () => {
    assert.deepEqual(found('DOCTOR_PORT_OPEN', 'dc1:88 answers').mends, [])
  })
})
