/** The running lab that the test runner brought up, for suites that need real parts. */

import { readFileSync } from 'node:fs'
import type { LabEnvironment } from '../../docker/lab.ts'

/** Why a suite is left out when there is no lab; node's reporter prints it. */
export const NO_LAB =
  'no lab: npm test starts one where it can, or set SALLYPORT_LAB to its env.json'

/**
 * The lab that SALLYPORT_LAB names.
 *
 * @returns Its environment, or undefined when the variable is not set.
 */
export function sharedLab(): LabEnvironment | undefined {
  const path = process.env['SALLYPORT_LAB']
  if (path === undefined || path === '') return undefined
  return JSON.parse(readFileSync(path, 'utf8')) as LabEnvironment
}
