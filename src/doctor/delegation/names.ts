/**
 * What is wrong with the names: a service's name that nobody has, or several; a connector without a name of its own.
 *
 * @module
 */

import { parseSpn, type AccountSettings } from '../../directory/index.ts'
import { accountCommands } from '../commands.ts'
import type { ServiceState } from './state.ts'
import { mendBy, type PlanStep } from './step.ts'

/**
 * What is wrong with a service's name.
 *
 * @param service - Which.
 * @returns The step; undefined when exactly one account has the name.
 */
export function nameStep(service: ServiceState): PlanStep | undefined {
  const { spn, holders, elsewhere } = service
  const found = holders.exact.length > 0 ? holders.exact : holders.byAlias
  if (found.length > 1) return duplicate(service, found)
  if (found.length === 1) return elsewhere.length > 0 ? alsoElsewhere(service, found) : undefined
  if (elsewhere.length > 0) {
    const places = elsewhere.map(({ distinguishedName }) => distinguishedName).join('; ')
    const message = `no account of this domain has ${spn}, but ${places} of the forest has; there only resource-based delegation helps, granted in that domain`
    return { code: 'DOCTOR_SPN_ELSEWHERE', message, subject: spn, mends: [] }
  }
  return missing(service)
}

function missing({ spn, holders, candidates }: ServiceState): PlanStep {
  const alias =
    holders.alias === undefined ? '' : `, nor ${holders.alias}, which would stand for it`
  const near = candidates.map(({ sAMAccountName }) => sAMAccountName)
  const told = near.length === 0 ? '' : `; it may have been meant for ${near.join(' or ')}`
  return {
    code: 'DOCTOR_SPN_MISSING',
    message: `no account has the service principal name ${spn}${alias}${told}`,
    subject: spn,
    mends: candidates.map((account) =>
      mendBy(
        `If the application runs as ${account.sAMAccountName}: give that account the name.`,
        accountCommands.addSpn(account, spn),
      ),
    ),
  }
}

/** KDCs answer 7 to a name that several accounts have (MS-KILE 3.3.5.1). */
function duplicate({ spn }: ServiceState, found: readonly AccountSettings[]): PlanStep {
  const names = found.map(({ sAMAccountName }) => sAMAccountName)
  const [keep, ...others] = [...found].sort((a, b) => fitness(b, spn) - fitness(a, spn))
  const keeps = keep?.sAMAccountName ?? ''
  const mends = [...others, ...(keep ? [keep] : [])].map((account) => {
    const takes = `take the name from ${account.sAMAccountName}`
    const who = account === keep ? `not as ${keeps}` : `as ${keeps}`
    const written = account.servicePrincipalNames.find(
      (name) => name.toLowerCase() === spn.toLowerCase(),
    )
    return mendBy(
      `If the application runs ${who}: ${takes}.`,
      accountCommands.removeSpn(account, written ?? spn),
    )
  })
  return {
    code: 'DOCTOR_SPN_DUPLICATE',
    message: `${names.length} accounts have ${spn}, so a KDC gives no ticket for it: ${names.join(', ')}`,
    subject: spn,
    mends,
  }
}

/** Share of an account's names that are for this host: an account that has others too got this one by mistake. */
function fitness({ servicePrincipalNames }: AccountSettings, spn: string): number {
  const host = parseSpn(spn)?.host.toLowerCase()
  const own = servicePrincipalNames.filter((name) => parseSpn(name)?.host.toLowerCase() === host)
  return own.length / Math.max(servicePrincipalNames.length, 1)
}

function alsoElsewhere(
  { spn, elsewhere }: ServiceState,
  found: readonly AccountSettings[],
): PlanStep {
  const here = found[0]?.sAMAccountName ?? ''
  const there = elsewhere.map(({ distinguishedName }) => distinguishedName).join('; ')
  return {
    code: 'DOCTOR_SPN_DUPLICATE',
    message: `${spn} is held by ${here} and, in another domain of the forest, by ${there}`,
    subject: spn,
    mends: [],
  }
}

/**
 * A connector needs a name of its own, or a KDC refuses S4U2Self.
 *
 * @param connector - Its account.
 * @returns The step; undefined when it has one.
 */
export function ownNameStep(connector: AccountSettings): PlanStep | undefined {
  if (connector.servicePrincipalNames.length > 0) return undefined
  const name = connector.sAMAccountName
  const label = name.replace(/\$$/, '').toLowerCase()
  const spn = `HOST/${label}.${connector.realm.toLowerCase()}`
  return {
    code: 'DOCTOR_OWN_SPN_MISSING',
    message: `${name} has no service principal name; a KDC gives tickets in users' names (S4U2Self) to services alone`,
    subject: name,
    mends: [mendBy(`Give ${name} a name.`, accountCommands.addSpn(connector, spn))],
  }
}
