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
  planChecks,
  TUNNEL_CHECKS,
  USER_CHECKS,
  type PlannedCheck,
} from '../doctor/index.ts'
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
 */
export async function planDoctor(
  worlds: DoctorWorlds,
  question: DoctorQuestion,
): Promise<readonly PlannedCheck[]> {
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
    ...planChecks(APP_LIST_CHECKS, appListWorld(worlds, question.app)),
    ...apps.flatMap((app) => planChecks(APP_CHECKS, appWorld(worlds, app), app.id)),
    ...question.user.flatMap((login) => {
      const user = worlds.userOf(login)
      return user ? planChecks(USER_CHECKS, user, login) : []
    }),
  ]
}
