/**
 * Which checks are to be made, and in which order.
 *
 * @module
 */

import { SallyportError } from '../platform/index.ts'
import type { Check, Finding } from './check.ts'

/** A check with the world that it looks at. */
export interface PlannedCheck {
  readonly id: string
  readonly title: string
  readonly needs: readonly string[]
  /** The app or user that this run of the check is about. */
  readonly subject: string | undefined
  run(signal: AbortSignal): Promise<readonly Finding[]>
}

/**
 * Lays checks before a world.
 *
 * @param checks - In the order in which they are told.
 * @param world - What they look at.
 * @param subject - The app or user, where the same checks are made for several. Absent: for the whole host.
 * @returns The checks, ready to run.
 */
export function planChecks<World>(
  checks: readonly Check<World>[],
  world: World,
  subject?: string,
): readonly PlannedCheck[] {
  return checks.map((check) => ({
    id: check.id,
    title: check.title,
    needs: check.needs,
    subject,
    run: (signal) => check.run(world, signal),
  }))
}

/** Does a name that a person or a check gives mean this check? An area means all of its checks. */
function isMeant(name: string, { id }: PlannedCheck): boolean {
  return id === name || id.startsWith(`${name}.`)
}

/**
 * The checks that one builds on: those of its own subject where there are any, else those of the whole host.
 *
 * @param plan - All checks.
 * @param check - Which.
 * @returns Those it needs, in the plan's order. A need that is not in the plan counts as met.
 */
export function prerequisites(
  plan: readonly PlannedCheck[],
  check: PlannedCheck,
): readonly PlannedCheck[] {
  return check.needs.flatMap((name) => {
    const meant = plan.filter((other) => other !== check && isMeant(name, other))
    const own = meant.filter(({ subject }) => subject === check.subject)
    return own.length > 0 ? own : meant.filter(({ subject }) => subject === undefined)
  })
}

/**
 * Leaves only what was asked for, and what that builds on.
 *
 * @param plan - All checks.
 * @param only - Areas or ids; none means everything.
 * @returns The checks in the plan's order.
 * @throws SallyportError ERR_DOCTOR_ONLY for a name that means no check.
 */
export function selectChecks(
  plan: readonly PlannedCheck[],
  only: readonly string[],
): readonly PlannedCheck[] {
  if (only.length === 0) return plan
  const wanted = new Set<PlannedCheck>()
  const want = (check: PlannedCheck): void => {
    if (wanted.has(check)) return
    wanted.add(check)
    prerequisites(plan, check).forEach(want)
  }
  for (const name of only) {
    const meant = plan.filter((check) => isMeant(name, check))
    if (meant.length === 0) throw unknownCheck(plan, name)
    meant.forEach(want)
  }
  return plan.filter((check) => wanted.has(check))
}

function unknownCheck(plan: readonly PlannedCheck[], name: string): SallyportError {
  const ids = [...new Set(plan.map(({ id }) => id))]
  const areas = [...new Set(ids.map(areaOf))]
  const area = areaOf(name)
  const message = `there is no check or area '${name}' here`
  const needs: Readonly<Record<string, string>> = {
    user: 'Say which user: --user alice@corp.example.',
    directory: 'Checks of the directory need the section kerberos in connector.yaml.',
  }
  const need = areas.includes(area) ? undefined : needs[area]
  if (need !== undefined) return new SallyportError('ERR_DOCTOR_ONLY', message, { mend: need })
  const checks = ids.filter((id) => !areas.includes(area) || areaOf(id) === area)
  return new SallyportError('ERR_DOCTOR_ONLY', message, {
    mend: `Choose an area (${areas.join(', ')}) or a check (${checks.join(', ')}). Checks of users need --user, those of the directory Kerberos.`,
  })
}

/** The part before the dot. */
function areaOf(id: string): string {
  return id.split('.')[0] ?? id
}
