/**
 * The right to delegate, to every service of the policy: as `sallyport delegation verify` judges it.
 *
 * @module
 */

import { found, type Check, type Finding } from '../check.ts'
import { planDelegation } from '../delegation/plan.ts'
import type { DirectoryWorld } from './world.ts'

/** Names, lists, descriptors. */
export const delegationCheck: Check<DirectoryWorld> = {
  id: 'directory.delegation',
  title: 'the right to delegate',
  needs: ['directory.account'],
  async run(world) {
    const { delegation } = await world.picture()
    if (delegation === undefined || delegation.services.length === 0) {
      return [found('DOCTOR_NOT_APPLICABLE', 'no backend of the policy has a servicePrincipalName')]
    }
    const plan = planDelegation(delegation)
    const steps = [...plan.missing, ...plan.superfluous]
    const troubled = new Set(plan.missing.map(({ subject }) => subject))
    const granted = delegation.services
      .filter(({ spn }) => !troubled.has(spn))
      .map(({ spn, account, classic }): Finding => {
        const way = classic ? 'its own list' : `the list of ${account?.sAMAccountName ?? ''} (RBCD)`
        const message = `${world.account} may delegate to ${spn} by ${way}`
        return found('DOCTOR_DELEGATION_GRANTED', message, { subject: spn })
      })
    const faults = steps.map(({ code, message, subject, mends }) =>
      found(code, message, { subject, mends }),
    )
    return [...granted, ...faults]
  },
}
