/**
 * What came of a run, for people and for machines.
 *
 * @module
 */

import { printable } from '../platform/index.ts'
import type { Finding, Mend, Outcome } from './check.ts'
import type { CheckResult } from './runner.ts'

/** A finding with the check that made it. */
export interface ReportedFinding extends Finding {
  /** Id of the check. */
  readonly check: string
}

/** The whole report, as `--json` prints it. */
export interface DoctorReport {
  /** No finding failed. */
  readonly ok: boolean
  readonly findings: readonly ReportedFinding[]
  readonly counts: Readonly<Record<Outcome, number>>
}

/**
 * Sums a run up.
 *
 * @param results - What came of each check.
 * @returns The report.
 */
export function reportOf(results: readonly CheckResult[]): DoctorReport {
  const findings = results.flatMap(({ id, findings }) =>
    findings.map((finding) => ({ check: id, ...finding })),
  )
  const count = (wanted: Outcome) => findings.filter(({ outcome }) => outcome === wanted).length
  const counts = {
    pass: count('pass'),
    warn: count('warn'),
    fail: count('fail'),
    skip: count('skip'),
  }
  return { ok: counts.fail === 0, findings, counts }
}

const SIGNS: Readonly<Record<Outcome, string>> = { pass: '✓', warn: '!', fail: '✗', skip: '–' }

const MEND_FORMS: readonly (readonly [keyof Mend, string])[] = [
  ['powershell', 'PowerShell'],
  ['sambaTool', 'Samba'],
  ['shell', 'run'],
  ['setting', 'set'],
]

/**
 * One check, for a person.
 *
 * @param result - What came of it.
 * @returns Lines: sign, what was seen, code where it is not well; mends below, indented. '' where there is nothing to check.
 */
export function formatResult({ title, findings }: CheckResult): string {
  return findings
    .filter(({ code }) => code !== 'DOCTOR_NOT_APPLICABLE')
    .map((finding) => formatFinding(finding, title))
    .join('\n')
}

function formatFinding(finding: Finding, title: string): string {
  const { outcome, code, subject, message, mends } = finding
  const said = outcome === 'skip' ? `${title}: ${message}` : message
  const what = subject === undefined || isNamedIn(said, subject) ? said : `${subject}: ${said}`
  const first = `${SIGNS[outcome]} ${printable(what)}${outcome === 'pass' ? '' : ` [${code}]`}`
  // What was not checked waits for another check's mend, which stands there.
  const shown = outcome === 'skip' ? [] : mends
  return [first, ...shown.flatMap(formatMend)].join('\n')
}

/** As a word of its own: the app `iwa` is not named by `iwa.corp.example`. */
function isNamedIn(text: string, subject: string): boolean {
  const around = text.split(subject)
  return around.some((before, at) => {
    const after = around[at + 1]
    if (after === undefined) return false
    return /(?:^|[\s'"(])$/.test(before) && /^(?:$|[\s'",;:)])/.test(after)
  })
}

function formatMend(mend: Mend): string[] {
  const forms = MEND_FORMS.flatMap(([form, name]) => {
    const value = mend[form]
    return value === undefined
      ? []
      : value.split('\n').map((line) => `      ${name}: ${printable(line)}`)
  })
  return [`    mend: ${printable(mend.text)}`, ...forms]
}

/**
 * The last line for a person.
 *
 * @param report - The report.
 * @returns One line.
 */
export function formatSummary({ ok, counts }: DoctorReport): string {
  const { pass, warn, fail, skip } = counts
  const verdict = ok ? (warn > 0 ? 'well, with warnings' : 'all is well') : 'something is broken'
  return `${verdict}: ${pass} passed, ${warn} warned, ${fail} failed, ${skip} not checked`
}
