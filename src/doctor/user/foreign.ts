/**
 * Users of another realm for whom no KDC lets the connector act: what is left to them, a sign-in with a ticket of their own.
 *
 * @module
 */

import type { DirectoryAccount } from '../../directory/index.ts'
import { errorCode, errorText, sameName } from '../../platform/index.ts'
import { found, type Finding, type Mend } from '../check.ts'
import type { UserWorld } from './world.ts'

const REFUSAL = 'ERR_KRB_FOREIGN_USER'

/**
 * Whether the policy lets a user sign in with a ticket of the user's own.
 *
 * @param world - Its policy.
 * @param account - The user's.
 * @returns True when the realm is listed under frontEndKerberos.
 */
export function takesOwnTicket({ frontEnd }: UserWorld, account: DirectoryAccount): boolean {
  return frontEnd?.realms.some((realm) => sameName(realm, account.realm)) === true
}

/**
 * Whether S4U2Self is refused because the user is of another realm.
 *
 * @param world - Whose.
 * @param signal - Gives up.
 * @returns True for that refusal alone.
 */
export async function isForeign(world: UserWorld, signal: AbortSignal): Promise<boolean> {
  try {
    await world.evidence(signal)
    return false
  } catch (error) {
    return errorCode(error) === REFUSAL
  }
}

/**
 * What works for such a user, and what does not.
 *
 * @param world - Whose.
 * @param account - The user's.
 * @param error - The refusal.
 * @returns The finding; undefined for any other refusal.
 */
export function foreignFinding(
  world: UserWorld,
  account: DirectoryAccount,
  error: unknown,
): Finding | undefined {
  if (errorCode(error) !== REFUSAL) return undefined
  const name = `${account.sAMAccountName}@${account.realm}`
  const refused = `no ticket in the name of ${name}, so a sign-in at the OpenID provider does not help this user: ${REFUSAL}: ${errorText(error)}`
  if (takesOwnTicket(world, account)) {
    const services = world.frontEnd?.services.join(', ') ?? ''
    const message = `${refused}. What works is a sign-in with a ticket of the user’s own, at ${services}`
    return found('DOCTOR_USER_OWN_TICKET', message)
  }
  const message = `${refused}. A sign-in with a ticket of the user’s own would work, but the policy takes none of ${account.realm}`
  return found('DOCTOR_USER_FOREIGN', message, { mends: mendsFor(world, account) })
}

function mendsFor({ frontEnd, realm: own }: UserWorld, account: DirectoryAccount): readonly Mend[] {
  const { realms = [own], services = ['HTTP/<external host>'] } = frontEnd ?? {}
  const lists = `services: [${services.join(', ')}], realms: [${[...realms, account.realm].join(', ')}]`
  return [
    {
      text: 'Let users of that realm sign in with tickets of their own: in the policy, and at the app in gateway.yaml (native-notes/front-end-kerberos.md).',
      setting: `frontEndKerberos: { ${lists} }   # policy.yaml`,
    },
    { text: `Or give the user an account in ${own}.` },
  ]
}

/**
 * Why there are no tickets to look at.
 *
 * @param world - Whose.
 * @returns That there is nothing to check.
 */
export function ownTicketAlone({ login }: UserWorld): Finding {
  const message = `only a ticket that ${login} presents is delegated; directory.delegation says to where`
  return found('DOCTOR_NOT_APPLICABLE', message)
}
