/**
 * Which checks doctor makes, in which order.
 *
 * @module
 */

import { HOST_CHECKS, planChecks, TUNNEL_CHECKS, type PlannedCheck } from '../doctor/index.ts'
import type { DoctorWorlds } from './doctor-world.ts'

/**
 * Lays the checks before their worlds.
 *
 * @param worlds - What is looked at.
 * @returns Every check.
 */
export function planDoctor(worlds: DoctorWorlds): readonly PlannedCheck[] {
  return [...planChecks(HOST_CHECKS, worlds.host), ...planChecks(TUNNEL_CHECKS, worlds.tunnel)]
}
