/**
 * The directories beside the connector's own domain: do they let the connector in?
 *
 * @module
 */

import { errorCode, errorText } from '../../platform/index.ts'
import { found, mendsOf, type Check, type Finding } from '../check.ts'
import type { DirectoryWorld, OtherDirectory } from './world.ts'

/** Domains and global catalogs, each by itself: one that is down keeps the users of the others out only where nobody knows whose a login is. */
export const othersCheck: Check<DirectoryWorld> = {
  id: 'directory.others',
  title: 'sign-in to the other directories',
  needs: ['directory.ticket'],
  async run(world, signal) {
    const others = await world.others()
    if (others.length > 0) return Promise.all(others.map((each) => look(each, signal)))
    return [found('DOCTOR_NOT_APPLICABLE', 'connector.yaml has no directory but the own domain')]
  },
}

async function look(other: OtherDirectory, signal: AbortSignal): Promise<Finding> {
  const { serves } = other
  const subject = serves
  try {
    await other.check(signal)
    return found('DOCTOR_OTHER_DIRECTORY_GOOD', `${serves}: lets the connector in`, { subject })
  } catch (error) {
    const message = `${serves}: ${errorCode(error)}: ${errorText(error)}`
    return found('DOCTOR_OTHER_DIRECTORY_FAILED', message, { subject, mends: mendsOf(error) })
  }
}
