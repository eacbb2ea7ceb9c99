/** Runs one case: breaks, asks, looks, mends, asks again. */

import { remoteUser } from '../../docker/demo/proof.ts'
import type { Page } from '../../docker/demo/visitor.ts'
import { pageCode } from '../support/people.ts'
import { runAs, WORKS, type MatrixCase, type Mending, type Server } from './case.ts'
import { consult, type DoctorFinding } from './doctor.ts'
import { hasOwnConnector } from './world/names.ts'
import type { Place } from './world/place.ts'
import { ASIDE, BESIDE, STEADY, type MatrixWorld } from './world/world.ts'

/** What came of a case. */
export interface CaseResult {
  readonly id: string
  readonly name: string
  /** The code on the user's page. */
  readonly code: string
  /** Doctor named the cause. */
  readonly explained: boolean
  /** After the mend the request worked. */
  readonly mended: boolean
  /** Against scripted replies. */
  readonly scripted: boolean
  /** Everything that is not as it should be. */
  readonly faults: readonly string[]
  readonly findings: readonly DoctorFinding[]
  readonly ms: number
}

function verdict(page: Page): string {
  return page.status === 200 ? WORKS : (pageCode(page) ?? `status ${page.status}`)
}

/** A case under way. */
class Run {
  readonly #world: MatrixWorld
  readonly #case: MatrixCase
  readonly #place: Place
  readonly faults: string[] = []
  #server: Server | undefined

  constructor(world: MatrixWorld, one: MatrixCase) {
    this.#world = world
    this.#case = one
    this.#place = world.place(one)
  }

  /** One step; what goes wrong in it is a fault, and the case goes on. */
  async step(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.faults.push(error instanceof Error ? error.message : String(error))
    }
  }

  expect(what: string, seen: unknown, wanted: unknown): void {
    if (seen !== wanted) this.faults.push(`${what}: ${String(seen)}, not ${String(wanted)}`)
  }

  /** The request of the case, as far as it comes. */
  async request(): Promise<string> {
    const { people, user, id } = this.#place
    const page = await people.visit(user, id)
    const seen = verdict(page)
    if (seen !== WORKS) return seen
    if (this.#case.anonymous) return seen
    const who = remoteUser(page).toLowerCase()
    return who.startsWith(`${user.toLowerCase()}@`) ? WORKS : `works for '${who}'`
  }

  async prepare(): Promise<void> {
    const { people, user, id } = this.#place
    this.#server = await this.#case.serve?.(this.#place)
    await this.#case.arrange?.(this.#place)
    if (hasOwnConnector(this.#case))
      await this.#world.startOwn(
        this.#case,
        true,
        this.#case.startsAgain ? undefined : this.#case.startSays,
      )
    const first = this.#case.anonymous
      ? await people.visit(user, id)
      : await people.signIn(user, id)
    if (this.#case.breakIt === undefined) return
    this.expect('before it is broken, the request', verdict(first), WORKS)
    await this.#case.breakIt(this.#place)
    if (this.#case.startsAgain) await this.#world.startOwn(this.#case, true, this.#case.startSays)
  }

  /** Others are not touched. */
  async control(): Promise<void> {
    const { spares } = this.#case
    const elsewhere = hasOwnConnector(this.#case) ? ASIDE : STEADY
    const other = spares === undefined ? elsewhere : BESIDE
    const { people, user, id } = this.#world.place(other)
    await this.flush(user)
    const page = await people.signIn(user, spares === 'app' ? this.#case.id : id)
    this.expect('meanwhile, another user’s request', verdict(page), WORKS)
  }

  /** Waits for what the connector's log is to say. */
  async hear(): Promise<void> {
    if (this.#case.logSays) await this.#place.own.said(this.#case.logSays)
  }

  async flush(name: string): Promise<void> {
    const { gateway, people } = this.#place
    await gateway.ask('POST', '/cache/flush', { user: people.login(name) })
    await gateway.ask('POST', '/cache/flush', { user: name })
  }

  async mend(findings: readonly DoctorFinding[]): Promise<void> {
    const { mend, edits, startsAgain } = this.#case
    const { directory, own, gateway } = this.#place
    if ('row' in mend) {
      own.amendPolicy(printedOf(findings, mend.row, { ...mend, of: ({ setting }) => setting }))
      await own.restart()
    } else {
      if ('printed' in mend) {
        await directory.command(printedOf(findings, mend.printed, { ...mend, of: commandOf }))
        await mend.then?.(this.#place)
      } else {
        const said = JSON.stringify(findings.filter(({ code }) => code === codeOf(mend)))
        if (!mend.says.test(said)) this.faults.push(`doctor's mend says ${said}`)
        await mend.apply?.(this.#place)
      }
      if (edits !== undefined || startsAgain) await this.#world.startOwn(this.#case, false)
    }
    await gateway.ask('POST', '/cache/flush', {})
  }

  /** Where the request worked all the same, doctor tells whether the mend was one. */
  async lookAgain(): Promise<void> {
    if (this.#case.code !== WORKS) return
    const left = (await this.consult()).map(({ code }) => code)
    const still = this.#case.doctor.filter((code) => left.includes(code))
    this.expect('after the mend, doctor', still.join(', '), '')
  }

  async end(): Promise<void> {
    await this.#server?.stop()
  }

  consult(): Promise<readonly DoctorFinding[]> {
    return consult(this.#place, runAs(this.#case))
  }

  get user(): string {
    return this.#place.user
  }
}

function codeOf(mend: Extract<Mending, { says: RegExp }>): string {
  return 'setting' in mend ? mend.setting : mend.advice
}

type PrintedMend = DoctorFinding['mends'][number]

function commandOf({ sambaTool, shell }: PrintedMend): string | undefined {
  return sambaTool ?? shell
}

interface Wanted {
  readonly of: (mend: PrintedMend) => string | undefined
  readonly which?: RegExp
}

/** What doctor prints with a finding: the first such mend, or the first with this in it. */
function printedOf(
  findings: readonly DoctorFinding[],
  code: string,
  { of, which = /./ }: Wanted,
): string {
  const printed = findings
    .filter((finding) => finding.code === code)
    .flatMap(({ mends }) => mends)
    .flatMap((mend) => of(mend) ?? [])
  const chosen = printed.find((each) => which.test(each))
  if (chosen === undefined) throw new Error(`${code} prints no such mend: ${printed.join('; ')}`)
  return chosen
}

/** Runs a case in its world. */
export async function runCase(world: MatrixWorld, one: MatrixCase): Promise<CaseResult> {
  const began = performance.now()
  const run = new Run(world, one)
  let [code, explained, mended] = ['', false, false]
  let findings: readonly DoctorFinding[] = []
  await run.step(async () => {
    await run.prepare()
    await run.flush(run.user)
    code = await run.request()
    run.expect('the request', code, one.code)
    await run.hear()
    await run.control()
  })
  await run.step(async () => {
    findings = await run.consult()
    const codes = new Set(findings.map((finding) => finding.code))
    explained = one.doctor.length > 0 && one.doctor.every((wanted) => codes.has(wanted))
    if (!explained) run.faults.push(`doctor finds ${[...codes].join(', ') || 'nothing'}`)
  })
  await run.step(async () => {
    await run.mend(findings)
    const after = await run.request()
    mended = after === WORKS
    run.expect('after the mend, the request', after, WORKS)
    await run.lookAgain()
  })
  await run.step(() => run.end())
  const { id, name } = one
  const ms = performance.now() - began
  return {
    id,
    name,
    code,
    explained,
    mended,
    scripted: one.scripted ?? false,
    faults: run.faults,
    findings,
    ms,
  }
}
