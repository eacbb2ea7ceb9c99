import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  formatResult,
  formatSummary,
  found,
  reportOf,
  type CheckResult,
} from '../../../src/doctor/index.ts'

const MENDS = [{ text: 'Do it.', powershell: 'Do-It\nDo-More', shell: 'do it' }]
const RESULTS: readonly CheckResult[] = [
  {
    id: 'a.one',
    title: 'one',
    subject: undefined,
    findings: [found('DOCTOR_FAULT', 'it \u001b[31mbroke\n', { subject: 'x', mends: MENDS })],
  },
  {
    id: 'a.two',
    title: 'two',
    subject: undefined,
    findings: [found('DOCTOR_NOT_APPLICABLE', 'nothing to see')],
  },
]

describe('the report', () => {
  it('is one object for machines', () => {
    assert.deepEqual(reportOf(RESULTS), {
      ok: false,
      findings: [
        {
          check: 'a.one',
          outcome: 'fail',
          code: 'DOCTOR_FAULT',
          message: 'it \u001b[31mbroke\n',
          subject: 'x',
          mends: MENDS,
        },
        {
          check: 'a.two',
          outcome: 'skip',
          code: 'DOCTOR_NOT_APPLICABLE',
          message: 'nothing to see',
          mends: [],
        },
      ],
      counts: { pass: 0, warn: 0, fail: 1, skip: 1 },
    })
    assert.equal(reportOf([]).ok, true)
  })

  it('has a sign, the code and the mends for people, no control characters, and not what does not apply', () => {
    assert.equal(
      RESULTS.map(formatResult).join('\n'),
      [
        '✗ x: it ?[31mbroke? [DOCTOR_FAULT]',
        '    mend: Do it.',
        '      PowerShell: Do-It',
        '      PowerShell: Do-More',
        '      run: do it',
        '',
      ].join('\n'),
    )
  })

  const line = (message: string, subject: string): string => {
    const findings = [found('DOCTOR_FILE_GOOD', message, { subject })]
    return formatResult({ id: 'a.one', title: 'one', subject: undefined, findings })
  }
  it('names what a finding is about once, and always', () => {
    assert.equal(line('there is no key at /s/key', '/s/key'), '✓ there is no key at /s/key')
    assert.equal(line('svc-iwa is disabled', 'svc-iwa'), '✓ svc-iwa is disabled')
    assert.equal(line('may not delegate to (HTTP/x)', 'HTTP/x'), '✓ may not delegate to (HTTP/x)')
    assert.equal(line('iwa.corp.example answers', 'iwa'), '✓ iwa: iwa.corp.example answers')
    assert.equal(line('at http://iwa/', 'iwa'), '✓ iwa: at http://iwa/')
    assert.equal(line('svc-iwa holds HTTP/iwa', 'iwa'), '✓ iwa: svc-iwa holds HTTP/iwa')
  })

  it('repeats no mend for what was not checked', () => {
    const findings = [found('DOCTOR_SKIPPED', 'it needs a.one, which failed')]
    assert.ok(findings.every(({ mends }) => mends.length > 0))
    assert.equal(
      formatResult({ id: 'a.two', title: 'two', subject: undefined, findings }),
      '– two: it needs a.one, which failed [DOCTOR_SKIPPED]',
    )
  })

  it('is summed up in one line', () => {
    assert.equal(
      formatSummary(reportOf(RESULTS)),
      'something is broken: 0 passed, 0 warned, 1 failed, 1 not checked',
    )
    assert.match(formatSummary(reportOf([])), /^all is well/)
  })
})
