/**
 * Which checks doctor makes, in which order.
 *
 * @module
 */

import {
  APP_CHECKS,
  APP_LIST_CHECKS,
  DIRECTORY_CHECKS,
  HOST_CHECKS,
  ISSUER_CHECKS,
  planChecks,
  selectChecks,
  TUNNEL_CHECKS,
  USER_CHECKS,
  type PlannedCheck,
} from '../doctor/index.ts'
import { SallyportError } from '../platform/index.ts'
import { appListWorld, appWorld } from './doctor-apps.ts'
import type { DoctorWorlds } from './doctor-world.ts'

/** What the administrator asked about. */
export interface DoctorQuestion {
  /** Ids of apps; none: all. */
  readonly app: readonly string[]
  /** Logins. */
  readonly user: readonly string[]
}

/**
 * Lays the checks before their worlds. Asks the gateway for the apps; where it does not tell them, no app can be looked at.
 *
 * @param worlds - What is looked at.
 * @param question - What the administrator asked about.
 * @returns Every check.
 * @throws SallyportError ERR_CLI_USAGE when a user is asked about and the configuration has no Kerberos.
 */
export async function planDoctor(
  worlds: DoctorWorlds,
  question: DoctorQuestion,
): Promise<readonly PlannedCheck[]> {
  checkUsers(worlds, question)
  const told = await worlds.tunnel.ask().then(
    ({ apps }) => apps,
    // The checks of the tunnel say why.
    () => [],
  )
  const apps = told.filter(({ id }) => question.app.length === 0 || question.app.includes(id))
  return [
    ...planChecks(HOST_CHECKS, worlds.host),
    ...planChecks(TUNNEL_CHECKS, worlds.tunnel),
    ...(worlds.directory ? planChecks(DIRECTORY_CHECKS, worlds.directory) : []),
    ...planChecks(ISSUER_CHECKS, worlds.issuer),
    ...planChecks(APP_LIST_CHECKS, appListWorld(worlds, question.app)),
    ...apps.flatMap((app) => planChecks(APP_CHECKS, appWorld(worlds, app), app.id)),
    ...question.user.flatMap((login) =>
      planUser(worlds, { login, apps, appsAlone: question.app.length > 0 }),
    ),
  ]
}

function planUser(
  worlds: DoctorWorlds,
  question: Parameters<DoctorWorlds['userOf']>[0],
): readonly PlannedCheck[] {
  const user = worlds.userOf(question)
  return user === undefined ? [] : planChecks(USER_CHECKS, user, question.login)
}

function checkUsers(worlds: DoctorWorlds, { user: [login] }: DoctorQuestion): void {
  if (login === undefined || worlds.directory !== undefined) return
  const { configPath } = worlds.sources
  const message = `--user ${login}: ${configPath} has no Kerberos, so that nobody is acted for`
  const mend = 'Leave --user out, or add the sections kerberos and directory to the file.'
  throw new SallyportError('ERR_CLI_USAGE', message, { mend })
}

/**
 * Leaves only what was asked for, and what that builds on. Where the gateway told no app, checks of apps mean the list of apps, which says why.
 *
 * @param plan - Every check.
 * @param only - Areas or ids; none means everything.
 * @returns The checks in the plan's order.
 * @throws SallyportError ERR_DOCTOR_ONLY for a name that means no check.
 */
export function chosenChecks(
  plan: readonly PlannedCheck[],
  only: readonly string[],
): readonly PlannedCheck[] {
  const isOfApps = (name: string) =>
    APP_CHECKS.some(({ id }) => id === name || id.startsWith(`${name}.`))
  const missing = !plan.some(({ id }) => isOfApps(id))
  return selectChecks(
    plan,
    only.map((name) => (missing && isOfApps(name) ? 'apps' : name)),
  )
}
