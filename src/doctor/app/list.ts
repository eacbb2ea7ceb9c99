/**
 * The apps that the gateway told, and those that were asked about.
 *
 * @module
 */

import type { AppSettings } from '../../tunnel/index.ts'
import { found, type Check, type Finding } from '../check.ts'

/** What this check may ask. */
export interface AppListWorld {
  /** Rejects when the gateway cannot be asked. */
  told(): Promise<readonly AppSettings[]>
  /** Ids that were asked about; none: all. */
  readonly asked: readonly string[]
  /** The connector's group. */
  group(): Promise<string>
}

function unknown(id: string, group: string, told: readonly string[]): Finding {
  const list = told.join(', ') || 'none'
  const message = `the gateway told no app ${id} for connector group ${group}; it told: ${list}`
  const setting = `connectorGroup: ${group}   # gateway.yaml, app ${id}`
  const text =
    'Correct the id; or put the app into this connector’s group, or a connector into the app’s.'
  return found('DOCTOR_APP_OTHER_GROUP', message, { subject: id, mends: [{ text, setting }] })
}

/** Which apps are there? */
export const listCheck: Check<AppListWorld> = {
  id: 'apps.told',
  title: 'apps of the connector’s group',
  needs: ['tunnel.probe'],
  async run(world) {
    const ids = (await world.told()).map(({ id }) => id)
    const group = await world.group()
    const missing = world.asked.filter((id) => !ids.includes(id))
    if (missing.length > 0) return missing.map((id) => unknown(id, group, ids))
    if (ids.length > 0) {
      return [found('DOCTOR_APPS_TOLD', `apps of group ${group}: ${ids.join(', ')}`)]
    }
    const setting = `connectorGroup: ${group}   # gateway.yaml, each app of this connector`
    const mends = [{ text: 'Give the group its apps.', setting }]
    return [found('DOCTOR_APPS_NONE', `group ${group} has no apps`, { mends })]
  },
}
