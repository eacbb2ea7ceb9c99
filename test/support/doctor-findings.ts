/** What doctor's checks find in a world that a test made up, and what backends answer in it. */

import type { BackendAnswer } from '../../src/doctor/backend.ts'
import { runChecks, type Finding, type PlannedCheck } from '../../src/doctor/index.ts'
import { encodeKrbError } from '../../src/kerberos/messages/index.ts'
import { SallyportError, type Clock } from '../../src/platform/index.ts'

/** Findings of a run. */
export interface Findings {
  readonly findings: readonly Finding[]
  /** Codes of all of them. */
  readonly all: readonly string[]
  /** Warnings and failures. */
  readonly unwell: readonly Finding[]
  /** Their codes, with commas between them. */
  readonly codes: string
}

/** Runs a plan, one check after the other. */
export async function findingsOf(plan: readonly PlannedCheck[], clock: Clock): Promise<Findings> {
  const results = await runChecks(plan, { checkMs: 1000, concurrent: 1 }, { clock })
  const findings = results.flatMap((result) => result.findings)
  const unwell = findings.filter(({ outcome }) => outcome === 'warn' || outcome === 'fail')
  return {
    findings,
    all: findings.map(({ code }) => code),
    unwell,
    codes: unwell.map(({ code }) => code).join(),
  }
}

/** A port of a world that fails. */
export const fails = (code: string) => (): Promise<never> =>
  Promise.reject(new SallyportError(code, 'why', { mend: 'do' }))

/** An answer of a backend. */
export function answer(status: number, fields: Record<string, string[]> = {}): BackendAnswer {
  return { status, field: (name) => fields[name] ?? [] }
}

/** An answer that wants a sign-in. */
export const challenge = (...values: string[]): BackendAnswer =>
  answer(401, { 'www-authenticate': values })

/** A KRB-ERROR as some acceptors send it: bare, in Base64. */
export function krbError(errorCode: number): string {
  const sname = { nameType: 2, nameString: ['HTTP', 'iwa.corp.example'] }
  const error = { stimeMs: 0, susec: 0, errorCode, realm: 'CORP.EXAMPLE', sname }
  return Buffer.from(encodeKrbError(error)).toString('base64')
}
